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

    Attributes:
        last_ns: the last packet's; 0 before the first, as are the others.
        fastest_ns: the shortest.
        target_ns: the transit time, waiting included, at which nearly all packets can be played.
    """

    def __init__(self, length: int) -> None:
        self._times: deque[int] = deque(maxlen=length)
        self._sorted: list[int] = []
        self.last_ns = self.fastest_ns = self.target_ns = 0

    def add(self, transit_ns: int) -> None:
        """Take the transit time of a packet."""
        times = self._sorted
        if len(self._times) == self._times.maxlen:
            del times[bisect_left(times, self._times[0])]
        self._times.append(transit_ns)
        insort(times, transit_ns)
        self.last_ns, self.fastest_ns = transit_ns, times[0]
        wait_ns = times[int(len(times) * _SHARE)] - times[0]
        self.target_ns = times[0] + min(max(wait_ns, _LEAST_WAIT_NS), _MAX_WAIT_NS)
