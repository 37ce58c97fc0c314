"""Ends a call that lasts too long, or whose far end has gone quiet.

A far end that answers pings and sends nothing is never dropped by the WebSocket library. Looking once in a while costs
less than a timer that every message sets anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from phonewire.aio.call.call import Call
from phonewire.aio.refusal import Refusal

__all__ = ["Watch"]

_LOOKS = 8  # in the shorter of the two limits, so that it is kept to an eighth
_SLOWEST_S = 5.0


class Watch:
    """Looks after one call until `stop`.

    Args:
        call: the call, which has just started.
        most_s: how long it may last; None for any time.
        idle_s: how long it may bring no media; None for any time.
        end: called once with what the call went over and why; it may end the call.
    """

    def __init__(
        self, call: Call, most_s: float | None, idle_s: float | None, end: Callable[[Call, Refusal, str], None]
    ) -> None:
        self._call = call
        self._most_s = most_s
        self._idle_s = idle_s
        self._end = end
        self._loop = asyncio.get_running_loop()
        self._started_s = self._heard_s = self._loop.time()
        self._frames_in = 0
        self._timer: asyncio.TimerHandle | None = None
        limits = [limit for limit in (most_s, idle_s) if limit is not None]
        if limits:
            self._every_s = min(_SLOWEST_S, *(limit / _LOOKS for limit in limits))
            self._arm()

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        self._timer = self._loop.call_later(self._every_s, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._call.end_reason is not None:
            return
        over = self._over(self._loop.time())
        if over is None:
            self._arm()
        else:
            self._end(self._call, *over)

    def _over(self, now_s: float) -> tuple[Refusal, str] | None:
        if self._most_s is not None and now_s - self._started_s >= self._most_s:
            return Refusal.CALL_TOO_LONG, f"a call lasts at most {self._most_s:g} s"
        frames_in = self._call.stats().frames_in
        if frames_in != self._frames_in or self._call.holding_back:
            self._frames_in, self._heard_s = frames_in, now_s
        if self._idle_s is not None and now_s - self._heard_s >= self._idle_s:
            return Refusal.MEDIA_IDLE, f"no media for {self._idle_s:g} s"
        return None
