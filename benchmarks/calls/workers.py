"""What it costs to share a port: two workers at half of one worker's load each, in processor time a message pair.

The server is ``phonewire serve --echo``, once with one worker and then with two, five times; all of its processes
count. The two of a round are compared, and the median of that is what counts. A measurement is void when this process
used over 85 % of its core, or the probe of the machine saw 10 ms; such a round is left out where there are others.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.calls.costs import Cost, compared, pair_us
from benchmarks.calls.limit import Allows, anytime
from benchmarks.calls.served import CORES
from benchmarks.calls.table import Line, show
from benchmarks.calls.window import look_at
from benchmarks.floor import Floor
from tests.drills.served import Served, serving

__all__ = ["run", "sharing"]

CALLS = 100
RAMP_S = 2  # of one address only 20 may wait to be let in
SECONDS = 3
ROUNDS = 5
MOST = 1.1
LEAST_SHARE = 0.35


@dataclass(frozen=True)
class Shared(Cost):
    """One measurement, of all processes of the server.

    Attributes:
        split: calls of each worker.
    """

    split: list[int]


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _sockets(pid: int) -> int:
    return sum(str(each.readlink()).startswith("socket:") for each in Path(f"/proc/{pid}/fd").iterdir())


@contextmanager
def sharing(workers: int) -> Iterator[tuple[Served, list[int]]]:
    """Serve with so many workers on one core; yield the server, and the ids of all its processes."""
    with serving("--echo", "--workers", str(workers)) as served:
        processes = [served.process.pid, *_children(served.process.pid)]
        for pid in processes:
            os.sched_setaffinity(pid, {CORES[0]})
        yield served, processes
        served.process.terminate()  # so that its workers end, too
        served.process.wait(timeout=20)


def measure(workers: int) -> Shared:
    """Measure once."""
    split: list[int] = []
    with sharing(workers) as (served, processes), Floor() as floor:
        idle = [_sockets(pid) for pid in processes]

        def cpu_s() -> float:
            more = (_sockets(pid) - before for pid, before in zip(processes, idle, strict=True))
            split[:] = [sockets for sockets in more if sockets > 0]
            return served.processor_s()

        seen = look_at(served.url, CALLS, RAMP_S, SECONDS, cpu_s)
    returned = seen.messages / max(seen.sent, 1)
    return Shared(seen.pair_us, returned, seen.generator, floor.lateness.max_ms, split)


def run(allows: Allows = anytime, rounds: int = ROUNDS) -> tuple[bool, dict[str, Any]]:
    """Measure in rounds, and print; return whether every goal was reached, and every measurement."""
    found: dict[int, list[Shared]] = {1: [], 2: []}
    for _ in range(rounds):
        for workers, measured in found.items():
            measured.append(measure(workers))
    return show(_lines(found[1], found[2])), {
        f"{workers} workers": [asdict(each) for each in measured] for workers, measured in found.items()
    }


def _lines(one: list[Shared], two: list[Shared]) -> list[Line]:
    ratio, note = compared(two, one)
    splits = [each.split for each in two]
    least = min(min(split) / sum(split) if len(split) == 2 else 0 for split in splits)
    text = " and ".join(":".join(map(str, split)) for split in splits)
    return [
        _cost_line("one worker, processor time a message pair", one),
        _cost_line("two workers, the same", two),
        Line("two workers by one", f"{ratio:.2f}x", f"<= {MOST}x", ratio <= MOST, note),
        Line(
            "calls of two workers, the worst split", f"{least:.0%}", f">= {LEAST_SHARE:.0%}", least >= LEAST_SHARE, text
        ),
    ]


def _cost_line(what: str, costs: list[Shared]) -> Line:
    voids = [each.void for each in costs if each.void]
    return Line(what, f"{pair_us(costs):.1f} us", note=f"void: {'; '.join(voids)}" if voids else "")
