# Messages of a known form as the C library has them.
from libc.stdint cimport uint8_t, uint64_t


cdef extern from "payload/match.h" nogil:
    ctypedef struct pw_template:
        const uint8_t* literals
        size_t* sizes
        size_t slots
        size_t payload

    ctypedef struct pw_match:
        const uint8_t* payload
        size_t payload_size
        uint64_t* numbers

    ctypedef bint pw_match_fn(const pw_template*, const uint8_t*, size_t, pw_match*) noexcept
