"""One track as a reader wants it: frames of one length, at one sample rate, without gaps."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable

from phonewire._typing import Encoding
from phonewire.aio.events import Discontinuity
from phonewire.aio.outbound.framer import SILENCE, Framer
from phonewire.aio.pacing import PTIME_MS
from phonewire.aio.sample_rate import ChannelResampler, check_rate
from phonewire.aio.timeline import Gap, Timeline
from phonewire.protocols.connection import Media, MediaFormat

__all__ = ["Reframer", "UnbrokenLine", "frame_format"]

_MAX_PTIME_MS = 1000
_NATIVE: Encoding = "s16le" if sys.byteorder == "little" else "s16be"


def frame_format(wire: MediaFormat, ptime_ms: int | None, sample_rate_hz: int | None) -> tuple[MediaFormat, int]:
    """Return how the frames that a reader wants are coded, and how long they are.

    Raises:
        TypeError: *ptime_ms* is no whole number.
        ValueError: *ptime_ms* is not 1 to 1000, or there is no conversion to *sample_rate_hz*.
    """
    ptime_ms = PTIME_MS if ptime_ms is None else operator.index(ptime_ms)
    if not 1 <= ptime_ms <= _MAX_PTIME_MS:
        raise ValueError(f"ptime_ms is 1 to {_MAX_PTIME_MS}, got {ptime_ms}")
    if sample_rate_hz is None or sample_rate_hz == wire.sample_rate_hz:
        return wire, ptime_ms
    check_rate(sample_rate_hz, wire.sample_rate_hz)
    return MediaFormat(_NATIVE, sample_rate_hz, wire.channels), ptime_ms


class UnbrokenLine:
    """Says of each piece of one track how much silence stands for what is missing before it; at most 5 s.

    Args:
        track: whose.
        wire: how audio comes.
    """

    def __init__(self, track: str | None, wire: MediaFormat) -> None:
        self._track = track
        self._wire = wire
        self._timeline = Timeline(wire.sample_rate_hz, [track])
        self._end = 0  # of what has come, on the timeline
        self._next_time = 0  # media time of a piece without a timestamp

    def take(self, media: Media, now_ns: int) -> tuple[int, Gap | None]:
        """Return the sample groups of silence that belong before *media*, and the gap that they are for."""
        length = len(media.payload) // self._wire.group_bytes
        timestamp_ms = media.timestamp_ms
        media_time = self._next_time if timestamp_ms is None else timestamp_ms * self._wire.sample_rate_hz // 1000
        self._next_time = media_time + length
        position, gap = self._timeline.heard(self._track, media_time, length, now_ns)
        silence, self._end = position - self._end, position + length
        return silence, gap


class Reframer:
    """Makes the frames of one track.

    What is missing by the far end's timestamps becomes silence, at most 5 s of it.

    Args:
        track: whose.
        wire: how audio comes.
        wanted: how it is to be coded: as on the wire, or at another rate, in s16.
        ptime_ms: length of a frame.
        report: told of each `Discontinuity`.
    """

    def __init__(
        self,
        track: str | None,
        wire: MediaFormat,
        wanted: MediaFormat,
        ptime_ms: int,
        report: Callable[[Discontinuity], None],
    ) -> None:
        self._track = track
        self._wire = wire
        self._wanted = wanted
        self._ptime_ms = ptime_ms
        self._report = report
        self._framer = Framer(wanted.sample_rate_hz * ptime_ms // 1000 * wanted.group_bytes, wanted.encoding, pad=True)
        self._resampler: ChannelResampler | None = None
        self._silence = SILENCE[wire.encoding] * wire.group_bytes  # one group
        if wanted != wire:
            self._resampler = ChannelResampler(wire.sample_rate_hz, wanted.sample_rate_hz, wire.channels)
            self._silence = bytes(wanted.group_bytes)
        self._line = UnbrokenLine(track, wire)
        self._start_ms: int | None = None  # timestamp of the timeline's beginning
        self._begun_ms: int | None = None  # the same when the frame was begun that is not full yet
        self._frames = 0  # that have been made

    def take(self, media: Media, now_ns: int) -> list[Media]:
        """Take a piece and return the frames that it completes."""
        silence, gap = self._line.take(media, now_ns)
        frames = self._cut(self._silence * silence) if silence else []
        rate_hz = self._wire.sample_rate_hz
        if self._start_ms is None:
            self._start_ms = media.timestamp_ms
        elif gap is not None and gap.is_jump:
            self._start_ms += (gap.missing - gap.filled) * 1000 // rate_hz
            self._report(Discontinuity.of(gap, rate_hz))
        return frames + self._cut(media.payload if self._resampler is None else media.pcm)

    def finish(self) -> list[Media]:
        """Return what has not been returned yet; the last frame is filled up with silence."""
        frames = [] if self._resampler is None else self._made(self._framer.add(self._resampler.flush()))
        last = self._framer.finish()
        return frames + self._made([last] if last else [])

    def _cut(self, audio: bytes) -> list[Media]:
        if not self._framer.remainder:
            self._begun_ms = self._start_ms
        return self._made(self._framer.add(audio if self._resampler is None else self._resampler.resample(audio)))

    def _made(self, payloads: list[bytes]) -> list[Media]:
        frames = []
        for payload in payloads:
            timestamp_ms = None if self._begun_ms is None else self._begun_ms + self._frames * self._ptime_ms
            frames.append(Media(payload, self._track, timestamp_ms, self._wanted))
            self._begun_ms = self._start_ms
            self._frames += 1
        return frames
