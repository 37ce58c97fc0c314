# What a packetizer shares with single packets.
from libc.stdint cimport uint32_t

from phonewire._native.rtp cimport pw_rtp_header


cdef uint32_t number(str name, object value, uint32_t maximum) except? 0xFFFFFFFF
cdef int fill_header(pw_rtp_header* header, payload_type, sequence_number, timestamp, ssrc, marker) except -1
cdef void write(pw_rtp_header* header, bytes rest, const void* payload, Py_ssize_t size, char* out) noexcept
