# cython: language_level=3
"""Audio cut into RTP packets by the compiled core; see `phonewire._pure.rtp_packetizer`."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cython cimport auto_pickle, final
from libc.stdint cimport uint32_t, uint64_t

from phonewire._native.buffers cimport Py_buffer, PyBuffer_Release, acquire_read
from phonewire._native.rtp cimport PW_RTP_FIXED_SIZE, pw_rtp_header
from phonewire._native.rtp_pack cimport fill_header, number, write

from phonewire._native import document

__all__ = ["Packetizer"]


@final
@auto_pickle(False)
cdef class Packetizer:
    """Packetizer(payload_type, *, ssrc, sequence_number, timestamp, samples_per_packet, payload_size)\n--\n
    Cuts audio into RTP packets, numbered and timed by the audio itself.

    Args:
        payload_type: 0 to 127.
        ssrc: 0 to 2**32 - 1, random.
        sequence_number: of the first packet, 0 to 65535, random.
        timestamp: of the first packet, 0 to 2**32 - 1, random.
        samples_per_packet: timestamp units of a packet: 160 for 20 ms at a clock rate of 8 kHz.
        payload_size: bytes of a packet's payload, 1 to 65535: 160 for those 20 ms in G.711.

    Raises:
        ValueError: a number is out of its range.
        TypeError: a number is no integer.

    Attributes:
        sequence_number: of the next packet.
        timestamp: of the next packet.

    Source: RFC 3550 section 5.1, RFC 3551 section 4.1.
    """
    cdef pw_rtp_header _header  # of the next packet
    cdef uint32_t _samples_per_packet
    cdef Py_ssize_t _payload_size
    cdef bytes _carried

    # Not __init__: that could be called again while another thread packetizes.
    def __cinit__(self, payload_type, *, ssrc, sequence_number, timestamp, samples_per_packet, payload_size):
        fill_header(&self._header, payload_type, sequence_number, timestamp, ssrc, False)
        self._samples_per_packet = number("samples_per_packet", samples_per_packet, 0xFFFFFFFF)
        self._payload_size = number("payload_size", payload_size, 0xFFFF)
        if self._payload_size == 0:
            raise ValueError("payload_size must be positive, got 0")
        self._carried = b""

    @property
    def sequence_number(self):
        return self._header.sequence_number

    @property
    def timestamp(self):
        return self._header.timestamp

    def packetize(self, audio, /):
        cdef Py_buffer source
        acquire_read(audio, &source, False)
        try:
            if not self._carried:
                return self._cut(<const char*>source.buf, source.len)
            joined = self._carried + PyBytes_FromStringAndSize(<char*>source.buf, source.len)
            return self._cut(PyBytes_AS_STRING(joined), PyBytes_GET_SIZE(joined))
        finally:
            PyBuffer_Release(&source)

    cdef list _cut(self, const char* audio, Py_ssize_t size):
        cdef pw_rtp_header header = self._header  # nothing moves on before all packets are there
        cdef Py_ssize_t i, step = self._payload_size, count = size // step
        carried = PyBytes_FromStringAndSize(audio + count * step, size - count * step)
        cdef list packets = [None] * count  # no comprehension: where a list cannot grow, Cython 3.3 drops an item twice
        for i in range(count):
            packets[i] = self._packet(&header, audio + i * step, step)
        self._header, self._carried = header, carried
        return packets

    cdef bytes _packet(self, pw_rtp_header* header, const char* payload, Py_ssize_t size):
        packet = PyBytes_FromStringAndSize(NULL, PW_RTP_FIXED_SIZE + size)
        write(header, b"", payload, size, PyBytes_AS_STRING(packet))
        header.sequence_number += 1
        header.timestamp += self._samples_per_packet
        header.marker = False
        return packet

    def flush(self):
        cdef pw_rtp_header header = self._header
        cdef bytes carried = self._carried
        cdef uint64_t share = <uint64_t>self._samples_per_packet * len(carried) // self._payload_size
        if not carried:
            return []
        packet = self._packet(&header, PyBytes_AS_STRING(carried), PyBytes_GET_SIZE(carried))
        header.timestamp = <uint32_t>(self._header.timestamp + share)
        self._header, self._carried = header, b""
        return [packet]

    def skip(self, samples, /):
        if self._carried:
            raise ValueError(f"{len(self._carried)} bytes are carried: flush before silence")
        self._header.timestamp += number("samples", samples, 0xFFFFFFFF)
        self._header.marker = True


document(globals())
