# What mixing shares with interleaving: many buffers in, many out.
from libc.stdint cimport uint8_t

from phonewire._native.buffers cimport Py_buffer
from phonewire._native.kernels cimport gather_fn


cdef class Inputs:
    cdef tuple sources
    cdef Py_buffer* views
    cdef const uint8_t** pointers
    cdef Py_ssize_t count, size

    cdef int _add(self, object source, Py_buffer* view) except -1
    cdef bint overlap(self, Py_buffer* out) noexcept


cdef class Outputs:
    cdef list results
    cdef uint8_t** pointers


cdef Inputs some(object inputs)
cdef bytes gathered(gather_fn* kernel, Inputs source, Py_ssize_t size)
cdef Py_ssize_t gather_into(gather_fn* kernel, Inputs source, Py_ssize_t size, object out) except -1
