# cython: language_level=3
"""Linear PCM on the compiled core; see `phonewire._pure.pcm`."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.math cimport INFINITY, llrint, log10
from libc.stdint cimport int32_t, uint8_t

from phonewire._native.buffers cimport (
    NOGIL_SIZE, Py_buffer, PyBuffer_Release, acquire_read, acquire_write, check_room, overlap, sample_count,
)
from phonewire._native.kernels cimport K, pw_pcm_power, run

from phonewire._native import document
from phonewire._pure.pcm import Level

__all__ = ["Level", "byteswap", "byteswap_into", "gain", "gain_into", "level"]

cdef enum:
    MAX_GAIN_DB = 90


cdef int32_t factor(object gain_db) except -1:
    cdef double db = gain_db
    if not db <= MAX_GAIN_DB:
        raise ValueError(f"gain is at most {MAX_GAIN_DB} dB, got {gain_db!r}")
    return <int32_t>llrint(10.0 ** (db / 20) * 0x10000)


cdef void scale(const void* samples, Py_ssize_t size, int32_t factor, void* out) noexcept:
    if size >= NOGIL_SIZE:
        with nogil:
            K.pcm_gain(<const uint8_t*>samples, size >> 1, factor, <uint8_t*>out)
    else:
        K.pcm_gain(<const uint8_t*>samples, size >> 1, factor, <uint8_t*>out)


cdef void swap(const void* samples, Py_ssize_t size, int32_t _, void* out) noexcept:
    run(K.pcm_byteswap, samples, size >> 1, out, size >= NOGIL_SIZE)


# What `scale` and `swap` have in common: as many samples out as in.
ctypedef void (*change_fn)(const void*, Py_ssize_t, int32_t, void*) noexcept


cdef bytes changed(object samples, change_fn change, int32_t factor):
    cdef Py_buffer source
    acquire_read(samples, &source, True)
    try:
        sample_count(source.len)
        result = PyBytes_FromStringAndSize(NULL, source.len)
        change(source.buf, source.len, factor, PyBytes_AS_STRING(result))
        return result
    finally:
        PyBuffer_Release(&source)


cdef Py_ssize_t change_into(object samples, object out, change_fn change, int32_t factor) except -1:
    cdef Py_buffer source, target
    acquire_read(samples, &source, True)
    try:
        sample_count(source.len)
        acquire_write(out, &target, True)
        try:
            check_room(&target, source.len)
            if overlap(&source, &target):
                copy = PyBytes_FromStringAndSize(<char*>source.buf, source.len)
                change(PyBytes_AS_STRING(copy), source.len, factor, target.buf)
            else:
                change(source.buf, source.len, factor, target.buf)
            return source.len
        finally:
            PyBuffer_Release(&target)
    finally:
        PyBuffer_Release(&source)


def gain(samples, /, gain_db):
    return changed(samples, scale, factor(gain_db))


def gain_into(samples, out, /, gain_db):
    return change_into(samples, out, scale, factor(gain_db))


def byteswap(samples, /):
    return changed(samples, swap, 0)


def byteswap_into(samples, out, /):
    return change_into(samples, out, swap, 0)


cdef pw_pcm_power measure(const void* samples, Py_ssize_t n) noexcept:
    if 2 * n >= NOGIL_SIZE:
        with nogil:
            return K.pcm_measure(<const uint8_t*>samples, n)
    return K.pcm_measure(<const uint8_t*>samples, n)


def level(samples, /):
    cdef Py_buffer source
    cdef pw_pcm_power power
    acquire_read(samples, &source, True)
    try:
        n = sample_count(source.len)
        if n >> 34:
            raise ValueError(f"level takes fewer than {1 << 34} samples, got {n}")
        power = measure(source.buf, n)
    finally:
        PyBuffer_Release(&source)
    # tuple.__new__, because Level's own constructor is a function in Python.
    if power.energy == 0:
        return tuple.__new__(Level, (-INFINITY, -INFINITY))
    mean = <double>power.energy / (<double>n * 2.0 ** 30)
    return tuple.__new__(Level, (10 * log10(mean), 20 * log10(power.peak / 32768.0)))


document(globals())
