"""AudioSocket's frames as Asterisk writes and reads them.

Made a second time, of nothing but the definition: what the protocol engine is tested against may not be the engine.

Source: Asterisk, ``res_audiosocket.c``, read 2026-11.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator

__all__ = [
    "DTMF",
    "ERROR",
    "HANGUP",
    "SLIN",
    "UUID",
    "AsteriskFrames",
    "BadFrameError",
    "audio_kind",
    "frame",
    "little_endian",
    "sample_rate_hz",
]

HANGUP, UUID, DTMF, SLIN, ERROR = 0x00, 0x01, 0x03, 0x10, 0xFF

_HEADER_SIZE = 3
_RATES_HZ = (8000, 12_000, 16_000, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000)


class BadFrameError(Exception):
    """A frame after which Asterisk logs an error and hangs up."""


def frame(kind: int, payload: bytes = b"") -> bytes:
    """Return a frame: kind (1 byte), length (2 bytes, big-endian) and payload (0 to 65,535 bytes)."""
    return bytes([kind]) + len(payload).to_bytes(2, "big") + payload


def sample_rate_hz(kind: int) -> int:
    """Return the sample rate of a kind of audio.

    Raises:
        BadFrameError: the kind is none of audio.
    """
    place = kind - SLIN
    if not 0 <= place < len(_RATES_HZ):
        raise BadFrameError(f"kind 0x{kind:02x} is neither audio nor a hangup")
    return _RATES_HZ[place]


def audio_kind(sample_rate_hz: int) -> int:
    """Return the kind of audio of a sample rate.

    Raises:
        ValueError: there is none.
    """
    if sample_rate_hz not in _RATES_HZ:
        raise ValueError(f"AudioSocket has {', '.join(map(str, _RATES_HZ))} Hz, got {sample_rate_hz}")
    return SLIN + _RATES_HZ.index(sample_rate_hz)


def little_endian(samples: bytes) -> bytes:
    """Return s16 samples in native byte order as s16le, or back; half a sample at the end is left out."""
    ordered = array("h", samples[: len(samples) // 2 * 2])
    if sys.byteorder == "big":
        ordered.byteswap()
    return ordered.tobytes()


class AsteriskFrames:
    """What Asterisk reads of a server's stream: audio and the hangup, and nothing else."""

    def __init__(self) -> None:
        self._stream = bytearray()

    @property
    def partial(self) -> bool:
        """Whether a frame has begun that is not whole."""
        return bool(self._stream)

    def read(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Take bytes of the stream; yield each frame that they complete as (kind, payload).

        A hangup counts as soon as its header is there.

        Raises:
            BadFrameError: a kind that Asterisk does not take, or audio without audio; those before it were yielded.
        """
        self._stream += data
        while len(self._stream) >= _HEADER_SIZE:
            kind, end = self._stream[0], _HEADER_SIZE + int.from_bytes(self._stream[1:_HEADER_SIZE], "big")
            if kind != HANGUP:
                sample_rate_hz(kind)  # a kind that is none is seen in the header
                if end == _HEADER_SIZE:
                    raise BadFrameError("a frame of audio is empty")
                if len(self._stream) < end:
                    return
            payload = bytes(self._stream[_HEADER_SIZE:end])
            del self._stream[:end]
            yield kind, payload
