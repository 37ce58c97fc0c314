# cython: language_level=3
"""RTP packets written by the compiled core; see `phonewire._pure.rtp_pack`."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memcpy, memmove

from phonewire._native.buffers cimport (
    PY_SSIZE_T_MAX, Py_buffer, PyBuffer_Release, acquire_read, acquire_write, check_room,
)
from phonewire._native.kernels cimport K
from phonewire._native.rtp cimport PW_RTP_FIXED_SIZE, pw_rtp_header

from phonewire._native import document
from phonewire._pure.rtp_pack import field, pack_csrcs, pack_extension

__all__ = ["pack", "pack_into"]


cdef extern from "Python.h":
    long long PyLong_AsLongLongAndOverflow(object, int* overflow) except? -1


cdef tuple NO_CSRCS = ()
cdef bytes NOTHING = b""


cdef uint32_t number(str name, object value, uint32_t maximum) except? 0xFFFFFFFF:
    cdef int overflow
    cdef long long result = PyLong_AsLongLongAndOverflow(value, &overflow)
    if overflow or not 0 <= result <= maximum:
        field(name, value, maximum)  # says what is wrong
    return <uint32_t>result


cdef int fill_header(pw_rtp_header* header, payload_type, sequence_number, timestamp, ssrc, marker) except -1:
    header.payload_type = number("payload_type", payload_type, 0x7F)
    header.sequence_number = number("sequence_number", sequence_number, 0xFFFF)
    header.timestamp = number("timestamp", timestamp, 0xFFFFFFFF)
    header.ssrc = number("ssrc", ssrc, 0xFFFFFFFF)
    header.marker = bool(marker)
    header.has_extension = header.csrc_count = 0
    return 0


cdef bytes fill_rest(pw_rtp_header* header, csrcs, extension_profile, extension):
    """Note CSRCs and extension in the header and return them as they follow it."""
    if csrcs is NO_CSRCS and extension_profile is None and extension is NOTHING:
        return NOTHING
    cdef bytes sources = pack_csrcs(csrcs)
    cdef bytes block = pack_extension(extension_profile, extension)
    header.csrc_count = len(sources) // 4
    header.has_extension = len(block) > 0
    return sources + block


cdef Py_ssize_t packet_size(Py_ssize_t rest, Py_ssize_t payload) except -1:
    if payload > PY_SSIZE_T_MAX - PW_RTP_FIXED_SIZE - rest:
        raise MemoryError
    return PW_RTP_FIXED_SIZE + rest + payload


cdef void write(pw_rtp_header* header, bytes rest, const void* payload, Py_ssize_t size, char* out) noexcept:
    # The payload first: it may lie where the header goes.
    memmove(out + PW_RTP_FIXED_SIZE + PyBytes_GET_SIZE(rest), payload, size)
    memcpy(out + PW_RTP_FIXED_SIZE, PyBytes_AS_STRING(rest), PyBytes_GET_SIZE(rest))
    K.rtp_pack(header, <uint8_t*>out)


def pack(
    payload, /, *, payload_type, sequence_number, timestamp, ssrc, marker=False, csrcs=NO_CSRCS,
    extension_profile=None, extension=NOTHING,
):
    cdef Py_buffer source
    cdef pw_rtp_header header
    fill_header(&header, payload_type, sequence_number, timestamp, ssrc, marker)
    cdef bytes rest = fill_rest(&header, csrcs, extension_profile, extension)
    acquire_read(payload, &source, False)
    try:
        packet = PyBytes_FromStringAndSize(NULL, packet_size(PyBytes_GET_SIZE(rest), source.len))
        write(&header, rest, source.buf, source.len, PyBytes_AS_STRING(packet))
        return packet
    finally:
        PyBuffer_Release(&source)


def pack_into(
    out, payload, /, *, payload_type, sequence_number, timestamp, ssrc, marker=False, csrcs=NO_CSRCS,
    extension_profile=None, extension=NOTHING,
):
    cdef Py_buffer source, target
    cdef pw_rtp_header header
    fill_header(&header, payload_type, sequence_number, timestamp, ssrc, marker)
    cdef bytes rest = fill_rest(&header, csrcs, extension_profile, extension)
    acquire_read(payload, &source, False)
    try:
        acquire_write(out, &target, False)
        try:
            size = packet_size(PyBytes_GET_SIZE(rest), source.len)
            check_room(&target, size)
            write(&header, rest, source.buf, source.len, <char*>target.buf)
            return size
        finally:
            PyBuffer_Release(&target)
    finally:
        PyBuffer_Release(&source)


document(globals())
