# cython: language_level=3
"""Keys' tones, window by window, on the compiled core; see `phonewire._pure.dtmf`."""

from array import array

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cython cimport auto_pickle, final
from libc.stdint cimport uint8_t
from libc.string cimport memcpy

from phonewire._native.buffers cimport NOGIL_SIZE, Py_buffer, PyBuffer_Release, acquire_read, sample_count
from phonewire._native.kernels cimport (
    K, PW_DTMF_HOP, PW_DTMF_WINDOW, pw_dtmf_bank, pw_dtmf_kernels, pw_dtmf_state,
)

from phonewire._native import document
from phonewire._pure.dtmf_bank import bank

__all__ = ["ToneScanner"]

cdef pw_dtmf_bank BANK
packed = array("i", bank().packed()).tobytes()
if len(packed) != sizeof(BANK):
    raise SystemError(f"the bank has {len(packed)} bytes, the compiled core {sizeof(BANK)}")
memcpy(&BANK, PyBytes_AS_STRING(packed), sizeof(BANK))


@final
@auto_pickle(False)
cdef class ToneScanner:
    """ToneScanner()\n--\n
    Finds the pairs of tones that keys send, in one stream of audio at 8 kHz.

    Every 4 ms it looks at the last 16. What it sees there is a key's when the tones of one low and one high frequency
    of ITU-T Q.23, each within 2.5 % of it and at least at -36 dBm0, are 70 % of what is heard, when the high one is at
    most 6 dB above and 10 dB below the low one, and when it has no second harmonic above -13 dB.
    """
    cdef pw_dtmf_kernels _kernels
    cdef pw_dtmf_state _state
    cdef bytes _samples  # of the next window

    def __cinit__(self):
        self._kernels.goertzel, self._kernels.measure = K.goertzel, K.pcm_measure
        self._samples = bytes(2 * (PW_DTMF_WINDOW - PW_DTMF_HOP))

    cdef bytes _scan(self, const void* samples, Py_ssize_t size):
        cdef Py_ssize_t kept = PyBytes_GET_SIZE(self._samples)
        cdef Py_ssize_t n = (sample_count(size) + kept // 2 - PW_DTMF_WINDOW + PW_DTMF_HOP) // PW_DTMF_HOP
        stream = PyBytes_FromStringAndSize(NULL, kept + size)
        memcpy(PyBytes_AS_STRING(stream), PyBytes_AS_STRING(self._samples), kept)
        memcpy(PyBytes_AS_STRING(stream) + kept, samples, size)
        keys = PyBytes_FromStringAndSize(NULL, n)
        self._samples = stream[2 * PW_DTMF_HOP * n:]
        self._run(PyBytes_AS_STRING(stream), n, PyBytes_AS_STRING(keys))
        return keys

    cdef void _run(self, const void* samples, Py_ssize_t n, void* keys) noexcept:
        cdef pw_dtmf_state state = self._state  # another thread may scan meanwhile: it gets nonsense, but harms nobody
        if 2 * PW_DTMF_HOP * n >= NOGIL_SIZE:
            with nogil:
                K.dtmf_scan(&self._kernels, &BANK, &state, <const uint8_t*>samples, n, <uint8_t*>keys)
        else:
            K.dtmf_scan(&self._kernels, &BANK, &state, <const uint8_t*>samples, n, <uint8_t*>keys)
        self._state = state

    def scan(self, samples, /):
        cdef Py_buffer source
        acquire_read(samples, &source, True)
        try:
            return self._scan(source.buf, source.len)
        finally:
            PyBuffer_Release(&source)


document(globals())
