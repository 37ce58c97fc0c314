"""Marks: places in the outgoing audio whose playing the far end confirms."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from enum import StrEnum
from typing import Any

__all__ = ["Mark", "MarkOutcome", "MarksInFlight"]


_MOST_CLEARED = 1000
_NAME_BYTES = 1000


class MarkOutcome(StrEnum):
    """What became of a mark."""

    PLAYED = "played"  # the far end played everything before it
    CLEARED = "cleared"  # a clear came first
    ENDED = "ended"  # the call, or the connection that the mark was sent over, ended first


class Mark:
    """A place in the outgoing audio; ``await`` it to learn its `MarkOutcome`.

    Attributes:
        name: as given to `Call.mark`.
        queued_ns: when it was put behind what had been written.
        position_ns: the audio that was sent before it; set when it is sent.
        due_ns: when the far end should have played that; set when it is sent.

    Raises:
        TypeError: the name is no str.
        ValueError: it is empty, or longer than protocols carry; both numbers are told.
    """

    def __init__(self, name: str, queued_ns: int = 0) -> None:
        if not isinstance(name, str):
            raise TypeError(f"a mark's name is a str, got {type(name).__name__}")
        if not 1 <= len(name.encode()) <= _NAME_BYTES:
            raise ValueError(f"a mark's name is 1 to {_NAME_BYTES} bytes of UTF-8, got {len(name.encode())}")
        self.name = name
        self.queued_ns = queued_ns
        self.position_ns = self.due_ns = 0
        self._outcome: asyncio.Future[MarkOutcome] = asyncio.get_running_loop().create_future()

    def __await__(self) -> Generator[Any, None, MarkOutcome]:
        # Shielded: one waiter that is cancelled takes the outcome from nobody else.
        return asyncio.shield(self._outcome).__await__()

    def resolve(self, outcome: MarkOutcome) -> None:
        """Tell everybody who waits; only the first outcome counts."""
        if not self._outcome.done():
            self._outcome.set_result(outcome)


class MarksInFlight:
    """Marks that were sent and have not come back, in the order in which the far end returns them."""

    def __init__(self) -> None:
        self._pending: list[Mark] = []
        # Will come back only because of a clear, which proves nothing; bounded, because a far end may never do so.
        self._cleared: list[str] = []

    def sent(self, mark: Mark) -> None:
        """Wait for the echo of *mark*."""
        self._pending.append(mark)

    def returned(self, name: str) -> Mark | None:
        """Take an echo; return its mark, or None when a clear sent it back or nobody sent it."""
        if name in self._cleared:
            self._cleared.remove(name)
            return None
        for mark in self._pending:
            if mark.name == name:
                self._pending.remove(mark)
                mark.resolve(MarkOutcome.PLAYED)
                return mark
        return None

    def reached(self, played_ns: int) -> None:
        """Resolve those before *played_ns*, where the far end returns none."""
        while self._pending and self._pending[0].position_ns <= played_ns:
            self._pending.pop(0).resolve(MarkOutcome.PLAYED)

    def cleared(self, played_ns: int) -> None:
        """Resolve all: the far end returns them at once, whether or not it got there (*played_ns* says which)."""
        for mark in self._pending:
            mark.resolve(MarkOutcome.PLAYED if mark.position_ns <= played_ns else MarkOutcome.CLEARED)
            self._cleared.append(mark.name)
        del self._cleared[:-_MOST_CLEARED]
        self._pending.clear()

    def end(self) -> None:
        """Resolve all: the connection is over, and nothing comes back."""
        for mark in self._pending:
            mark.resolve(MarkOutcome.ENDED)
        self._pending.clear()
        self._cleared.clear()
