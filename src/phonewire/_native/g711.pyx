# cython: language_level=3
"""G.711 on the compiled core; see `phonewire._pure.g711`."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize

from phonewire._native.buffers cimport (
    NOGIL_SIZE, PY_SSIZE_T_MAX, Py_buffer, PyBuffer_Release,
    acquire_read, acquire_write, check_room, overlap,
)
from phonewire._native.kernels cimport K, convert_fn, run

from phonewire._native import document
from phonewire.errors import CodecError

__all__ = [
    "alaw_decode", "alaw_decode_into", "alaw_encode", "alaw_encode_into",
    "ulaw_decode", "ulaw_decode_into", "ulaw_encode", "ulaw_encode_into",
]


cdef Py_ssize_t sample_count(Py_ssize_t size) except -1:
    if size & 1:
        raise CodecError(f"samples are 2 bytes each, got {size} bytes")
    return size >> 1


cdef Py_ssize_t doubled(Py_ssize_t n) except -1:
    if n > PY_SSIZE_T_MAX // 2:
        raise MemoryError
    return 2 * n


cdef convert_fn* ulaw_encoder(object compat) except NULL:
    if compat == "itu":
        return K.ulaw_encode
    if compat == "audioop":
        return K.ulaw_encode_audioop
    raise ValueError(f"compat must be 'itu' or 'audioop', got {compat!r}")


cdef bytes encode(object samples, convert_fn* kernel):
    cdef Py_buffer source
    acquire_read(samples, &source, True)
    try:
        n = sample_count(source.len)
        codewords = PyBytes_FromStringAndSize(NULL, n)
        run(kernel, source.buf, n, PyBytes_AS_STRING(codewords), source.len >= NOGIL_SIZE)
        return codewords
    finally:
        PyBuffer_Release(&source)


cdef bytes decode(object codewords, convert_fn* kernel):
    cdef Py_buffer source
    acquire_read(codewords, &source, False)
    try:
        samples = PyBytes_FromStringAndSize(NULL, doubled(source.len))
        run(kernel, source.buf, source.len, PyBytes_AS_STRING(samples), source.len >= NOGIL_SIZE)
        return samples
    finally:
        PyBuffer_Release(&source)


cdef Py_ssize_t encode_into(object samples, object out, convert_fn* kernel) except -1:
    cdef Py_buffer source, target
    acquire_read(samples, &source, True)
    try:
        acquire_write(out, &target, False)
        try:
            n = sample_count(source.len)
            write(kernel, &source, n, &target, n)
            return n
        finally:
            PyBuffer_Release(&target)
    finally:
        PyBuffer_Release(&source)


cdef Py_ssize_t decode_into(object codewords, object out, convert_fn* kernel) except -1:
    cdef Py_buffer source, target
    acquire_read(codewords, &source, False)
    try:
        acquire_write(out, &target, True)
        try:
            size = doubled(source.len)
            write(kernel, &source, source.len, &target, size)
            return size
        finally:
            PyBuffer_Release(&target)
    finally:
        PyBuffer_Release(&source)


cdef int write(convert_fn* kernel, Py_buffer* source, Py_ssize_t n, Py_buffer* target, Py_ssize_t size) except -1:
    check_room(target, size)
    if overlap(source, target):
        copy = PyBytes_FromStringAndSize(<char*>source.buf, source.len)
        run(kernel, PyBytes_AS_STRING(copy), n, target.buf, False)
    else:
        run(kernel, source.buf, n, target.buf, source.len >= NOGIL_SIZE)
    return 0


def ulaw_encode(samples, /, *, compat="itu"):
    return encode(samples, ulaw_encoder(compat))


def ulaw_encode_into(samples, out, /, *, compat="itu"):
    return encode_into(samples, out, ulaw_encoder(compat))


def ulaw_decode(codewords, /):
    return decode(codewords, K.ulaw_decode)


def ulaw_decode_into(codewords, out, /):
    return decode_into(codewords, out, K.ulaw_decode)


def alaw_encode(samples, /):
    return encode(samples, K.alaw_encode)


def alaw_encode_into(samples, out, /):
    return encode_into(samples, out, K.alaw_encode)


def alaw_decode(codewords, /):
    return decode(codewords, K.alaw_decode)


def alaw_decode_into(codewords, out, /):
    return decode_into(codewords, out, K.alaw_decode)


document(globals())
