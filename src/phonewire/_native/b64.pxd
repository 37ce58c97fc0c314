# What media payloads share with plain base64.
from phonewire._native.kernels cimport check_fn


cdef Py_ssize_t text_size(size_t n) except -1
cdef bytes checked(object text, check_fn* kernel, Py_ssize_t item_size)
