"""Redundant audio: RFC 2198. Old payloads ride along with the new one, so that a lost packet can be made good.

A header of 4 bytes for each redundant block, one of 1 byte for the primary, then the data in the same order::

    |1|  block PT   |      timestamp offset     |    block length   |   ...   |0|  block PT   |  data ...
     0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7           0 1 2 3 4 5 6 7
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from phonewire._pure import buffers
from phonewire._pure.rtp_pack import U7, U32, field
from phonewire._pure.rtp_parse import PacketReason
from phonewire._typing import Buffer
from phonewire.errors import PacketError

__all__ = ["Block", "pack", "parse"]

_FOLLOWED = 0x80  # another header follows
_MAX_OFFSET = 0x3FFF  # 14 bits
_MAX_SIZE = 0x3FF  # 10 bits


class Block(NamedTuple):
    """One payload among several.

    Attributes:
        payload_type: 0 to 127, of what the block holds.
        timestamp: 0 to 2**32 - 1; the packet's own for the primary, earlier for redundant blocks.
        payload: bytes as a packet of their own would carry them; at most 1,023 in a redundant block.
    """

    payload_type: int
    timestamp: int
    payload: bytes


def parse(payload: Buffer, /, *, timestamp: int) -> list[Block]:
    """Read a RED payload.

    Args:
        payload: any C-contiguous buffer of bytes.
        timestamp: the packet's.

    Returns:
        The blocks as they are in the packet, redundant ones first; the last is the primary. At least one.

    Raises:
        PacketError: headers or data end too early; the offset is where the missing part begins.
        ValueError: *timestamp* is out of range.
        TypeError: *payload* is no buffer of bytes.
        BufferError: *payload* is not C-contiguous.

    Source: RFC 2198 section 3.
    """
    data = buffers.read(payload, samples=False)
    now = field("timestamp", timestamp, U32)
    headers = []
    offset = 0
    while data[offset : offset + 1] and data[offset] & _FOLLOWED:
        _need(data, offset, 4)
        header = int.from_bytes(data[offset : offset + 4])
        headers.append((header >> 24 & U7, now - (header >> 10 & _MAX_OFFSET) & U32, header & _MAX_SIZE))
        offset += 4
    _need(data, offset, 1)
    primary = data[offset]
    offset += 1
    blocks = []
    for payload_type, block_timestamp, size in headers:
        _need(data, offset, size)
        blocks.append(Block(payload_type, block_timestamp, data[offset : offset + size]))
        offset += size
    return [*blocks, Block(primary, now, data[offset:])]


def _need(data: bytes, offset: int, size: int) -> None:
    remaining = len(data) - offset
    if size > remaining:
        raise PacketError(f"RED needs {size} more bytes, got {remaining}", PacketReason.BAD_REDUNDANCY, offset)


def pack(blocks: Sequence[Block], /) -> bytes:
    """Write a RED payload.

    Args:
        blocks: redundant ones first; the last is the primary, whose timestamp must be the packet's.

    Returns:
        The payload: 4 bytes for each redundant block and 1 for the primary, then their payloads.

    Raises:
        ValueError: there is no block, a payload type is out of range, or a redundant block is longer than 1,023 bytes
            or more than 16,383 timestamp units older than the primary.

    Source: RFC 2198 section 3.
    """
    if not blocks:
        raise ValueError("RED needs a primary block, got none")
    *redundant, primary = blocks
    headers = [_pack_header(block, primary.timestamp) for block in redundant]
    headers.append(bytes([field("payload_type", primary.payload_type, U7)]))
    return b"".join([*headers, *(block.payload for block in blocks)])


def _pack_header(block: Block, now: int) -> bytes:
    payload_type = field("payload_type", block.payload_type, U7)
    age = field("age of a redundant block", now - block.timestamp & U32, _MAX_OFFSET)
    size = field("size of a redundant block", len(block.payload), _MAX_SIZE)
    return (_FOLLOWED << 24 | payload_type << 24 | age << 10 | size).to_bytes(4)
