"""The most calls with which nothing is wrong, found by trying: up in steps that shrink as the server's core fills.

A look is clean when every frame has come back, once, in order, and no listener has waited for one for more than 40 ms.
One that is not, while the generator used over 85 % of its core or fell behind its clock, or a probe saw 10 ms, says
nothing, and is tried again. What was carried is void, and at least so much, where no such look says something in
`TRIES`, or where `LEVELS` were not enough.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from math import sqrt

from benchmarks.calls.void import why_void
from benchmarks.floor import TOO_LATE_MS
from benchmarks.phones import Counted

__all__ = ["FINE", "LEVELS", "MOST", "TRIES", "Climb", "Window", "climb", "faults", "judge"]

FINE = 1.08  # from what is carried to what is not
FAST = 2.0
FULL = 0.9  # of the server's core, that a step is to fill
FALL = 1.25  # where the first is too many
TRIES = 3
LEVELS = 16
LEAST, MOST = 20, 2_000

_FAULTS = ("missing", "late", "duplicated", "reordered", "strange", "held", "ended")


@dataclass(frozen=True)
class Window:
    """So many calls, and what was seen meanwhile.

    Attributes:
        faults: what was wrong, and how often.
        generator: share of a core that the generator used.
        behind_ms: by how much it was behind its clock at the end.
        floor_ms: the longest that a probe was late.
        server: share of a core that the server used.
    """

    faults: Mapping[str, int] = field(default_factory=dict)
    generator: float = 0.0
    behind_ms: float = 0.0
    floor_ms: float = 0.0
    server: float = 1.0

    @property
    def void(self) -> str:
        """Why what is wrong may not be the server's; empty when it is."""
        if why := why_void(self.generator, self.floor_ms):
            return why
        return f"generator {self.behind_ms:.0f} ms behind" if self.behind_ms >= TOO_LATE_MS else ""


@dataclass(frozen=True)
class Climb:
    """What it came to.

    Attributes:
        carried: calls.
        void: why it may have been more; empty when it was not.
        generator: share of a core that the generator used for as many.
    """

    carried: int
    void: str = ""
    generator: float = 0.0


#: Brings the calls to a number, and looks at them.
Hold = Callable[[int], Window]


def faults(calls: int, before: Counted, after: Counted) -> dict[str, int]:
    """Return what went wrong between two looks, and what is at the second."""
    counts = {name: asdict(after)[name] - asdict(before)[name] for name in _FAULTS}
    counts |= {"overdue": after.overdue, "not there": max(calls - after.talking, 0)}
    return {name: count for name, count in counts.items() if count > 0}


def judge(calls: int, before: Counted, after: Counted, floor_ms: float, server_s: float = 0.0) -> Window:
    """Return what two looks show.

    Args:
        calls: that there should be.
        before, after: the looks.
        floor_ms: the longest that a probe was late between them.
        server_s: processor time that the server used between them.
    """
    seconds = max(after.at_s - before.at_s, 1e-9)
    generator, behind_ms = (after.cpu_s - before.cpu_s) / seconds, max(before.behind_ms, after.behind_ms)
    return Window(faults(calls, before, after), generator, behind_ms, floor_ms, server_s / seconds)


def climb(hold: Hold, first: int) -> Climb:
    """Find it.

    Args:
        hold: looks at some.
        first: so many calls are tried first.
    """
    good, bad, calls, generator = 0, 0, first, 0.0
    for _ in range(LEVELS):
        window = _looked(hold, calls)
        if not window.faults:
            good, generator = calls, window.generator
        elif window.void:
            return Climb(good, window.void, generator)
        else:
            bad = calls
        calls = _next(good, bad, window.server)
        if not calls:
            return Climb(good, "" if bad else "more are not made", generator)
    return Climb(good, f"after {LEVELS} levels", generator)


def _next(good: int, bad: int, server: float) -> int:
    """Return how many to try; 0 when that is enough."""
    if not bad:
        growth = min(max(FULL / max(server, 1e-9), FINE), FAST)
        return min(round(good * growth), MOST) if good < MOST else 0
    if not good:
        fewer = round(bad / FALL)
        return fewer if fewer >= LEAST else 0
    return round(sqrt(good * bad)) if bad > good * FINE + 1 else 0


def _looked(hold: Hold, calls: int) -> Window:
    """Look until it says something: nothing is wrong, or it is the server's."""
    for _ in range(TRIES):
        window = hold(calls)
        if not window.faults or not window.void:
            break
    return window
