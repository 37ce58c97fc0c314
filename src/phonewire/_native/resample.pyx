# cython: language_level=3
"""Conversion between sample rates on the compiled core; see `phonewire._pure.resample`."""

from array import array
from itertools import chain

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cython cimport auto_pickle, final
from libc.stdint cimport uint8_t
from libc.string cimport memcpy

from phonewire._native.buffers cimport (
    NOGIL_SIZE, PY_SSIZE_T_MAX, Py_buffer, PyBuffer_Release, acquire_read, sample_count,
)
from phonewire._native.kernels cimport K, pw_polyphase

from phonewire._native import document
from phonewire._pure.polyphase import polyphase

__all__ = ["Resampler"]


@final
@auto_pickle(False)
cdef class Resampler:
    """Resampler(from_hz, to_hz)\n--\n
    Converts one stream of audio from one sample rate to another.

    N ms in give N ms out, later by a delay that never changes, and the same samples however the stream is cut. What is
    below 0.425 of the lower rate (3.4 kHz of 8 kHz) stays within 0.1 dB; images and aliases are 60 dB down.

    Args:
        from_hz: sample rate of what comes in: 8000, 16000, 24000 or 48000.
        to_hz: sample rate of what goes out, one of the same. The same rate gives the same audio, without delay.

    Attributes:
        delay_ms: of the filter: 4 to or from 8 kHz, 2 between 16 kHz and more, 1.33 between 24 and 48 kHz.

    Raises:
        ValueError: a rate is none of the four.
    """
    cdef readonly double delay_ms
    cdef pw_polyphase _filter  # no taps for equal rates: nothing to do
    cdef bytes _coefficients
    cdef Py_ssize_t _delay_size  # bytes of input
    cdef bytes _history  # the samples before the next one that the filter still needs
    cdef Py_ssize_t _time  # of the next output, from the next sample on, in 1/up of a sample
    cdef bint _begun  # something is still inside the filter

    # Not __init__: that could be called again while another thread is in the kernel.
    def __cinit__(self, from_hz, to_hz):
        up, down, phases, delay_samples = polyphase(from_hz, to_hz)
        self.delay_ms = delay_samples * 1000 / from_hz
        self._coefficients = array("h", chain.from_iterable(phases)).tobytes()
        self._filter.coefficients = <const uint8_t*>PyBytes_AS_STRING(self._coefficients)
        self._filter.taps = len(phases[0]) if phases else 0
        self._filter.up, self._filter.down = up, down
        self._delay_size = 2 * delay_samples
        self._begin()

    cdef int _begin(self) except -1:
        self._history = bytes(2 * max(self._filter.taps, 1) - 2)
        self._time, self._begun = 0, False
        return 0

    cdef Py_ssize_t _end(self, Py_ssize_t n) except -1:
        if n > PY_SSIZE_T_MAX // (2 * <Py_ssize_t>self._filter.up):
            raise MemoryError
        return n * self._filter.up

    cdef bytes _convert(self, const void* samples, Py_ssize_t size):
        cdef Py_ssize_t end = self._end(sample_count(size)), time = self._time, down = self._filter.down
        cdef Py_ssize_t n = (end - time + down - 1) // down if end > time else 0
        cdef Py_ssize_t history_size = PyBytes_GET_SIZE(self._history)
        window = PyBytes_FromStringAndSize(NULL, history_size + size)
        memcpy(PyBytes_AS_STRING(window), PyBytes_AS_STRING(self._history), history_size)
        memcpy(PyBytes_AS_STRING(window) + history_size, samples, size)
        result = PyBytes_FromStringAndSize(NULL, 2 * n)
        # The stream goes on before the kernel runs: it works on a copy, and may do so without the GIL.
        self._history = PyBytes_FromStringAndSize(PyBytes_AS_STRING(window) + size, history_size)
        self._time = time + n * down - end
        self._begun = self._begun or size > 0
        self._run(PyBytes_AS_STRING(window), time, n, PyBytes_AS_STRING(result))
        return result

    cdef void _run(self, const void* window, Py_ssize_t time, Py_ssize_t n, void* out) noexcept:
        if 2 * n >= NOGIL_SIZE:
            with nogil:
                K.resample(&self._filter, <const uint8_t*>window, time, n, <uint8_t*>out)
        else:
            K.resample(&self._filter, <const uint8_t*>window, time, n, <uint8_t*>out)

    def resample(self, samples, /):
        cdef Py_buffer source
        acquire_read(samples, &source, True)
        try:
            if self._filter.taps == 0:
                sample_count(source.len)
                return PyBytes_FromStringAndSize(<char*>source.buf, source.len)
            return self._convert(source.buf, source.len)
        finally:
            PyBuffer_Release(&source)

    def flush(self):
        tail = self.resample(bytes(self._delay_size)) if self._begun else b""
        self._begin()
        return tail


document(globals())
