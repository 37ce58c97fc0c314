"""10,000 calls that start and stop again: what the server keeps of them."""

from __future__ import annotations

import time

import uvloop

from benchmarks.calls.served import EchoServer
from phonewire.load.generator import Load, run_load
from tests.drills import Line

CYCLES = 10_000
WARM = 2_000  # what Python keeps for the next ones
A_SECOND = 250
MOST_MIB = 1.0
_SETTLE_S = 2.0


def run() -> list[Line]:
    """Call, and compare."""
    with EchoServer("phonewire") as server:
        _cycle(server, WARM)
        before = server.used(settled=True)
        completed = _cycle(server, CYCLES)
        after = server.used(settled=True)
    grown_mib = (after["resident_bytes"] - before["resident_bytes"]) / 2**20
    kept = {name: after[name] - before[name] for name in ("descriptors", "tasks")}
    kept_told = " / ".join(f"{number:+}" for number in kept.values())
    what = f"{CYCLES:,} calls that start and stop"
    return [
        Line(f"{what}: completed", f"{completed:,}", f"{CYCLES:,}", completed == CYCLES),
        Line(
            f"{what}: descriptors, tasks",
            kept_told,
            "+0 / +0",
            not any(kept.values()),
        ),
        Line(f"{what}: memory of the server", f"{grown_mib:+.2f} MiB", f"<= {MOST_MIB:g} MiB", grown_mib <= MOST_MIB),
    ]


def _cycle(server: EchoServer, calls: int) -> int:
    """Make so many calls of one frame each, one after the other, and return how many went well."""
    found = uvloop.run(run_load(Load(url=server.url, calls=calls, ramp_s=calls / A_SECOND, seconds=0.02)))
    time.sleep(_SETTLE_S)
    return found.ends.get("completed", 0)
