"""How late the clock lets a call send, which says how busy its process is."""

from __future__ import annotations

__all__ = ["Punctuality"]


class Punctuality:
    """Counts ticks, and how late they were.

    Attributes:
        ticks: that there were.
        late_ns: how late they were, together.
        latest_ns: how late the latest of them was.
    """

    def __init__(self) -> None:
        self._expected_ns = 0
        self.ticks = self.late_ns = self.latest_ns = 0

    def expect(self, at_ns: int) -> None:
        """Take note of when the next tick is due."""
        self._expected_ns = at_ns

    def tick(self, now_ns: int, next_ns: int) -> None:
        """Count one that comes now; the next is due at *next_ns*."""
        late_ns = now_ns - self._expected_ns
        self._expected_ns = next_ns
        self.ticks += 1
        if late_ns > 0:  # event loops may ring a little early
            self.late_ns += late_ns
            if late_ns > self.latest_ns:
                self.latest_ns = late_ns
