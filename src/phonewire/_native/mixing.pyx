# cython: language_level=3
"""Mixing on the compiled core; see `phonewire._pure.mixing`."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.mem cimport PyMem_Calloc, PyMem_Free
from cython cimport auto_pickle, final
from libc.stdint cimport uint8_t
from libc.string cimport memcpy

from phonewire._native.buffers cimport (
    NOGIL_SIZE, Py_buffer, PyBuffer_Release,
    acquire_read, acquire_write, check_room, overlap, sample_count,
)
from phonewire._native.kernels cimport K, PW_PCM_MAX_COUNT, gather_fn

from phonewire._native import document
from phonewire.errors import CodecError

__all__ = ["mix", "mix_into", "mix_minus"]


@final
@auto_pickle(False)
cdef class Inputs:
    """Buffers of one size, held as long as this object."""

    def __cinit__(self, inputs):
        self.sources = tuple(inputs)
        if len(self.sources) > <Py_ssize_t>PW_PCM_MAX_COUNT:
            raise ValueError(f"at most {PW_PCM_MAX_COUNT} inputs, got {len(self.sources)}")
        self.views = <Py_buffer*>PyMem_Calloc(len(self.sources), sizeof(Py_buffer))
        self.pointers = <const uint8_t**>PyMem_Calloc(len(self.sources), sizeof(uint8_t*))
        if self.views == NULL or self.pointers == NULL:
            raise MemoryError
        for source in self.sources:
            self._add(source, &self.views[self.count])

    cdef int _add(self, object source, Py_buffer* view) except -1:
        acquire_read(source, view, True)
        self.pointers[self.count] = <const uint8_t*>view.buf
        self.count += 1  # from here on __dealloc__ releases it
        sample_count(view.len)
        if self.count == 1:
            self.size = view.len
        elif self.size != view.len:
            raise CodecError(f"inputs must have one size, got {self.size} and {view.len} bytes")
        return 0

    def __dealloc__(self):
        for i in range(self.count):
            PyBuffer_Release(&self.views[i])
        PyMem_Free(self.views)
        PyMem_Free(self.pointers)

    cdef bint overlap(self, Py_buffer* out) noexcept:
        for i in range(self.count):
            if overlap(&self.views[i], out):
                return True
        return False


@final
@auto_pickle(False)
cdef class Outputs:
    """New bytes objects of one size."""

    def __cinit__(self, Py_ssize_t count, Py_ssize_t size):
        self.pointers = <uint8_t**>PyMem_Calloc(count, sizeof(uint8_t*))
        if self.pointers == NULL:
            raise MemoryError
        self.results = [None] * count  # no comprehension: where a list cannot grow, Cython 3.3 drops an item twice
        for i in range(count):
            result = PyBytes_FromStringAndSize(NULL, size)
            self.pointers[i] = <uint8_t*>PyBytes_AS_STRING(result)
            self.results[i] = result

    def __dealloc__(self):
        PyMem_Free(self.pointers)


cdef Inputs some(object inputs):
    source = Inputs(inputs)
    if source.count == 0:
        raise ValueError("at least one input is needed, got 0")
    return source


cdef void gather(gather_fn* kernel, Inputs source, void* out, Py_ssize_t size) noexcept:
    if size >= NOGIL_SIZE:
        with nogil:
            kernel(source.pointers, source.count, source.size >> 1, <uint8_t*>out)
    else:
        kernel(source.pointers, source.count, source.size >> 1, <uint8_t*>out)


cdef bytes gathered(gather_fn* kernel, Inputs source, Py_ssize_t size):
    result = PyBytes_FromStringAndSize(NULL, size)
    gather(kernel, source, PyBytes_AS_STRING(result), size)
    return result


cdef Py_ssize_t gather_into(gather_fn* kernel, Inputs source, Py_ssize_t size, object out) except -1:
    cdef Py_buffer target
    acquire_write(out, &target, True)
    try:
        check_room(&target, size)
        if source.overlap(&target):
            result = gathered(kernel, source, size)
            memcpy(target.buf, PyBytes_AS_STRING(result), size)
        else:
            gather(kernel, source, target.buf, size)
        return size
    finally:
        PyBuffer_Release(&target)


def mix(inputs, /):
    source = some(inputs)
    return gathered(K.pcm_mix, source, source.size)


def mix_into(inputs, out, /):
    source = some(inputs)
    return gather_into(K.pcm_mix, source, source.size, out)


def mix_minus(inputs, /):
    source = Inputs(inputs)
    target = Outputs(source.count, source.size)
    if source.size >= NOGIL_SIZE:
        with nogil:
            K.pcm_mix_minus(source.pointers, source.count, source.size >> 1, target.pointers)
    else:
        K.pcm_mix_minus(source.pointers, source.count, source.size >> 1, target.pointers)
    return target.results


document(globals())
