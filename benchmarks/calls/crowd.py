"""2,000 calls that arrive within 10 s and say nothing, but for 100: how soon they are answered, and what is lost.

Void when this process used over 85 % of its core, or the probe of the machine saw 10 ms, which each line says: how soon
they are answered is then not the server's alone. What is lost is lost all the same.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import msgspec
import uvloop

from benchmarks.calls.limit import Allows, anytime
from benchmarks.calls.served import EchoServer, allow_descriptors
from benchmarks.calls.table import NOT_MEASURED, Line, show
from benchmarks.calls.void import why_void
from benchmarks.floor import Floor
from phonewire.load.generator import Load, run_load
from phonewire.load.result import LoadResult

__all__ = ["run"]

CALLS = 2_000
ACTIVE = 100
ARRIVE_S = 10.0
STAY_S = 5.0
DESCRIPTORS = CALLS + 100


def run(allows: Allows = anytime, name: str = "phonewire") -> tuple[bool, dict[str, Any]]:
    """Measure, and print; return whether no goal was missed, and both results."""
    if not allow_descriptors(DESCRIPTORS):
        return show([Line(f"{CALLS:,} calls", NOT_MEASURED, f"{DESCRIPTORS} descriptors", False)]), {}
    with EchoServer(name) as server, Floor() as floor:
        before = server.used()["resident_bytes"]
        idle, active, grown = uvloop.run(_call(server, before))
    void = why_void(_generator(idle, active), floor.lateness.max_ms)
    return show(_lines(idle, active, grown, void)), {
        "idle": msgspec.to_builtins(idle),
        "active": msgspec.to_builtins(active),
        "grown_bytes": grown,
        "void": void,
    }


def _generator(*loads: LoadResult) -> float:
    """Return the largest share of a core that this process, which makes all of them, used in a second of one."""
    return max((second.generator_cpu for load in loads for second in load.timeline), default=0.0)


async def _call(server: EchoServer, before: int) -> tuple[LoadResult, LoadResult, int]:
    quiet = Load(url=server.url, calls=CALLS - ACTIVE, ramp_s=ARRIVE_S, seconds=0.02, quiet_s=STAY_S)
    speaking = Load(url=server.url, calls=ACTIVE, ramp_s=ARRIVE_S, seconds=STAY_S, stamped=True)
    calling = [asyncio.create_task(run_load(load)) for load in (quiet, speaking)]
    await asyncio.sleep(ARRIVE_S)
    grown = server.used()["resident_bytes"] - before
    idle, active = await asyncio.gather(*calling)
    return idle, active, grown


def _lines(idle: LoadResult, active: LoadResult, grown: int, void: str) -> list[Line]:
    what = f"{CALLS:,} calls within {ARRIVE_S:g} s"
    carried = idle.ends.get("completed", 0) + active.ends.get("completed", 0)
    ends = "" if carried == CALLS else f"{idle.ends} {active.ends}"
    answered_ms = max(idle.connecting_ms.p99 or 0, active.connecting_ms.p99 or 0)
    a_call = f"{grown / 1024 / CALLS:.1f} KiB a call"
    good = not (active.lost or active.duplicated or active.reordered)
    faults = f"{active.lost} / {active.duplicated} / {active.reordered}"
    latency = active.latency_ms
    way = f"of {active.sent:,}; on the way p50 {latency.p50} ms, p99 {latency.p99} ms; {active.late} over 40 ms late"
    lines = [
        Line(f"{what}: carried to their end", f"{carried:,}", f"{CALLS:,}", carried == CALLS, ends),
        Line(f"{what}: from dialling to the answer, p99", f"{answered_ms:.1f} ms"),
        Line(f"{what}: memory of the server", f"{grown / 2**20:+.1f} MiB", note=a_call),
        Line(f"{ACTIVE} of them speak: frames lost, duplicated, reordered", faults, "0 / 0 / 0", good, way),
    ]
    return [replace(line, note="; ".join(filter(None, (line.note, void and f"void: {void}")))) for line in lines]
