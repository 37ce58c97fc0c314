# cython: language_level=3
"""Base64 on the compiled core; see `phonewire._pure.b64`."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t
from libc.string cimport memcpy

from phonewire._native.buffers cimport (
    NOGIL_SIZE, PY_SSIZE_T_MAX, Py_buffer, PyBuffer_Release,
    acquire_read, acquire_text, acquire_write, ascii_text, check_room, overlap,
)
from phonewire._native.kernels cimport (
    K, PW_BASE64_VALID, pw_base64_decoded_size, pw_base64_encoded_size, check_fn, run,
)

from phonewire._native import document
from phonewire.errors import InvalidBase64Error

__all__ = ["decode", "decode_into", "decoded_size", "encode", "encode_into", "encoded_size"]


cdef Py_ssize_t text_size(size_t n) except -1:
    if n > <size_t>PY_SSIZE_T_MAX // 4 * 3 - 2:
        raise MemoryError
    return pw_base64_encoded_size(n)


def encoded_size(n, /):
    if n < 0:
        raise ValueError(f"size must not be negative, got {n}")
    return (n + 2) // 3 * 4


def decoded_size(text, /):
    cdef Py_buffer source
    text = ascii_text(text)
    acquire_text(text, &source)
    try:
        if source.len % 4:
            raise invalid(source.len, source.len)
        return pw_base64_decoded_size(<const uint8_t*>source.buf, source.len)
    finally:
        PyBuffer_Release(&source)


def encode(data, /):
    cdef Py_buffer source
    acquire_read(data, &source, False)
    try:
        text = PyBytes_FromStringAndSize(NULL, text_size(source.len))
        run(K.base64_encode, source.buf, source.len, PyBytes_AS_STRING(text), source.len >= NOGIL_SIZE)
        return text
    finally:
        PyBuffer_Release(&source)


def encode_into(data, out, /):
    cdef Py_buffer source, target
    acquire_read(data, &source, False)
    try:
        acquire_write(out, &target, False)
        try:
            size = text_size(source.len)
            check_room(&target, size)
            if overlap(&source, &target):
                copy = PyBytes_FromStringAndSize(<char*>source.buf, source.len)
                run(K.base64_encode, PyBytes_AS_STRING(copy), source.len, target.buf, False)
            else:
                run(K.base64_encode, source.buf, source.len, target.buf, source.len >= NOGIL_SIZE)
            return size
        finally:
            PyBuffer_Release(&target)
    finally:
        PyBuffer_Release(&source)


cdef object invalid(size_t offset, size_t n):
    if offset == n:
        return InvalidBase64Error(f"base64 needs groups of 4 characters, got {n}", offset)
    return InvalidBase64Error(f"bad base64 character at offset {offset} of {n}", offset)


cdef bytes checked(object text, check_fn* kernel, Py_ssize_t item_size):
    """Decode *text* to items of *item_size* bytes."""
    cdef Py_buffer source
    cdef const uint8_t* characters
    cdef uint8_t* out
    cdef size_t bad, n, size
    text = ascii_text(text)
    acquire_text(text, &source)
    try:
        characters, n = <const uint8_t*>source.buf, source.len
        size = pw_base64_decoded_size(characters, n)
        if size > <size_t>PY_SSIZE_T_MAX // 2:
            raise MemoryError
        data = PyBytes_FromStringAndSize(NULL, size * item_size)
        out = <uint8_t*>PyBytes_AS_STRING(data)
        # Only what cannot change meanwhile is decoded without the GIL: the size above depends on the padding.
        if n >= NOGIL_SIZE and source.obj == NULL:
            with nogil:
                bad = kernel(characters, n, out)
        else:
            bad = kernel(characters, n, out)
        if bad != PW_BASE64_VALID:
            raise invalid(bad, n)
        return data
    finally:
        PyBuffer_Release(&source)


def decode(text, /):
    return checked(text, K.base64_decode, 1)


def decode_into(text, out, /):
    cdef Py_buffer target
    cdef bytes data = checked(text, K.base64_decode, 1)
    acquire_write(out, &target, False)
    try:
        check_room(&target, PyBytes_GET_SIZE(data))
        memcpy(target.buf, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))
        return PyBytes_GET_SIZE(data)
    finally:
        PyBuffer_Release(&target)


document(globals())
