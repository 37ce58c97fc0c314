"""Header extensions of many elements: RFC 8285.

One-byte form, profile 0xBEDE, with IDs 1 to 14 and 1 to 16 bytes each::

    |  ID   | size-1|  data ...     two-byte form: |      ID       |     size      |  data ...
     0 1 2 3 4 5 6 7                                0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7

Two-byte form, profile 0x1000 to 0x100F, with IDs 1 to 255 and 0 to 255 bytes each. Zero bytes pad between elements and
at the end. What an ID means is agreed in signalling.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from phonewire._pure import buffers
from phonewire._pure.rtp_parse import PacketReason
from phonewire._typing import Buffer
from phonewire.errors import PacketError

__all__ = ["ONE_BYTE_PROFILE", "TWO_BYTE_PROFILE", "Element", "pack", "parse"]

#: Elements with a header of one byte (section 4.2).
ONE_BYTE_PROFILE: Final = 0xBEDE
#: Elements with a header of two (section 4.3); the lowest four bits are the application's.
TWO_BYTE_PROFILE: Final = 0x1000
_APPLICATION_BITS = 0x000F
_STOP_ID = 15  # reserved in the one-byte form: nothing after it is looked at


class Element(NamedTuple):
    """One element of a header extension.

    Attributes:
        local_id: 1 to 14 in the one-byte form, 1 to 255 in the two-byte form.
        data: 1 to 16 bytes in the one-byte form, 0 to 255 in the two-byte form.
    """

    local_id: int
    data: bytes


def parse(extension_profile: int | None, extension: Buffer, /) -> list[Element]:
    """Read the elements of a packet's header extension.

    Args:
        extension_profile: as `RtpPacket` has it.
        extension: as `RtpPacket` has it; any C-contiguous buffer of bytes.

    Returns:
        The elements in order; none where the profile is neither of RFC 8285's two.

    Raises:
        PacketError: an element reaches beyond the extension; the offset is that of the element.
        TypeError: *extension* is no buffer of bytes.
        BufferError: *extension* is not C-contiguous.

    Source: RFC 8285 sections 4.1 to 4.3.
    """
    data = buffers.read(extension, samples=False)
    if extension_profile == ONE_BYTE_PROFILE:
        return _parse_one_byte(data)
    if extension_profile is not None and extension_profile & ~_APPLICATION_BITS == TWO_BYTE_PROFILE:
        return _parse_two_byte(data)
    return []


def _parse_one_byte(data: bytes) -> list[Element]:
    elements = []
    offset = 0
    while offset < len(data):
        local_id, size = data[offset] >> 4, (data[offset] & 15) + 1
        if data[offset] == 0:
            offset += 1
            continue
        if local_id in (0, _STOP_ID):  # padding with a length, or the reserved ID: the rest is to be left alone
            break
        elements.append(_element(data, offset, 1, local_id, size))
        offset += 1 + size
    return elements


def _parse_two_byte(data: bytes) -> list[Element]:
    elements = []
    offset = 0
    while offset < len(data):
        if data[offset] == 0:
            offset += 1
            continue
        size = data[offset + 1] if offset + 1 < len(data) else 0
        elements.append(_element(data, offset, 2, data[offset], size))
        offset += 2 + size
    return elements


def _element(data: bytes, offset: int, header_size: int, local_id: int, size: int) -> Element:
    remaining = len(data) - offset
    if header_size + size > remaining:
        message = f"extension element needs {header_size + size} bytes, got {remaining}"
        raise PacketError(message, PacketReason.BAD_EXTENSION_ELEMENT, offset)
    return Element(local_id, data[offset + header_size : offset + header_size + size])


def pack(elements: Iterable[Element], /, *, two_byte: bool = False) -> tuple[int, bytes]:
    """Write elements as a header extension.

    Args:
        elements: in the order in which they are to be written.
        two_byte: write the two-byte form, which the peer must have agreed to; else the one-byte form.

    Returns:
        ``extension_profile`` and ``extension`` for `pack` of packets, padded to a multiple of 4 bytes.

    Raises:
        ValueError: an ID or a size does not fit the form.

    Source: RFC 8285 sections 4.1 to 4.3.
    """
    pieces = [_pack_two_byte(element) if two_byte else _pack_one_byte(element) for element in elements]
    data = b"".join(pieces)
    return TWO_BYTE_PROFILE if two_byte else ONE_BYTE_PROFILE, data + bytes(-len(data) % 4)


def _pack_one_byte(element: Element) -> bytes:
    local_id, data = element
    if not (1 <= local_id < _STOP_ID and 1 <= len(data) <= 16):
        raise ValueError(f"one-byte form: ID 1 to 14 and 1 to 16 bytes, got ID {local_id} and {len(data)} bytes")
    return bytes([local_id << 4 | len(data) - 1]) + data


def _pack_two_byte(element: Element) -> bytes:
    local_id, data = element
    if not (1 <= local_id <= 255 and len(data) <= 255):
        raise ValueError(f"two-byte form: ID 1 to 255 and 0 to 255 bytes, got ID {local_id} and {len(data)} bytes")
    return bytes([local_id, len(data)]) + data
