"""What it costs to share a port: two workers at half of one worker's load each, in processor time a message pair.

The server is ``phonewire serve --echo``, once with one worker and once with two, in rounds; all of its processes count.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.calls.served import CORES
from benchmarks.calls.table import Line, show
from benchmarks.calls.window import look_at
from tests.drills.served import serving

__all__ = ["run"]

CALLS = 100
RAMP_S = 4  # of one address only 20 may wait to be let in
SECONDS = 3
ROUNDS = 2
MOST = 1.1
LEAST_SHARE = 0.35


@dataclass(frozen=True)
class Shared:
    """One measurement.

    Attributes:
        pair_us: processor time of all processes for a frame in and out.
        split: calls of each worker.
    """

    pair_us: float
    split: list[int]


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _sockets(pid: int) -> int:
    return sum(str(each.readlink()).startswith("socket:") for each in Path(f"/proc/{pid}/fd").iterdir())


def measure(workers: int) -> Shared:
    """Measure once."""
    split: list[int] = []
    with serving("--echo", "--workers", str(workers)) as served:
        processes = [served.process.pid, *_children(served.process.pid)]
        for pid in processes:
            os.sched_setaffinity(pid, {CORES[0]})
        idle = [_sockets(pid) for pid in processes]

        def cpu_s() -> float:
            more = (_sockets(pid) - before for pid, before in zip(processes, idle, strict=True))
            split[:] = [sockets for sockets in more if sockets > 0]
            return served.processor_s()

        seen = look_at(served.url, CALLS, RAMP_S, SECONDS, cpu_s)
        served.process.terminate()  # so that its workers end, too
        served.process.wait(timeout=20)
    return Shared(seen.pair_us, split)


def run() -> tuple[bool, dict[str, Any]]:
    """Measure in rounds, and print; return whether no goal was missed, and every measurement."""
    found: dict[int, list[Shared]] = {1: [], 2: []}
    for _ in range(ROUNDS):
        for workers, measured in found.items():
            measured.append(measure(workers))
    one_us, two_us = (median(each.pair_us for each in measured) for measured in found.values())
    splits = [each.split for each in found[2]]
    least = min(min(split) / sum(split) if len(split) == 2 else 0 for split in splits)
    lines = [
        Line("one worker, processor time a message pair", f"{one_us:.1f} us"),
        Line("two workers, the same", f"{two_us:.1f} us"),
        Line("two workers by one", f"{two_us / one_us:.2f}x", f"<= {MOST}x", two_us <= MOST * one_us),
        Line(
            "calls of two workers, the worst split",
            f"{least:.0%}",
            f">= {LEAST_SHARE:.0%}",
            least >= LEAST_SHARE,
            " and ".join(":".join(map(str, split)) for split in splits),
        ),
    ]
    return show(lines), {
        f"{workers} workers": [asdict(each) for each in measured] for workers, measured in found.items()
    }
