# cython: language_level=3
"""G.711 on the compiled core; see `phonewire._pure.g711`."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize

from phonewire._native.buffers cimport (
    NOGIL_SIZE, PY_SSIZE_T_MAX, Py_buffer, PyBuffer_Release,
    acquire_read, acquire_write, check_room, overlap,
)
from phonewire._native.kernels cimport K, convert_fn, run, split

from phonewire._native import document
from phonewire.errors import CodecError

__all__ = [
    "alaw_decode", "alaw_decode_into", "alaw_encode", "alaw_encode_into", "alaw_to_ulaw", "alaw_to_ulaw_into",
    "split_stereo",
    "ulaw_decode", "ulaw_decode_into", "ulaw_encode", "ulaw_encode_into", "ulaw_to_alaw", "ulaw_to_alaw_into",
]


cdef enum:
    CODEWORD = 1
    SAMPLE = 2  # bytes


cdef convert_fn* ulaw_encoder(object compat) except NULL:
    if compat == "itu":
        return K.ulaw_encode
    if compat == "audioop":
        return K.ulaw_encode_audioop
    raise ValueError(f"compat must be 'itu' or 'audioop', got {compat!r}")


cdef inline Py_ssize_t count(Py_buffer* source, Py_ssize_t item_size) except -1:
    if item_size == SAMPLE and source.len & 1:
        raise CodecError(f"samples are 2 bytes each, got {source.len} bytes")
    return source.len // item_size


cdef inline Py_ssize_t total(Py_ssize_t n, Py_ssize_t item_size) except -1:
    if n > PY_SSIZE_T_MAX // item_size:
        raise MemoryError
    return n * item_size


cdef inline bytes convert(object items, Py_ssize_t item_size, Py_ssize_t new_size, convert_fn* kernel):
    cdef Py_buffer source
    acquire_read(items, &source, item_size == SAMPLE)
    try:
        n = count(&source, item_size)
        out = PyBytes_FromStringAndSize(NULL, total(n, new_size))
        run(kernel, source.buf, n, PyBytes_AS_STRING(out), source.len >= NOGIL_SIZE)
        return out
    finally:
        PyBuffer_Release(&source)


cdef inline object convert_into(
    object items, object out, Py_ssize_t item_size, Py_ssize_t new_size, convert_fn* kernel
):
    cdef Py_buffer source, target
    acquire_read(items, &source, item_size == SAMPLE)
    try:
        acquire_write(out, &target, new_size == SAMPLE)
        try:
            n = count(&source, item_size)
            size = total(n, new_size)
            check_room(&target, size)
            if overlap(&source, &target):
                copy = PyBytes_FromStringAndSize(<char*>source.buf, source.len)
                run(kernel, PyBytes_AS_STRING(copy), n, target.buf, False)
            else:
                run(kernel, source.buf, n, target.buf, source.len >= NOGIL_SIZE)
            return size
        finally:
            PyBuffer_Release(&target)
    finally:
        PyBuffer_Release(&source)


def ulaw_encode(samples, /, *, compat="itu"):
    return convert(samples, SAMPLE, CODEWORD, ulaw_encoder(compat))


def ulaw_encode_into(samples, out, /, *, compat="itu"):
    return convert_into(samples, out, SAMPLE, CODEWORD, ulaw_encoder(compat))


def ulaw_decode(codewords, /):
    return convert(codewords, CODEWORD, SAMPLE, K.ulaw_decode)


def ulaw_decode_into(codewords, out, /):
    return convert_into(codewords, out, CODEWORD, SAMPLE, K.ulaw_decode)


def alaw_encode(samples, /):
    return convert(samples, SAMPLE, CODEWORD, K.alaw_encode)


def alaw_encode_into(samples, out, /):
    return convert_into(samples, out, SAMPLE, CODEWORD, K.alaw_encode)


def alaw_decode(codewords, /):
    return convert(codewords, CODEWORD, SAMPLE, K.alaw_decode)


def alaw_decode_into(codewords, out, /):
    return convert_into(codewords, out, CODEWORD, SAMPLE, K.alaw_decode)


def ulaw_to_alaw(codewords, /):
    return convert(codewords, CODEWORD, CODEWORD, K.ulaw_to_alaw)


def ulaw_to_alaw_into(codewords, out, /):
    return convert_into(codewords, out, CODEWORD, CODEWORD, K.ulaw_to_alaw)


def alaw_to_ulaw(codewords, /):
    return convert(codewords, CODEWORD, CODEWORD, K.alaw_to_ulaw)


def alaw_to_ulaw_into(codewords, out, /):
    return convert_into(codewords, out, CODEWORD, CODEWORD, K.alaw_to_ulaw)


def split_stereo(codewords, /):
    cdef Py_buffer source
    acquire_read(codewords, &source, False)
    try:
        if source.len & 1:
            raise CodecError(f"stereo has 2 bytes for each pair of codewords, got {source.len} bytes")
        n = source.len >> 1
        first, second = PyBytes_FromStringAndSize(NULL, n), PyBytes_FromStringAndSize(NULL, n)
        split(source.buf, n, PyBytes_AS_STRING(first), PyBytes_AS_STRING(second), source.len >= NOGIL_SIZE)
        return first, second
    finally:
        PyBuffer_Release(&source)


document(globals())
