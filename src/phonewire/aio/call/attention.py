"""Looks at a call's counters once in a while, and tells who reads its events when something is wrong.

Nothing here is done for each frame, and nothing at all before somebody reads events.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from phonewire._bounds import check_above_0
from phonewire.aio.events import NoMedia, PositionDrift, Quality
from phonewire.stats import CallStats

__all__ = ["Attention", "check_no_media"]

_LOOKS = 8  # in the time after which silence is told, so that it is told within an eighth
_SLOWEST_S = 1.0
_DRIFT_MS = 20.0  # less is a message that was under way
_QUALITY_S = 5.0  # what RTCP leaves between two reports (RFC 3550 section 6.2)


def check_no_media(no_media_s: float | None) -> float | None:
    """Return *no_media_s*, or raise ValueError unless it is above 0."""
    check_above_0(no_media_s=no_media_s)
    return no_media_s


class Attention:
    """Watches one call from `begin` to `end`.

    Args:
        stats: returns the call's counters.
        held_back: says whether the far end is made to wait, so that silence means nothing.
        tell: takes `NoMedia`, `Quality` and `PositionDrift`.
        no_media_s: how long the far end may send no audio; None for any time.
    """

    def __init__(
        self,
        stats: Callable[[], CallStats],
        held_back: Callable[[], bool],
        tell: Callable[[object], None],
        no_media_s: float | None,
    ) -> None:
        self._stats = stats
        self._held_back = held_back
        self._tell = tell
        self._no_media_s = no_media_s
        self._every_s = _SLOWEST_S if no_media_s is None else min(_SLOWEST_S, no_media_s / _LOOKS)
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._told = False  # of the silence that goes on
        self._told_drift_ms = 0.0
        self._over = False

    def begin(self) -> None:
        """Look from now on; does nothing when it looks already."""
        if self._timer is None and not self._over:
            self._heard = self._reported = self._stats()
            self._heard_s = self._reported_s = self._loop.time()
            self._arm()

    def end(self) -> None:
        """Look no more."""
        self._over = True
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self) -> None:
        self._timer = self._loop.call_later(self._every_s, self._look)

    def _look(self) -> None:
        now_s, stats = self._loop.time(), self._stats()
        self._look_for_media(stats, now_s)
        if abs(stats.drift_ms - self._told_drift_ms) >= _DRIFT_MS:
            self._told_drift_ms = stats.drift_ms
            self._tell(PositionDrift(stats.drift_ms))
        if now_s - self._reported_s >= _QUALITY_S:
            self._look_for_harm(stats, now_s)
        self._arm()

    def _look_for_media(self, stats: CallStats, now_s: float) -> None:
        if stats.frames_in != self._heard.frames_in or self._held_back():
            self._heard, self._heard_s, self._told = stats, now_s, False
        elif self._no_media_s is not None and now_s - self._heard_s >= self._no_media_s and not self._told:
            self._told = True
            self._tell(NoMedia(round((now_s - self._heard_s) * 1000), _likely_causes(self._heard, stats)))

    def _look_for_harm(self, stats: CallStats, now_s: float) -> None:
        if harm := stats.harm_since(self._reported):
            self._tell(Quality(round((now_s - self._reported_s) * 1000), harm))
        self._reported, self._reported_s = stats, now_s


def _likely_causes(heard: CallStats, now: CallStats) -> tuple[str, ...]:
    rejected = {reason: count - heard.rejected.get(reason, 0) for reason, count in now.rejected.items()}
    most = max(rejected, key=rejected.__getitem__, default="")
    if most and rejected[most]:
        return (f"{rejected[most]} messages were rejected as {most}: the audio is coded or framed otherwise than here",)
    if now.frames_in:
        return (
            "the caller is on hold or muted, and the platform sends no silence",
            "the connection has stalled: nothing comes through, and it is not closed either",
        )
    return (
        "the call is not answered yet, or on hold from its beginning",
        "the platform was asked for the other direction's track only",
        "a proxy lets the connection through, but holds back its messages",
    )
