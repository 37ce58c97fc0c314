# cython: language_level=3
"""Media payloads on the compiled core; see `phonewire._pure.payload`."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cython cimport auto_pickle, final
from libc.string cimport memcpy

from phonewire._native.b64 cimport checked, text_size
from phonewire._native.buffers cimport NOGIL_SIZE, PY_SSIZE_T_MAX, Py_buffer, PyBuffer_Release, acquire_read
from phonewire._native.kernels cimport K, convert_fn, run

from phonewire._native import document
from phonewire.errors import CodecError

__all__ = ["MessageFramer", "decode_alaw", "decode_ulaw"]


def decode_ulaw(text, /):
    return checked(text, K.ulaw_payload_decode, 2)


def decode_alaw(text, /):
    return checked(text, K.alaw_payload_decode, 2)


@final
@auto_pickle(False)
cdef class MessageFramer:
    """MessageFramer(prefix, suffix, *, codec='ulaw')\n--\n
    Puts audio into JSON messages whose text differs in the payload only.

    Args:
        prefix: the message up to the payload, such as ``b'{"event":"media","media":{"payload":"'``.
        suffix: the message after the payload, such as ``b'"}}'``.
        codec: what the payload carries. "ulaw" and "alaw" compress linear PCM first; None takes bytes as they are.

    Raises:
        TypeError: *prefix* or *suffix* is not bytes.
        ValueError: *codec* is none of the three.
    """
    cdef bytes _prefix, _suffix
    cdef convert_fn* _kernel
    cdef Py_ssize_t _item_size  # bytes of audio in each byte of payload

    # Not __init__: that could be called again while another thread is in _frame.
    def __cinit__(self, prefix, suffix, *, codec="ulaw"):
        for part in (prefix, suffix):
            if type(part) is not bytes:
                raise TypeError(f"prefix and suffix must be bytes, got {type(part).__name__}")
        if codec is not None and codec not in ("ulaw", "alaw"):
            raise ValueError(f"codec must be 'ulaw', 'alaw' or None, got {codec!r}")
        self._prefix, self._suffix = prefix, suffix
        self._item_size = 1 if codec is None else 2
        self._kernel = (
            K.base64_encode if codec is None else
            K.ulaw_payload_encode if codec == "ulaw" else K.alaw_payload_encode
        )

    cdef int _acquire(self, audio, Py_buffer* source) except -1:
        acquire_read(audio, source, self._item_size == 2)
        if source.len % self._item_size:
            size = source.len
            PyBuffer_Release(source)
            raise CodecError(f"samples are 2 bytes each, got {size} bytes")
        return 0

    cdef bytes _frame(self, const char* audio, Py_ssize_t size):
        cdef Py_ssize_t n = size // self._item_size
        cdef Py_ssize_t payload_size = text_size(n)
        cdef Py_ssize_t prefix_size = PyBytes_GET_SIZE(self._prefix)
        cdef Py_ssize_t suffix_size = PyBytes_GET_SIZE(self._suffix)
        message = PyBytes_FromStringAndSize(NULL, prefix_size + payload_size + suffix_size)
        cdef char* out = PyBytes_AS_STRING(message)
        memcpy(out, PyBytes_AS_STRING(self._prefix), prefix_size)
        run(self._kernel, audio, n, out + prefix_size, size >= NOGIL_SIZE)
        memcpy(out + prefix_size + payload_size, PyBytes_AS_STRING(self._suffix), suffix_size)
        return message

    def frame(self, audio, /):
        cdef Py_buffer source
        self._acquire(audio, &source)
        try:
            return self._frame(<const char*>source.buf, source.len)
        finally:
            PyBuffer_Release(&source)

    def frames(self, audio, /, size):
        cdef Py_buffer source
        cdef Py_ssize_t step, count, i
        cdef list messages
        if size < 1 or size % self._item_size:
            raise ValueError(f"size must be positive, and even with a codec, got {size}")
        self._acquire(audio, &source)
        try:
            step = min(size, PY_SSIZE_T_MAX // 2)
            count = source.len // step + (source.len % step != 0)
            messages = [None] * count  # no comprehension: where a list cannot grow, Cython 3.3 drops an item twice
            for i in range(count):
                messages[i] = self._frame(<const char*>source.buf + i * step, min(step, source.len - i * step))
            return messages
        finally:
            PyBuffer_Release(&source)


document(globals())
