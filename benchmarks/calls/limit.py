"""How long a whole run of ``make bench-calls`` may take, and whether it has time for one more round."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from benchmarks.calls.table import Line

__all__ = ["MOST_S", "Allows", "Limit", "anytime"]

MOST_S = 900
#: What each part takes on a quiet machine, without rounds that are made once more.
USUAL_S = {"cpu": 185, "carry": 325, "crowd": 18, "memory": 35, "workers": 65, "pacing": 265}

#: Whether there is time for so many seconds more.
Allows = Callable[[float], bool]


def anytime(seconds: float) -> bool:
    """Allow everything."""
    return True


class Limit:
    """The time of one run, from when this is made.

    Args:
        parts: that are to be measured.
        clock: in seconds.
    """

    def __init__(self, parts: Sequence[str], clock: Callable[[], float] = time.monotonic) -> None:
        self._to_come = list(parts)
        self._clock = clock
        self._began_s = clock()

    def begin(self, part: str) -> None:
        """Take note that a part is no longer to come."""
        self._to_come.remove(part)

    def allows(self, seconds: float) -> bool:
        """Return whether there is time for so many seconds more, when what is to come takes what it usually does."""
        return self._took_s() + seconds + sum(USUAL_S.get(part, 0) for part in self._to_come) <= MOST_S

    def line(self) -> Line:
        """Return the line of all of it."""
        took_s = self._took_s()
        return Line("all of it", f"{took_s:.0f} s", f"<= {MOST_S} s", took_s <= MOST_S)

    def _took_s(self) -> float:
        return self._clock() - self._began_s
