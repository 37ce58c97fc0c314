"""A call as the monitor sees it: levels, waveform, and what it has counted."""

from __future__ import annotations

import math

import numpy as np

from phonewire import pcm
from phonewire.aio.call.call import Call
from phonewire.aio.monitor.overheard import Overheard
from phonewire.aio.monitor.views import CallView, TrackView
from phonewire.aio.observe.log import escape
from phonewire.stats import CallStats

__all__ = ["WatchedCall", "track_name"]

_NS = 1_000_000_000
_PARTS = 5  # of the waveform between two snapshots


class WatchedCall:
    """A call that can be looked at; it costs nothing until the first `view`, and after `rest`.

    Args:
        key: by which the page names it.
        call: the call.
        now_ns: the present, on the clock of the event loop, as everywhere here.
    """

    def __init__(self, key: int, call: Call, now_ns: int) -> None:
        self.key, self.call = key, call
        self._began_ns = now_ns
        self._overheard: Overheard | None = None
        self._pacing_ms: float | None = None
        self._second: tuple[int, int, float] = (now_ns, 0, 0.0)  # when it began, ticks and their lateness by then

    def view(self, now_ns: int) -> CallView:
        """Return the call as it is, and its audio since the last time."""
        call, stats = self.call, self.call.stats()
        return CallView(
            key=self.key,
            id=escape(call.id),
            protocol=call.protocol,
            peer=escape(call.peer),
            sample_rate_hz=call.media_format.sample_rate_hz,
            seconds=round((now_ns - self._began_ns) / _NS, 1),
            state=call.end_reason or ("paused" if call.holding_back else "open"),
            tracks=self._tracks(now_ns),
            lost_packets=stats.lost_packets,
            concealed_ms=stats.concealed_ms,
            jitter_ms=round(stats.jitter_ms, 1),
            pacing_ms=self._pacing(stats, now_ns),
            queued_ms=stats.queued_ms,
            played_ms=stats.played_ms,
            dropped_ms=stats.dropped_ms,
            rejected=sum(stats.rejected.values()),
        )

    def rest(self) -> None:
        """Overhear it no more, until the next `view`."""
        if self._overheard is not None:
            self._overheard.stop()
            self._overheard = None

    def _tracks(self, now_ns: int) -> list[TrackView]:
        if self._overheard is None:
            self._overheard = Overheard(self.call)
        overheard = self._overheard
        return [_track(name, samples) for name, samples in zip(overheard.tracks, overheard.take(now_ns), strict=True)]

    def _pacing(self, stats: CallStats, now_ns: int) -> float | None:
        """Return how late the ticks of the last whole second were, on average."""
        began_ns, ticks, late_ms = self._second
        if now_ns - began_ns >= _NS:
            more = stats.ticks - ticks
            self._pacing_ms = round((stats.ticks_late_ms - late_ms) / more, 3) if more else None
            self._second = now_ns, stats.ticks, stats.ticks_late_ms
        return self._pacing_ms


def track_name(track: str | None) -> str:
    """Return what the page calls a track."""
    return "heard" if track is None else escape(track)


def _track(track: str | None, samples: bytes) -> TrackView:
    level = pcm.level(samples)
    return TrackView(track_name(track), _dbfs(level.rms_dbfs), _dbfs(level.peak_dbfs), _wave(samples))


def _dbfs(level: float) -> float | None:
    return None if level == -math.inf else round(level, 1)


def _wave(samples: bytes) -> list[int]:
    """Return lowest and highest sample of each part, in turn, as the upper of their two bytes."""
    values = np.frombuffer(samples, np.int16)
    if not len(values):
        return []
    begins = np.arange(_PARTS) * len(values) // _PARTS
    envelope = np.empty(2 * _PARTS, np.int16)
    envelope[0::2] = np.minimum.reduceat(values, begins)
    envelope[1::2] = np.maximum.reduceat(values, begins)
    wave: list[int] = (envelope >> 8).tolist()
    return wave
