"""RTP headers read in plain Python: RFC 3550 section 5.1."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from functools import cache
from struct import Struct, unpack_from
from typing import TYPE_CHECKING, NamedTuple, final

from phonewire._pure import buffers
from phonewire._typing import Buffer
from phonewire.errors import PacketError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["RtpPacket", "parse", "parse_batch"]

_FIXED = Struct("!BBHII")
_VERSION = 2
_PADDING, _EXTENSION, _CSRC_COUNT = 0x20, 0x10, 0x0F
_MARKER, _PAYLOAD_TYPE = 0x80, 0x7F


class PacketReason(IntEnum):
    """What is wrong with an RTP packet or with the payload formats and extensions that ride in it."""

    GOOD = 0
    SHORT_HEADER = 1  # less than the 12 fixed bytes
    BAD_VERSION = 2  # not 2
    SHORT_CSRCS = 3
    SHORT_EXTENSION = 4
    BAD_PADDING = 5  # the count is 0 or does not fit
    BAD_EXTENSION_ELEMENT = 6  # RFC 8285
    BAD_AUDIO_LEVEL = 7  # RFC 6464
    BAD_TELEPHONE_EVENT = 8  # RFC 4733
    BAD_COMFORT_NOISE = 9  # RFC 3389
    BAD_REDUNDANCY = 10  # RFC 2198


class Header(NamedTuple):
    """What a header says, in the order of a row of `parse_batch`.

    With another reason than GOOD all is 0 but what is wrong: the size that the header needs in ``payload_offset``; for
    bad padding the header's size, the bytes after it in ``payload_size`` and the count in ``padding_size``.
    """

    timestamp: int = 0
    ssrc: int = 0
    sequence_number: int = 0
    extension_profile: int = 0
    payload_type: int = 0
    marker: bool = False
    csrc_count: int = 0
    has_extension: bool = False
    padding_size: int = 0
    reason: int = PacketReason.GOOD
    payload_offset: int = 0
    payload_size: int = 0


def read_header(packet: bytes | memoryview) -> Header:
    """Read the header of a packet; what is wrong with it is the reason of the header."""
    if len(packet) < _FIXED.size:
        return Header(reason=PacketReason.SHORT_HEADER, payload_offset=_FIXED.size)
    first, second, sequence_number, timestamp, ssrc = _FIXED.unpack_from(packet)
    if first >> 6 != _VERSION:
        return Header(reason=PacketReason.BAD_VERSION)
    csrc_count = first & _CSRC_COUNT
    offset = _FIXED.size + 4 * csrc_count
    if offset > len(packet):
        return Header(reason=PacketReason.SHORT_CSRCS, payload_offset=offset)
    profile = words = 0
    if first & _EXTENSION:
        if offset + 4 <= len(packet):
            profile, words = unpack_from("!HH", packet, offset)
        offset += 4 + 4 * words
        if offset > len(packet):
            return Header(reason=PacketReason.SHORT_EXTENSION, payload_offset=offset)
    size = len(packet) - offset
    padding = packet[-1] if first & _PADDING else 0
    if first & _PADDING and not 1 <= padding <= size:
        return Header(
            reason=PacketReason.BAD_PADDING, padding_size=padding, payload_offset=offset, payload_size=size
        )  # fmt: skip
    return Header(
        timestamp, ssrc, sequence_number, profile, second & _PAYLOAD_TYPE, second & _MARKER != 0, csrc_count,
        first & _EXTENSION != 0, padding, PacketReason.GOOD, offset, size - padding,
    )  # fmt: skip


def malformed(reason: int, packet: bytes | memoryview, needed: int, room: int) -> PacketError:
    """Return the error for a packet.

    Args:
        reason: why it is not GOOD.
        packet: all of it.
        needed: bytes that its header takes.
        room: bytes after its header.
    """
    size = len(packet)
    if reason == PacketReason.BAD_VERSION:
        return PacketError(f"RTP version must be {_VERSION}, got {packet[0] >> 6}", PacketReason.BAD_VERSION, 0)
    if reason == PacketReason.BAD_PADDING:
        message = f"RTP padding must be 1 to {room} bytes, got {packet[-1]}"
        return PacketError(message, PacketReason.BAD_PADDING, size - 1)
    return PacketError(f"RTP header needs {needed} bytes, got {size}", PacketReason(reason), size)


@final
class RtpPacket:
    """An RTP packet as `parse` read it; it cannot be changed.

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

    __slots__ = ("_header", "_payload", "_source")

    _source: bytes | memoryview
    _header: Header
    _payload: memoryview | None

    def __new__(cls) -> RtpPacket:
        raise TypeError("packets are made by phonewire.rtp.parse")

    def __repr__(self) -> str:
        return (
            f"<RtpPacket payload_type={self.payload_type} sequence_number={self.sequence_number}"
            f" timestamp={self.timestamp} ssrc={self.ssrc} marker={self.marker} payload={len(self.payload)} bytes>"
        )

    @property
    def payload_type(self) -> int:
        return self._header.payload_type

    @property
    def sequence_number(self) -> int:
        return self._header.sequence_number

    @property
    def timestamp(self) -> int:
        return self._header.timestamp

    @property
    def ssrc(self) -> int:
        return self._header.ssrc

    @property
    def marker(self) -> bool:
        return self._header.marker

    @property
    def csrcs(self) -> tuple[int, ...]:
        return unpack_from(f"!{self._header.csrc_count}I", self._source, _FIXED.size)

    @property
    def extension_profile(self) -> int | None:
        return self._header.extension_profile if self._header.has_extension else None

    @property
    def extension(self) -> bytes:
        if not self._header.has_extension:
            return b""
        return bytes(self._source[_FIXED.size + 4 * self._header.csrc_count + 4 : self._header.payload_offset])

    @property
    def padding_size(self) -> int:
        return self._header.padding_size

    @property
    def payload(self) -> memoryview:
        if self._payload is None:
            offset = self._header.payload_offset
            self._payload = memoryview(self._source)[offset : offset + self._header.payload_size]
        return self._payload


def parse(data: Buffer, /) -> RtpPacket:
    """Read an RTP packet.

    Args:
        data: one whole packet; any C-contiguous buffer of bytes. It is held, not copied, and cannot be resized while
            the packet or its payload lives. (A view whose format names a byte order, as ctypes makes, is copied.)

    Returns:
        The packet. A payload may be empty.

    Raises:
        PacketError: the packet is malformed; ``reason`` is a `PacketReason`.
        TypeError: *data* is no buffer of bytes.
        BufferError: *data* is not C-contiguous.

    Source: RFC 3550 section 5.1; the checks of appendix A.1 that need no state.
    """
    source = buffers.hold(data)
    header = read_header(source)
    if header.reason != PacketReason.GOOD:
        raise malformed(header.reason, source, header.payload_offset, header.payload_size)
    packet = object.__new__(RtpPacket)
    packet._source, packet._header, packet._payload = source, header, None
    return packet


@cache
def row_type() -> np.dtype[np.void]:
    """Return the type of a row: the fields of `Header`, laid out as C lays out ``pw_rtp_header``."""
    import numpy as np

    codes = ["u4", "u4", "u2", "u2", "u1", "?", "u1", "?", "u1", "u1", "uintp", "uintp"]
    return np.dtype(list(zip(Header._fields, codes, strict=True)), align=True)


def parse_batch(packets: Iterable[Buffer], /) -> npt.NDArray[np.void]:
    """Read the headers of many RTP packets; a malformed packet is a row, not an error.

    Args:
        packets: each one whole packet; any C-contiguous buffer of bytes.

    Returns:
        A structured array with a row for each packet: ``timestamp``, ``ssrc``, ``sequence_number``,
        ``extension_profile`` (0 without), ``payload_type``, ``marker``, ``csrc_count``, ``has_extension``,
        ``padding_size``, ``reason`` (a `PacketReason`, 0 where nothing is wrong), ``payload_offset`` and
        ``payload_size`` in bytes. In the row of a malformed packet all else is 0 but what is wrong:
        ``payload_offset`` is the size that its header needs, and with bad padding ``payload_size`` the bytes after
        the header and ``padding_size`` the count.

    Raises:
        TypeError: *packets* cannot be iterated, or one of them is no buffer of bytes.
        BufferError: one of the packets is not C-contiguous.

    Source: as for `parse`.
    """
    import numpy as np

    taken = [*packets]  # which a packet's own __buffer__ cannot change
    return np.array([read_header(buffers.read(packet, samples=False)) for packet in taken], row_type())
