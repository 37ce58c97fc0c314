"""Whole frames of audio that comes in pieces of any length."""

from __future__ import annotations

from phonewire._typing import Encoding
from phonewire.wav import SILENCE as WAV_SILENCE

__all__ = ["SILENCE", "Framer"]

#: The byte of silence, by encoding.
SILENCE: dict[Encoding, bytes] = WAV_SILENCE | {"s16be": b"\0"}


class Framer:
    """Cuts audio into frames; what does not fill one waits for the next piece.

    Args:
        frame_size: bytes of a frame.
        encoding: of the audio.
        pad: fill the last frame up with silence; otherwise it is as long as it is.

    Attributes:
        remainder: audio that does not fill a frame yet.
    """

    def __init__(self, frame_size: int, encoding: Encoding, *, pad: bool) -> None:
        self._frame_size = frame_size
        self._padding = SILENCE[encoding] if pad else b""
        self.remainder = b""

    def add(self, piece: bytes) -> list[bytes]:
        """Take a piece and return the frames that it completes."""
        size = self._frame_size
        if len(piece) == size and not self.remainder:
            return [piece]
        audio = self.remainder + piece
        whole = len(audio) - len(audio) % size
        self.remainder = audio[whole:]
        return [audio[start : start + size] for start in range(0, whole, size)]

    def finish(self) -> bytes:
        """Return the last frame, filled up where that is asked for; empty when there is none."""
        last, self.remainder = self.remainder, b""
        return last and last + self._padding * (self._frame_size - len(last))

    def clear(self) -> None:
        """Forget what does not fill a frame yet."""
        self.remainder = b""
