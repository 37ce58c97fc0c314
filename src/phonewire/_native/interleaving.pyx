# cython: language_level=3
"""Interleaving on the compiled core; see `phonewire._pure.interleaving`."""

from libc.stdint cimport uint8_t

from phonewire._native.buffers cimport NOGIL_SIZE, PY_SSIZE_T_MAX, Py_buffer, PyBuffer_Release, acquire_read
from phonewire._native.kernels cimport K, PW_PCM_MAX_COUNT
from phonewire._native.mixing cimport Inputs, Outputs, gather_into, gathered, some

from phonewire._native import document
from phonewire.errors import CodecError

__all__ = ["deinterleave", "interleave", "interleave_into"]


cdef Py_ssize_t joined_size(Inputs source) except -1:
    if source.size > PY_SSIZE_T_MAX // source.count:
        raise MemoryError
    return source.size * source.count


def interleave(inputs, /):
    source = some(inputs)
    return gathered(K.pcm_interleave, source, joined_size(source))


def interleave_into(inputs, out, /):
    source = some(inputs)
    return gather_into(K.pcm_interleave, source, joined_size(source), out)


cdef list split(Py_buffer* source, Py_ssize_t channels):
    if source.len % (2 * channels):
        raise CodecError(f"audio of {channels} channels is a multiple of {2 * channels} bytes, got {source.len}")
    cdef Outputs target = Outputs(channels, source.len // channels)
    cdef Py_ssize_t n = source.len // (2 * channels)
    if source.len >= NOGIL_SIZE:
        with nogil:
            K.pcm_deinterleave(<const uint8_t*>source.buf, channels, n, target.pointers)
    else:
        K.pcm_deinterleave(<const uint8_t*>source.buf, channels, n, target.pointers)
    return target.results


def deinterleave(samples, /, channels):
    cdef Py_buffer source
    if not 1 <= channels <= PW_PCM_MAX_COUNT:
        raise ValueError(f"channels must be 1 to {PW_PCM_MAX_COUNT}, got {channels}")
    acquire_read(samples, &source, True)
    try:
        return split(&source, channels)
    finally:
        PyBuffer_Release(&source)


document(globals())
