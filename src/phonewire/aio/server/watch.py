"""Ends a call that lasts too long, or whose far end has gone quiet.

A far end that answers pings and sends nothing is never dropped by the WebSocket library. Where it need not send, a ping
is all that tells it from one that is gone. Looking once in a while costs less than a timer that each message sets anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from phonewire.aio.call.call import Call
from phonewire.aio.refusal import Refusal

__all__ = ["Cut", "Watch"]

#: Ends a call that went over a limit, and says why.
Cut = Callable[[Call, Refusal, str], None]

_LOOKS = 8  # in the shorter of the two limits, so that it is kept to an eighth
_SLOWEST_S = 5.0


class Watch:
    """Looks after one call until `stop`.

    Args:
        call: the call, which has just started.
        most_s: how long it may last; None for any time.
        idle_s: how long it may bring no media, or leave the question unanswered; None for any time.
        end: called once with what the call went over and why; it may end the call.
        ask: asks a far end that need not send whether it is there; None where it has to send.
        from_first: it has to send from the first that it has sent.
    """

    def __init__(
        self,
        call: Call,
        most_s: float | None,
        idle_s: float | None,
        end: Cut,
        *,
        ask: Callable[[], Coroutine[Any, Any, bool]] | None = None,
        from_first: bool = False,
    ) -> None:
        self._call = call
        self._most_s = most_s
        self._idle_s = idle_s
        self._end = end
        self._ask = ask
        self._from_first = from_first
        self._asking: asyncio.Task[bool] | None = None
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
        self._ask_no_more()
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
        stats = self._call.stats()
        if stats.frames_in != self._frames_in or self._call.holding_back:
            self._frames_in, self._heard_s = stats.frames_in, now_s
            self._ask_no_more()  # the answer would stand behind media that nobody reads yet
        if self._idle_s is None or now_s - self._heard_s < self._idle_s:
            return None
        if self._ask is None or (self._from_first and (stats.frames_in or stats.rejected)):
            return Refusal.MEDIA_IDLE, f"no media for {self._idle_s:g} s"
        if self._asking is not None and not self._asking.done():
            return Refusal.MEDIA_IDLE, f"no answer for {self._idle_s:g} s"
        self._heard_s, self._asking = now_s, asyncio.create_task(self._ask())
        return None

    def _ask_no_more(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None
