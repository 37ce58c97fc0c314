"""Many calls for a long time, each frame stamped: what comes back, and what the server keeps.

``make soak``, or ``python -m tests.soak --calls 20 --minutes 2``. The server is ``phonewire serve --echo`` in a process
of its own. Exit status: 1 when a goal was missed.
"""

from __future__ import annotations

import argparse
import sys

import uvloop

from benchmarks.floor import Floor
from phonewire.load.generator import Load, run_load
from phonewire.load.result import LoadResult, Second
from phonewire.load.tally import Tally
from tests.drills import Line
from tests.drills.__main__ import show
from tests.drills.served import serving

CALLS = 200
MINUTES = 10.0
RAMP_S = 20.0  # of one address only 20 may wait to be let in
WARM_S = 60.0
MOST_GROWTH_MIB = 2.0
TELL_EVERY_S = 30


def soak(calls: int, minutes: float) -> LoadResult:
    """Call, and tell now and then how it goes."""

    def tell(second: Second, tally: Tally) -> None:
        if round(second.at_s) % TELL_EVERY_S == 0:
            print(
                f"{second.at_s:4.0f} s: {second.talking} calls, {tally.sent:,} frames sent, {tally.returned:,} back,"
                f" server {second.server_cpu:.0%} of a core, {(second.server_bytes or 0) / 2**20:.1f} MiB,"
                f" generator {second.generator_cpu:.0%}",
                flush=True,
            )

    with serving("--echo") as served:
        load = Load(
            url=served.url, calls=calls, ramp_s=RAMP_S, seconds=minutes * 60, stamped=True, pid=served.process.pid
        )
        return uvloop.run(run_load(load, tell))


def growth_mib(timeline: list[Second], warm_s: float = WARM_S) -> float | None:
    """Return by how much the server's memory grew, from the first minute to its most after that; None: not measured."""
    sizes = [(second.at_s, second.server_bytes) for second in timeline if second.server_bytes is not None]
    before = [size for at_s, size in sizes if at_s <= warm_s]
    after = [size for at_s, size in sizes if at_s > warm_s]
    return (max(after) - max(before)) / 2**20 if before and after else None


def lines(found: LoadResult) -> list[Line]:
    """Say what came of it."""
    wrong = (found.lost, found.duplicated, found.reordered)
    grown = growth_mib(found.timeline)
    what = f"{found.calls} calls of {found.seconds / 60:g} minutes"
    return [
        Line(f"{what}: carried to their end", f"{found.ends}", f"{found.calls} completed", _all_completed(found)),
        Line(
            f"{what}: of {found.sent:,} frames lost, duplicated, reordered",
            " / ".join(f"{number:,}" for number in wrong),
            "0 / 0 / 0",
            found.good,
        ),
        Line(
            f"{what}: growth of the server's memory after the first minute",
            "not measured" if grown is None else f"{grown:+.2f} MiB",
            f"<= {MOST_GROWTH_MIB:g} MiB",
            grown is not None and grown <= MOST_GROWTH_MIB,
        ),
    ]


def _all_completed(found: LoadResult) -> bool:
    return found.ends == {"completed": found.calls}


def main() -> None:
    """Soak, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--minutes", type=float, default=MINUTES)
    arguments = parser.parse_args()
    with Floor() as floor:
        found = soak(arguments.calls, arguments.minutes)
    told = lines(found)
    latency = found.latency_ms
    print(
        f"on the way: p50 {latency.p50} ms, p99 {latency.p99}, p99.9 {latency.p999}, longest {latency.longest:.1f}; "
        f"{found.late:,} frames over 40 ms late; server {found.server_cpu or 0:.0%}, "
        f"generator {found.generator_cpu:.0%} of a core"
    )
    show([(line, str(floor.lateness)) for line in told])
    sys.exit(0 if all(line.reached for line in told) else 1)


if __name__ == "__main__":
    main()
