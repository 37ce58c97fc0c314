"""How long packets are under way, and how long a buffer has to wait for them."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque

__all__ = ["TransitHistory"]

_SHARE = 0.95  # of the packets are waited for: the next few would cost more delay than all of these
_LEAST_WAIT_NS = 20_000_000  # the receiver's own clock is no better than that
_MAX_WAIT_NS = 400_000_000  # more would be no conversation


class TransitHistory:
    """The transit times of the last packets: arrival less media time, in nanoseconds from any origin.

    Args:
        length: how many packets are remembered; what was before is forgotten.
    """

    def __init__(self, length: int) -> None:
        self._times: deque[int] = deque(maxlen=length)
        self._sorted: list[int] = []

    def add(self, transit_ns: int) -> None:
        """Take the transit time of a packet."""
        if len(self._times) == self._times.maxlen:
            del self._sorted[bisect_left(self._sorted, self._times[0])]
        self._times.append(transit_ns)
        insort(self._sorted, transit_ns)

    @property
    def last_ns(self) -> int | None:
        """The last packet's; None before the first."""
        return self._times[-1] if self._times else None

    @property
    def fastest_ns(self) -> int:
        """The shortest, 0 before the first."""
        return self._sorted[0] if self._sorted else 0

    @property
    def target_ns(self) -> int:
        """The transit time, waiting included, at which nearly all packets can be played; 0 before the first."""
        times = self._sorted
        if not times:
            return 0
        return times[0] + min(max(times[int(len(times) * _SHARE)] - times[0], _LEAST_WAIT_NS), _MAX_WAIT_NS)
