"""What a phone says, in frames of 20 ms: speech, and silence where there is none."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator

from phonewire import pcm

__all__ = ["Microphone", "every_20_ms", "mix"]

_PTIME_S = 0.020


class Microphone:
    """Speech that waits to be said.

    Args:
        sample_rate_hz: of the s16 samples.
        longest_s: of speech that waits; the oldest of more is lost.
    """

    def __init__(self, sample_rate_hz: int, *, longest_s: float = math.inf) -> None:
        self.silence = bytes(2 * sample_rate_hz // 50)
        self._most_bytes = 2 * sample_rate_hz * longest_s
        self._waiting = bytearray()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def speak(self, samples: bytes) -> None:
        """Append speech: bytes of whole samples, as the wire has them."""
        self._waiting += samples
        if len(self._waiting) > self._most_bytes:
            del self._waiting[: len(self._waiting) - int(self._most_bytes)]

    def frame(self) -> bytes:
        """Return the next frame, filled up with silence."""
        size = len(self.silence)
        frame = bytes(self._waiting[:size])
        del self._waiting[:size]
        return frame + self.silence[len(frame) :]


def mix(frames: list[bytes], silence: bytes) -> bytes:
    """Return the sum of frames of one length, clipped to 16 bits; *silence* where there are none."""
    return pcm.mix(frames) if frames else silence


async def every_20_ms() -> AsyncIterator[None]:
    """Yield now and every 20 ms, on absolute deadlines, so that nothing adds up."""
    loop = asyncio.get_running_loop()
    began_s, frames = loop.time(), 0
    while True:
        yield
        frames += 1
        await asyncio.sleep(max(began_s + frames * _PTIME_S - loop.time(), 0))
