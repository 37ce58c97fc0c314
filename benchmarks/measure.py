"""Two statements in turn, in one process, so that a disturbance meets both alike."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from timeit import Timer

from benchmarks.rows import Row

ROUNDS = 15
ROUND_S = 0.002


@dataclass(frozen=True)
class Measurement:
    """The median time of one run of each statement, in nanoseconds."""

    ours_ns: float
    theirs_ns: float

    @property
    def ratio(self) -> float:
        """How many times as fast ours is."""
        return self.theirs_ns / self.ours_ns


class _Side:
    def __init__(self, statement: str, row: Row) -> None:
        self.timer = Timer(statement, globals=dict(row.names))
        self.timer.timeit(3)
        once_s = min(self.timer.repeat(3, 1))
        self.number = max(1, int(ROUND_S / max(once_s, 1e-9)))
        self.rounds_ns: list[float] = []

    def run(self) -> None:
        self.rounds_ns.append(self.timer.timeit(self.number) / self.number * 1e9)


def measure(row: Row) -> Measurement:
    """Run ours and theirs in turn, the one that begins changing, and take the medians."""
    sides = [_Side(row.ours, row), _Side(row.theirs, row)]
    for round_number in range(ROUNDS):
        for side in sides if round_number % 2 else reversed(sides):
            side.run()
    ours, theirs = (median(side.rounds_ns) for side in sides)
    return Measurement(ours, theirs)
