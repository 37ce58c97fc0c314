"""What comes of all calls together: frames counted, and how long they were on their way."""

from __future__ import annotations

from collections import Counter

__all__ = ["LATE_MS", "Histogram", "Tally"]

#: A frame is late when whoever listens has waited for it for longer than this.
LATE_MS = 40

_FINE_US, _FINE = 100, 10_000  # to 1 s
_COARSE_US, _COARSE = 10_000, 6_000  # to a minute


class Histogram:
    """Durations, to 0.1 ms up to a second and to 10 ms up to a minute.

    Attributes:
        count: of them.
        longest_ms: exact.
    """

    def __init__(self) -> None:
        self._counts = [0] * (_FINE + _COARSE)
        self.count = 0
        self._longest_ns = 0

    @property
    def longest_ms(self) -> float:
        """The longest, exact."""
        return self._longest_ns / 1e6

    def add(self, duration_ns: int) -> None:
        """Count one."""
        place = duration_ns // (_FINE_US * 1000)
        if place >= _FINE:
            place = min(_FINE + (duration_ns - 10**9) // (_COARSE_US * 1000), _FINE + _COARSE - 1)
        self._counts[place] += 1
        self.count += 1
        if duration_ns > self._longest_ns:
            self._longest_ns = duration_ns

    def merge(self, other: Histogram) -> None:
        """Count what *other* has counted, too."""
        for place, count in enumerate(other._counts):
            if count:
                self._counts[place] += count
        self.count += other.count
        self._longest_ns = max(self._longest_ns, other._longest_ns)

    def percentile_ms(self, percent: float) -> float | None:
        """Return what so many percent are no longer than; None of nothing."""
        wanted, seen = self.count * percent / 100, 0
        for place, count in enumerate(self._counts):
            seen += count
            if count and seen >= wanted:
                return min(_end_ms(place), self.longest_ms)
        return None


def _end_ms(place: int) -> float:
    """Return the longest duration that is counted at a place."""
    if place < _FINE:
        return (place + 1) * _FINE_US / 1000
    return (place + 1 - _FINE) * _COARSE_US / 1000 + 1000


class Tally:
    """Counts of all calls.

    Attributes:
        ends: calls by how they ended.
        talking: calls that speak now.
        sent: frames that were written.
        held: frames that were not, because the server did not read.
        messages: that came back, whatever they are.
        returned: stamped frames that came back, each counted once.
        lost: stamped frames that did not, of calls that are over.
        duplicated: that came back again.
        reordered: that came back after a later one.
        strange: of another call, or never sent.
        late: that came more than 40 ms after what had come before was played.
        unstamped: frames without numbers, such as silence of the server's own.
        latency: from writing a frame to its return.
        second: the same of the last second.
        connecting: from dialling to the answer.
    """

    def __init__(self) -> None:
        self.ends: Counter[str] = Counter()
        self.talking = 0
        self.sent = self.held = self.messages = 0
        self.returned = self.lost = self.duplicated = self.reordered = self.strange = 0
        self.late = self.unstamped = 0
        self.latency, self.second, self.connecting = Histogram(), Histogram(), Histogram()

    def turn(self) -> Histogram:
        """Begin another second, and return what was counted in the last."""
        last, self.second = self.second, Histogram()
        self.latency.merge(last)
        return last
