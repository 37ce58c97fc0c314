"""One clock for all calls of an event loop: 20 ms frames on absolute deadlines, spread over slots of 1 ms.

A loop of ``sleep(0.02)`` loses 4 to 7 % of real time, because each sleep adds its lateness to the next. Here the n-th
tick of a slot is due at ``origin + n * 20 ms``, whatever happened before, so lateness never adds up.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable
from typing import Protocol

from phonewire.aio import faults
from phonewire.aio.alarm import Alarm, make_alarm

__all__ = ["PTIME_MS", "Paced", "Ticker", "ticker"]

PTIME_MS = 20
_SLOTS = 20  # of 1 ms: calls are spread so that a tick has a twentieth of them to serve
_SLOT_NS = PTIME_MS * 1_000_000 // _SLOTS


class Paced(Protocol):
    """Something that sends a frame every 20 ms while it has any."""

    def tick(self, due_ns: int) -> bool:
        """Send what is due at *due_ns*, without waiting; return False to be left out until it joins again."""

    def tick_failed(self) -> None:
        """Take note that `tick` raised, while the error is handled; it is left out until it joins again."""


class Ticker:
    """Calls `tick` of each member every 20 ms; armed only for the next occupied slot, idle when there are none.

    Args:
        loop: ticks here.
        alarm: makes what wakes it, by default the most exact that there is for the loop.

    Attributes:
        now_ns: returns the time on the clock of the ticks.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        alarm: Callable[[asyncio.AbstractEventLoop, Callable[[], None]], Alarm] = make_alarm,
    ) -> None:
        self._alarm = alarm(loop, self._serve)
        self._slots: list[dict[Paced, None]] = [{} for _ in range(_SLOTS)]  # dicts: members in the order they joined
        self._slot_of: dict[Paced, int] = {}
        self.now_ns = self._alarm.now_ns
        self._origin_ns = self.now_ns()
        self._next = 0  # number of the next 1 ms slot since the origin that has not been served
        self._armed = 0  # number of the one that the alarm is set for

    def join(self, member: Paced, leader: Paced | None = None) -> int | None:
        """Put *member* into the emptiest slot, or into that of *leader*, where it is served after it.

        Returns:
            The time of its first tick, which is over by up to 20 ms where the loop is late; None when it was a member
            already.
        """
        if member in self._slot_of:
            return None
        slot = self._slot_of.get(leader) if leader is not None else None
        if slot is None:
            slot = min(range(_SLOTS), key=lambda index: len(self._slots[index]))
        # Slots that are due and not served yet stay so: the others do not lose a tick because the loop is late.
        first = self._current() - _SLOTS + 1 if self._slot_of else self._current() + 1
        self._next = max(self._next, first)
        self._slots[slot][member] = None
        self._slot_of[member] = slot
        self._arm()
        return self._time_of(self._next + (slot - self._next) % _SLOTS)

    def leave(self, member: Paced) -> bool:
        """Take *member* out; return whether it was in."""
        slot = self._slot_of.pop(member, None)
        if slot is None:
            return False
        del self._slots[slot][member]
        if not self._slot_of:
            self._alarm.cancel()
        return True

    def close(self) -> None:
        """Give back what the system lent."""
        self._alarm.close()

    def _time_of(self, number: int) -> int:
        return self._origin_ns + number * _SLOT_NS

    def _current(self) -> int:
        return (self.now_ns() - self._origin_ns) // _SLOT_NS

    def _arm(self) -> None:
        """Set the alarm for the next occupied slot, if there is one."""
        for number in range(self._next, self._next + _SLOTS):
            if self._slots[number % _SLOTS]:
                self._armed = number
                self._alarm.set(self._time_of(number))
                return

    def _serve(self) -> None:
        """Serve every slot that is due, each once: after a stall the members catch up by themselves."""
        last = max(self._armed, self._current())  # loops may ring a little early
        first = max(self._next, last - _SLOTS + 1)
        self._next = last + 1
        try:
            for number in range(first, self._next):
                due_ns = self._time_of(number)
                for member in tuple(self._slots[number % _SLOTS]):
                    try:
                        if faults.hook is not None:
                            faults.hook("outbound.tick")
                        goes_on = member.tick(due_ns)
                    except Exception:
                        goes_on = False  # left out and told so, because the others share the clock
                        member.tick_failed()
                    if not goes_on:
                        self.leave(member)
        finally:
            self._arm()


_tickers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Ticker] = weakref.WeakKeyDictionary()


def ticker() -> Ticker:
    """Return the running event loop's ticker."""
    loop = asyncio.get_running_loop()
    try:
        return _tickers[loop]
    except KeyError:
        _forget_closed_loops()
        return _tickers.setdefault(loop, Ticker(loop))


def _forget_closed_loops() -> None:
    """Let go of loops that were closed with calls still in them, which would hold them for ever."""
    for loop in [loop for loop in _tickers if loop.is_closed()]:
        _tickers.pop(loop).close()
