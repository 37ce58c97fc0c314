"""What a leg says, on its way into the mix: whole frames, one for each tick, however it comes.

No input or output, no clock: who calls `next` keeps the time.
"""

from __future__ import annotations

import sys
from collections import deque

from phonewire.aio.outbound.framer import Framer
from phonewire.aio.pacing import PTIME_MS
from phonewire.aio.sample_rate import ChannelResampler
from phonewire.jitter.pauses import Pauses
from phonewire.protocols.connection import Media, MediaFormat
from phonewire.stats import LegStats

__all__ = ["Inlet"]

_PAUSE_TICKS = 5  # without audio: then a leg is silent, and what comes is the beginning of something
_WINDOW_TICKS = 50  # over which the delay is judged


class Inlet:
    """The buffer between one leg and the mixer.

    The first frame waits for one tick more than it would have to, so that what comes up to 20 ms late is in time. What
    comes later than that makes the leg wait as long from then on, until there is a pause to be left out.

    Args:
        wire: how audio comes; one channel.
        rate_hz: that is mixed at.
        buffer_ms: audio that may wait.

    Attributes:
        muted: what is said is taken and not mixed.
    """

    def __init__(self, wire: MediaFormat, rate_hz: int, buffer_ms: int) -> None:
        self._most = max(buffer_ms // PTIME_MS, 2)
        self._most_bytes = self._most * _frame_bytes(wire.sample_rate_hz)  # as they come
        self._resampler: ChannelResampler | None = None
        if wire.sample_rate_hz != rate_hz:
            self._resampler = ChannelResampler(wire.sample_rate_hz, rate_hz, 1)
        self._framer = Framer(_frame_bytes(rate_hz), "s16le", pad=True)
        self._pauses = Pauses(MediaFormat("s16le" if sys.byteorder == "little" else "s16be", rate_hz))
        self._frames: deque[bytes] = deque()
        self._speaking = self._gathering = False
        self._empty_ticks = 0
        self._window = 0  # ticks of it that have passed
        self._least = self._most  # frames that waited at any of them
        self._surplus = 0  # frames that waited all through the last one
        self._mixed = self._missing = self._dropped = self._skipped = 0
        self._ms_per_byte = PTIME_MS / _frame_bytes(wire.sample_rate_hz)
        self._cut_ms = 0.0  # of messages longer than all that may wait
        self.muted = False

    def take(self, media: Media) -> None:
        """Take a piece of what the leg said, of any length; the oldest makes room for it."""
        samples = media.pcm
        if len(samples) > self._most_bytes:
            self._cut_ms += (len(samples) - self._most_bytes) * self._ms_per_byte
            samples = samples[-self._most_bytes :]
        if self._resampler is not None:
            samples = self._resampler.resample(samples)
        self._frames.extend(self._framer.add(samples))
        while len(self._frames) > self._most:
            self._frames.popleft()
            self._dropped += 1

    def next(self) -> bytes | None:
        """Return the frame that is due; None when there is none to be mixed."""
        if not self._is_due():
            return None
        frame = self._frames.popleft()
        if self._surplus and self._frames and self._pauses.has(frame):
            frame = self._frames.popleft()
            self._surplus -= 1
            self._skipped += 1
        self._judge_delay()
        if self.muted:
            return None
        self._mixed += 1
        return frame

    def _is_due(self) -> bool:
        """Whether there is a frame, and the leg has begun to speak."""
        if not self._speaking:
            self._speaking = len(self._frames) > 1 or self._gathering
            self._gathering = not self._speaking and bool(self._frames)
            return self._speaking
        if self._frames:
            self._missing += self._empty_ticks
            self._empty_ticks = 0
            return True
        self._empty_ticks += 1
        if self._empty_ticks == _PAUSE_TICKS:
            self._speaking, self._empty_ticks = False, 0
        return False

    def _judge_delay(self) -> None:
        """Find out how many frames have waited for nothing; one that waits is the reserve."""
        self._least = min(self._least, len(self._frames))
        self._window += 1
        if self._window == _WINDOW_TICKS:
            self._surplus = max(self._least - 1, 0)
            self._window, self._least = 0, self._most

    def stats(self) -> LegStats:
        """Return what has been counted so far."""
        return LegStats(
            mixed_ms=self._mixed * PTIME_MS,
            missing_ms=self._missing * PTIME_MS,
            dropped_ms=self._dropped * PTIME_MS + round(self._cut_ms),
            skipped_ms=self._skipped * PTIME_MS,
            waiting_ms=len(self._frames) * PTIME_MS,
        )


def _frame_bytes(rate_hz: int) -> int:
    return 2 * rate_hz * PTIME_MS // 1000
