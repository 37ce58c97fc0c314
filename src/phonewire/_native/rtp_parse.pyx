# cython: language_level=3
"""RTP headers read by the compiled core; see `phonewire._pure.rtp_parse`."""

from struct import unpack_from

from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_FromStringAndSize
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from cython cimport auto_pickle, final, freelist
from libc.stdint cimport uint8_t

from phonewire._native.buffers cimport Py_buffer, PyBuffer_Release, acquire_read
from phonewire._native.kernels cimport K
from phonewire._native.members cimport PyMemberDef, add_member, put
from phonewire._native.rtp cimport PW_RTP_FIXED_SIZE, PW_RTP_GOOD, pw_rtp_header

from phonewire._native import document
from phonewire._pure import buffers
from phonewire._pure.rtp_parse import malformed, row_type

__all__ = ["RtpPacket", "parse", "parse_batch"]


cdef extern from "Python.h":
    Py_buffer* PyMemoryView_GET_BUFFER(object)


@final
@auto_pickle(False)
@freelist(64)
cdef class RtpPacket:
    """RtpPacket()\n--\n
    An RTP packet as `parse` read it; it cannot be changed.

    Attributes:
        payload_type: 0 to 127 (RFC 3551 names the static ones).
        sequence_number: 0 to 65535; wraps around.
        timestamp: in units of the payload's clock rate, 0 to 2**32 - 1; wraps around.
        ssrc: synchronization source, 0 to 2**32 - 1.
        marker: for audio, whether this is the first packet of a talkspurt.
        csrcs: contributing sources, at most 15.
        extension_profile: the 16 bits that name the header extension's format; None without extension.
        extension: the header extension's data, a multiple of 4 bytes.
        padding_size: bytes of padding after the payload, its count included; 0 to 255.
        payload: a view of the payload, made when first asked for and then kept. It shares the memory of what was
            parsed and keeps that from being resized.

    Source: RFC 3550 section 5.1.
    """
    cdef object _source  # bytes, or a flat memoryview
    cdef object _payload
    cdef pw_rtp_header _header
    # What everyone reads: objects, one after the other, that the interpreter finds by itself (see members.pxd).
    cdef void* _members
    cdef object _payload_type, _sequence_number, _timestamp, _ssrc, _marker

    def __init__(self):
        refuse(RtpPacket)

    def __repr__(self):
        return (
            f"<RtpPacket payload_type={self.payload_type} sequence_number={self.sequence_number}"
            f" timestamp={self.timestamp} ssrc={self.ssrc} marker={self.marker} payload={len(self.payload)} bytes>"
        )

    @property
    def csrcs(self):
        return unpack_from(f"!{self._header.csrc_count}I", self._source, PW_RTP_FIXED_SIZE)

    @property
    def extension_profile(self):
        return self._header.extension_profile if self._header.has_extension else None

    @property
    def extension(self):
        if not self._header.has_extension:
            return b""
        return bytes(self._source[PW_RTP_FIXED_SIZE + 4 * self._header.csrc_count + 4 : self._header.payload_offset])

    @property
    def padding_size(self):
        return self._header.padding_size

    @property
    def payload(self):
        if self._payload is None:
            offset = self._header.payload_offset
            self._payload = memoryview(self._source)[offset : offset + self._header.payload_size]
        return self._payload


cdef RtpPacket shape = RtpPacket.__new__(RtpPacket)
cdef PyMemberDef members[5]
cdef const char** names = [b"payload_type", b"sequence_number", b"timestamp", b"ssrc", b"marker"]
cdef int place
for place in range(5):
    add_member(RtpPacket, &members[place], names[place], <char*>(&shape._members + 1 + place) - <char*><void*>shape)
shape = None


def refuse(cls):
    raise TypeError("packets are made by phonewire.rtp.parse")


put(RtpPacket, "__new__", staticmethod(refuse))  # for C there is still a way to make an empty one


cdef unsigned read_header(object source, pw_rtp_header* header) noexcept:
    if PyBytes_CheckExact(source):
        return K.rtp_parse(<const uint8_t*>PyBytes_AS_STRING(source), PyBytes_GET_SIZE(source), header)
    cdef Py_buffer* view = PyMemoryView_GET_BUFFER(source)
    return K.rtp_parse(<const uint8_t*>view.buf, view.len, header)


def parse(data, /):
    cdef RtpPacket packet = RtpPacket.__new__(RtpPacket)
    cdef pw_rtp_header* header = &packet._header
    packet._source = data if PyBytes_CheckExact(data) else buffers.hold(data)
    if read_header(packet._source, header) != PW_RTP_GOOD:
        raise malformed(header.reason, packet._source, header.payload_offset, header.payload_size)
    packet._payload_type = header.payload_type
    packet._sequence_number = header.sequence_number
    packet._timestamp = header.timestamp
    packet._ssrc = header.ssrc
    packet._marker = header.marker != 0
    return packet


def parse_batch(packets, /):
    cdef Py_buffer source
    cdef tuple items = tuple(packets)  # nobody else can shorten it while a buffer is asked for
    cdef bytearray memory = PyByteArray_FromStringAndSize(NULL, len(items) * sizeof(pw_rtp_header))
    cdef pw_rtp_header* row = <pw_rtp_header*>PyByteArray_AS_STRING(memory)
    import numpy

    for packet in items:
        acquire_read(packet, &source, False)
        K.rtp_parse(<const uint8_t*>source.buf, source.len, row)
        PyBuffer_Release(&source)
        row += 1
    return numpy.ndarray(len(items), row_type(), memory)


document(globals())
