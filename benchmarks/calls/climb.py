"""The most calls with which nothing is wrong, found by trying: up in big steps, then between the last two, then held.

A window is clean when every frame has come back, once, in order, and no listener has waited for one for more than
40 ms. A window that is not, while the generator used over 85 % of its core or fell behind its clock, or a probe saw
10 ms, says nothing, and is tried again. What was carried is void, and at least so much, where no such window says
something in `TRIES`, or where the last one was held on a machine that stalled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from math import sqrt

from benchmarks.floor import TOO_LATE_MS
from benchmarks.phones import Counted
from phonewire.load.result import BUSY

__all__ = ["FINE", "Climb", "Window", "climb", "faults", "judge"]

FINE = 1.08  # from what is carried to what is not
TRIES = 3
LOOK_S = 1.0
HOLD_S = 3.0  # the last of them
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
    """

    faults: Mapping[str, int] = field(default_factory=dict)
    generator: float = 0.0
    behind_ms: float = 0.0
    floor_ms: float = 0.0

    @property
    def void(self) -> str:
        """Why what is wrong may not be the server's; empty when it is."""
        if self.generator > BUSY:
            return f"generator at {self.generator:.0%} of its core"
        if self.behind_ms >= TOO_LATE_MS:
            return f"generator {self.behind_ms:.0f} ms behind"
        return f"floor {self.floor_ms:.1f} ms" if self.floor_ms >= TOO_LATE_MS else ""


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


#: Brings the calls to a number, and looks at them for so many seconds.
Hold = Callable[[int, float], Window]


def faults(calls: int, before: Counted, after: Counted) -> dict[str, int]:
    """Return what went wrong between two looks, and what is at the second."""
    counts = {name: asdict(after)[name] - asdict(before)[name] for name in _FAULTS}
    counts |= {"overdue": after.overdue, "not there": max(calls - after.talking, 0)}
    return {name: count for name, count in counts.items() if count > 0}


def judge(calls: int, before: Counted, after: Counted, floor_ms: float) -> Window:
    """Return what two looks show."""
    share = (after.cpu_s - before.cpu_s) / max(after.at_s - before.at_s, 1e-9)
    return Window(faults(calls, before, after), share, max(before.behind_ms, after.behind_ms), floor_ms)


def climb(hold: Hold, first: int, growth: float) -> Climb:
    """Find it.

    Args:
        hold: looks at some.
        first: so many calls are tried first.
        growth: from one number to the next, until one is too many.
    """
    good, bad, calls, void = 0, 0, first, ""
    while calls and not void:
        window = _looked(hold, calls)
        if window.faults:
            bad, void = calls, window.void
        else:
            good, void = calls, window.void if window.generator > BUSY else ""
        calls = _next(good, bad, growth)
    return _held(hold, good, void or ("" if bad else "more are not made"))


def _next(good: int, bad: int, growth: float) -> int:
    """Return how many to try; 0 when that is enough."""
    if not bad:
        return min(round(good * growth), MOST) if good < MOST else 0
    if not good:
        fewer = round(bad / growth)
        return fewer if fewer >= LEAST else 0
    return round(sqrt(good * bad)) if bad > good * FINE + 1 else 0


def _looked(hold: Hold, calls: int) -> Window:
    """Look until it says something: nothing is wrong, or it is the server's."""
    for _ in range(TRIES):
        window = hold(calls, LOOK_S)
        if not window.faults or not window.void:
            break
    return window


def _held(hold: Hold, calls: int, void: str) -> Climb:
    """Hold what was carried for longer; fewer where that does not go well."""
    last = Window()
    while calls >= LEAST:
        for _ in range(TRIES):
            last = hold(calls, HOLD_S)
            if not last.void:
                break
        if last.void or not last.faults:
            return Climb(0 if last.faults else calls, void or last.void, last.generator)
        calls = round(calls / FINE)
    return Climb(0, void, last.generator)
