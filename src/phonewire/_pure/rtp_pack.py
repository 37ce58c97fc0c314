"""RTP packets written in plain Python: RFC 3550 section 5.1."""

from __future__ import annotations

from collections.abc import Iterable
from operator import index
from struct import pack as pack_struct

from phonewire._pure import buffers
from phonewire._typing import Buffer

__all__ = ["pack", "pack_into"]

_VERSION = 2
_MAX_CSRCS = 15  # four bits
_MAX_EXTENSION_SIZE = 4 * 0xFFFF  # 16 bits count 32-bit words
_EXTENSION = 0x10  # in the first octet
U7, U16, U32 = 0x7F, 0xFFFF, 0xFFFFFFFF


def field(name: str, value: int, maximum: int) -> int:
    """Return a value that fits its field.

    Raises:
        ValueError: it does not.
        TypeError: it is no integer.
    """
    number = index(value)
    if not 0 <= number <= maximum:
        raise ValueError(f"{name} must be 0 to {maximum}, got {number}")
    return number


def pack_csrcs(csrcs: Iterable[int]) -> bytes:
    """Return the list of contributing sources as it follows the fixed header."""
    numbers = tuple(csrcs)
    if len(numbers) > _MAX_CSRCS:
        raise ValueError(f"a packet has at most {_MAX_CSRCS} csrcs, got {len(numbers)}")
    return pack_struct(f"!{len(numbers)}I", *(field("a csrc", number, U32) for number in numbers))


def pack_extension(extension_profile: int | None, extension: Buffer) -> bytes:
    """Return the header extension as it follows the CSRCs; nothing without a profile."""
    data = buffers.read(extension, samples=False)
    if extension_profile is None:
        if data:
            raise ValueError("an extension needs its extension_profile")
        return b""
    if len(data) % 4 or len(data) > _MAX_EXTENSION_SIZE:
        raise ValueError(f"extension must be a multiple of 4 bytes, at most {_MAX_EXTENSION_SIZE}, got {len(data)}")
    return pack_struct("!HH", field("extension_profile", extension_profile, U16), len(data) // 4) + data


def fixed_header(payload_type: int, sequence_number: int, timestamp: int, ssrc: int, marker: bool) -> bytearray:
    """Return the twelve fixed bytes of a packet without CSRCs and extension."""
    numbers = (
        field("payload_type", payload_type, U7),
        field("sequence_number", sequence_number, U16),
        field("timestamp", timestamp, U32),
        field("ssrc", ssrc, U32),
    )
    header = bytearray(pack_struct("!BBHII", _VERSION << 6, *numbers))
    header[1] |= bool(marker) << 7
    return header


def pack(
    payload: Buffer, /, *, payload_type: int, sequence_number: int, timestamp: int, ssrc: int, marker: bool = False,
    csrcs: Iterable[int] = (), extension_profile: int | None = None, extension: Buffer = b"",
) -> bytes:  # fmt: skip
    """Write an RTP packet.

    Args:
        payload: n bytes; any C-contiguous buffer of bytes.
        payload_type: 0 to 127; not 64 to 95 where RTCP shares the port (RFC 5761).
        sequence_number: 0 to 65535.
        timestamp: 0 to 2**32 - 1, in units of the clock rate.
        ssrc: 0 to 2**32 - 1.
        marker: for audio, whether this is the first packet of a talkspurt.
        csrcs: at most 15 contributing sources, each 0 to 2**32 - 1.
        extension_profile: 0 to 65535, or None for a packet without header extension.
        extension: the header extension's data, a multiple of 4 bytes; any C-contiguous buffer of bytes.

    Returns:
        12 + 4 * len(csrcs) + n bytes, and 4 + len(extension) more with a header extension. There is no padding.

    Raises:
        ValueError: a number is out of its range, or the extension does not fit or has no profile.
        TypeError: a number is no integer, or a buffer is none or not of bytes.
        BufferError: a buffer is not C-contiguous.

    Source: RFC 3550 section 5.1.
    """
    header = fixed_header(payload_type, sequence_number, timestamp, ssrc, marker)
    sources = pack_csrcs(csrcs)
    block = pack_extension(extension_profile, extension)
    header[0] |= (_EXTENSION if block else 0) | len(sources) // 4
    return bytes(header + sources + block + buffers.read(payload, samples=False))


def pack_into(
    out: Buffer, payload: Buffer, /, *, payload_type: int, sequence_number: int, timestamp: int, ssrc: int,
    marker: bool = False, csrcs: Iterable[int] = (), extension_profile: int | None = None, extension: Buffer = b"",
) -> int:  # fmt: skip
    """Write an RTP packet to the caller's buffer.

    Args:
        out: writable C-contiguous buffer of bytes with room for the packet. It may overlap *payload* and *extension*,
            which are read first.
        payload: as for `pack`, as are all others.
        payload_type: 0 to 127.
        sequence_number: 0 to 65535.
        timestamp: 0 to 2**32 - 1.
        ssrc: 0 to 2**32 - 1.
        marker: for audio, whether this is the first packet of a talkspurt.
        csrcs: at most 15.
        extension_profile: 0 to 65535, or None.
        extension: a multiple of 4 bytes.

    Returns:
        Bytes written: what `pack` would return.

    Raises:
        BufferTooSmallError: *out* is smaller than the packet; nothing is written.
        ValueError: as for `pack`; nothing is written.
        TypeError: as for `pack`; nothing is written.
        BufferError: a buffer is not C-contiguous, or *out* is read-only; nothing is written.

    Source: as for `pack`.
    """
    packet = pack(
        payload, payload_type=payload_type, sequence_number=sequence_number, timestamp=timestamp, ssrc=ssrc,
        marker=marker, csrcs=csrcs, extension_profile=extension_profile, extension=extension,
    )  # fmt: skip
    return buffers.write(packet, out, samples=False)
