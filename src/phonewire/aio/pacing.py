"""One clock for all calls of an event loop: 20 ms frames on absolute deadlines, spread over slots of 1 ms.

A loop of ``sleep(0.02)`` loses 4 to 7 % of real time, because each sleep adds its lateness to the next. Here the n-th
tick of a slot is due at ``origin + n * 20 ms``, whatever happened before, so lateness never adds up.
"""

from __future__ import annotations

import asyncio
import logging
import weakref
from typing import Protocol

__all__ = ["PTIME_MS", "Paced", "Ticker", "ticker"]

_log = logging.getLogger("phonewire.pacing")

PTIME_MS = 20
_SLOTS = 20  # of 1 ms: calls are spread so that a tick has a twentieth of them to serve
_SLOT_S = PTIME_MS / 1000 / _SLOTS


class Paced(Protocol):
    """Something that sends a frame every 20 ms while it has any."""

    def tick(self) -> bool:
        """Send what is due, without waiting; return False to be left out until it joins again."""


class Ticker:
    """Calls `tick` of each member every 20 ms; armed only for the next occupied slot, idle when there are none."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        # A proxy: the table of tickers is keyed by loop and must not keep a finished loop alive.
        self._loop = weakref.proxy(loop)
        self._slots: list[dict[Paced, None]] = [{} for _ in range(_SLOTS)]  # dicts: members in the order they joined
        self._slot_of: dict[Paced, int] = {}
        self._origin_s = loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._next = 0  # number of the next 1 ms slot since the origin that has not been served

    def join(self, member: Paced) -> float | None:
        """Put *member* into the emptiest slot.

        Returns:
            The time of its first tick in the loop's seconds, or None when it was a member already.
        """
        if member in self._slot_of:
            return None
        slot = min(range(_SLOTS), key=lambda index: len(self._slots[index]))
        self._slots[slot][member] = None
        self._slot_of[member] = slot
        self._arm()
        return self._time_of(self._upcoming(slot))

    def leave(self, member: Paced) -> None:
        """Take *member* out; no error when it is not in."""
        slot = self._slot_of.pop(member, None)
        if slot is not None:
            del self._slots[slot][member]

    def _time_of(self, number: int) -> float:
        return self._origin_s + number * _SLOT_S

    def _upcoming(self, slot: int) -> int:
        """Return the number of the first tick of *slot* that is still to come."""
        soonest = max(self._next, int((self._loop.time() - self._origin_s) / _SLOT_S) + 1)
        return soonest + (slot - soonest) % _SLOTS

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._slot_of:
            number = min(self._upcoming(slot) for slot, members in enumerate(self._slots) if members)
            self._timer = self._loop.call_at(self._time_of(number), self._serve, number)

    def _serve(self, number: int) -> None:
        """Serve every slot that is due, each once: after a stall the members catch up by themselves."""
        self._timer = None
        last = max(number, int((self._loop.time() - self._origin_s) / _SLOT_S))
        for due in range(number, min(last, number + _SLOTS - 1) + 1):
            for member in list(self._slots[due % _SLOTS]):
                if not _tick(member):
                    self.leave(member)
        self._next = last + 1
        self._arm()


def _tick(member: Paced) -> bool:
    """Tick one member; one that raises is left out, because the others share the clock."""
    try:
        return member.tick()
    except Exception:
        _log.error("a call could not send and is left silent", exc_info=True)
        return False


_tickers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Ticker] = weakref.WeakKeyDictionary()


def ticker() -> Ticker:
    """Return the running event loop's ticker."""
    loop = asyncio.get_running_loop()
    try:
        return _tickers[loop]
    except KeyError:
        return _tickers.setdefault(loop, Ticker(loop))
