"""How a stream ends, the same in every protocol: once, for one reason."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from typing import Any

from phonewire.protocols.connection import Ended, EndReason, Rejected, RejectReason

__all__ = ["Ending"]


class Ending(ABC):
    """What an engine does with the end of its connection; a base class.

    Attributes:
        rejected: how many of the peer's messages were skipped, by reason.
        may_clear, drift_us, rtt_us: none; an engine whose protocol has these says so.
        paused, silenced: never; there are no pauses.
    """

    may_clear = False
    drift_us = 0
    rtt_us: int | None = None
    paused = False
    silenced = False

    def __init__(self) -> None:
        self.rejected: Counter[RejectReason] = Counter()
        self._end_reason: EndReason | None = None  # known before it is told, when we said goodbye or the peer failed
        self._ended = False  # it was told

    def receive_eof(self, close_code: int = 1006) -> list[Any]:
        """Take the end of the connection and return `Ended`, unless that was said before.

        Args:
            close_code: of the peer's WebSocket close; 1006 when it vanished without one. Over TCP 1000 when the peer
                closed the connection in order.

        Returns:
            `Rejected` before `Ended` when the stream ended within a frame.
        """
        events: list[Any] = []
        if self._end_reason is None:
            self._end_reason = self._why(close_code)
            events += self._cut_short()
        self._move("eof")
        if not self._ended:
            self._ended = True
            events.append(Ended(self._end_reason))
        return events

    def fail(self, reason: RejectReason) -> None:
        """Take note that the transport cut the peer off; the end is `EndReason.FAILED`."""
        self.rejected[reason] += 1
        self._end_reason = EndReason.FAILED
        self._move("failure")

    @abstractmethod
    def _why(self, close_code: int) -> EndReason:
        """Return what the peer's end means."""

    @abstractmethod
    def _move(self, kind: str) -> None:
        """Change the state."""

    def _cut_short(self) -> list[Rejected]:
        """Return what is said of a frame whose end never came."""
        return []
