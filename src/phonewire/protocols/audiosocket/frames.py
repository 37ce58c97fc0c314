"""Frames: what AudioSocket's kinds are, and how a stream is cut."""

from __future__ import annotations

from enum import IntEnum
from struct import Struct

from phonewire.errors import LocalProtocolError
from phonewire.protocols.connection import MediaFormat

__all__ = ["FORMATS", "HEADER_SIZE", "KINDS", "MAX_FRAME_SIZE", "FrameReader", "Kind", "pack_frame"]

#: Bytes in front of the payload: the kind, and the length in two.
HEADER_SIZE = 3

_MAX_PAYLOAD_SIZE = 65_535

#: Bytes of the longest frame that the 16 bits of the length can say.
MAX_FRAME_SIZE = HEADER_SIZE + _MAX_PAYLOAD_SIZE

_HEADER = Struct("!BH")


class Kind(IntEnum):
    """The first byte of a frame."""

    HANGUP = 0x00
    UUID = 0x01
    SILENCE = 0x02
    DTMF = 0x03
    SLIN = 0x10
    SLIN12 = 0x11
    SLIN16 = 0x12
    SLIN24 = 0x13
    SLIN32 = 0x14
    SLIN44 = 0x15
    SLIN48 = 0x16
    SLIN96 = 0x17
    SLIN192 = 0x18
    ERROR = 0xFF


_RATES_HZ = (8000, 12_000, 16_000, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000)

#: How audio of each kind is coded.
FORMATS = {Kind(Kind.SLIN + place): MediaFormat("s16le", rate_hz) for place, rate_hz in enumerate(_RATES_HZ)}

#: Which kind carries audio of a format.
KINDS = {media_format: kind for kind, media_format in FORMATS.items()}


def pack_frame(kind: int, payload: bytes, /) -> bytes:
    """Return a frame.

    Args:
        kind: 0 to 255, see `Kind`.
        payload: at most 65,535 bytes.

    Raises:
        LocalProtocolError: the payload is longer.
    """
    if len(payload) > _MAX_PAYLOAD_SIZE:
        raise LocalProtocolError(f"a frame has at most {_MAX_PAYLOAD_SIZE} bytes of payload, got {len(payload)}")
    return _HEADER.pack(kind, len(payload)) + payload


class FrameReader:
    """Cuts a stream into frames, the same ones however it comes in.

    Args:
        max_frame_size: bytes of a frame with its header; what a longer one says is skipped and never kept.
    """

    def __init__(self, max_frame_size: int = MAX_FRAME_SIZE) -> None:
        self._max_frame_size = max_frame_size
        self._partial = bytearray()  # of one frame
        self._frame_size = HEADER_SIZE  # of that frame, as far as is known
        self._to_skip = 0

    @property
    def missing(self) -> int:
        """Bytes that the frame still lacks of which a part has come; 0 between frames."""
        return self._to_skip or (self._frame_size - len(self._partial) if self._partial else 0)

    def read(self, data: bytes) -> list[tuple[int, int, bytes | None]]:
        """Take the next bytes of the stream.

        Returns:
            What they complete: kind, length as declared, and payload, which is None in a frame over the limit.
        """
        if self._partial:
            # Grown in place and cut once it is whole: a stream that comes byte by byte costs no more by the byte.
            self._partial += data
            if len(self._partial) < self._frame_size:
                return []
            data = bytes(self._partial)
            self._partial.clear()
        frames: list[tuple[int, int, bytes | None]] = []
        start, size = self._to_skip, len(data)
        self._frame_size = HEADER_SIZE
        while start + HEADER_SIZE <= size:
            kind, length = _HEADER.unpack_from(data, start)
            end = start + HEADER_SIZE + length
            if end - start > self._max_frame_size:
                frames.append((kind, length, None))
            elif end <= size:
                frames.append((kind, length, data[start + HEADER_SIZE : end]))
            else:
                self._frame_size = end - start
                break
            start = end
        self._to_skip = max(start - size, 0)
        if start < size:
            self._partial += data[start:]
        return frames
