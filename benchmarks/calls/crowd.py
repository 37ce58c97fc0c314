"""2,000 calls that arrive within 10 s and say nothing, but for 100: how soon they are answered, and what is lost."""

from __future__ import annotations

import asyncio
import resource
from typing import Any

import msgspec
import uvloop

from benchmarks.calls.served import EchoServer
from benchmarks.calls.table import Line, show
from phonewire.load.generator import Load, run_load
from phonewire.load.result import LoadResult

__all__ = ["run"]

CALLS = 2_000
ACTIVE = 100
ARRIVE_S = 10.0
STAY_S = 6.0
_DESCRIPTORS = CALLS + 100


def run(name: str = "phonewire") -> tuple[bool, dict[str, Any]]:
    """Measure, and print; return whether no goal was missed, and both results."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < _DESCRIPTORS:
        return show([Line("2,000 calls", f"{hard} descriptors", f"{_DESCRIPTORS}", False)]), {}
    resource.setrlimit(resource.RLIMIT_NOFILE, (_DESCRIPTORS, hard))  # the server inherits it
    with EchoServer(name) as server:
        before = server.used()["resident_bytes"]
        idle, active, grown = uvloop.run(_call(server, before))
    return show(_lines(idle, active, grown)), {
        "idle": msgspec.to_builtins(idle),
        "active": msgspec.to_builtins(active),
        "grown_bytes": grown,
    }


async def _call(server: EchoServer, before: int) -> tuple[LoadResult, LoadResult, int]:
    quiet = Load(url=server.url, calls=CALLS - ACTIVE, ramp_s=ARRIVE_S, seconds=0.02, quiet_s=STAY_S)
    speaking = Load(url=server.url, calls=ACTIVE, ramp_s=ARRIVE_S, seconds=STAY_S, stamped=True)
    calling = [asyncio.create_task(run_load(load)) for load in (quiet, speaking)]
    await asyncio.sleep(ARRIVE_S)
    grown = server.used()["resident_bytes"] - before
    idle, active = await asyncio.gather(*calling)
    return idle, active, grown


def _lines(idle: LoadResult, active: LoadResult, grown: int) -> list[Line]:
    carried = idle.ends.get("completed", 0) + active.ends.get("completed", 0)
    answered = max(idle.connecting_ms.p99 or 0, active.connecting_ms.p99 or 0)
    ends = "" if carried == CALLS else f"{idle.ends} {active.ends}"
    latency = active.latency_ms
    what = f"{CALLS:,} calls within {ARRIVE_S:g} s"
    return [
        Line(f"{what}: carried to their end", f"{carried:,}", f"{CALLS:,}", carried == CALLS, ends),
        Line(f"{what}: from dialling to the answer, p99", f"{answered:.1f} ms"),
        Line(
            f"{what}: memory of the server", f"{grown / 2**20:+.1f} MiB", note=f"{grown / 1024 / CALLS:.1f} KiB a call"
        ),
        Line(
            f"{ACTIVE} of them speak: frames lost, duplicated, reordered",
            f"{active.lost} / {active.duplicated} / {active.reordered}",
            "0 / 0 / 0",
            not (active.lost or active.duplicated or active.reordered),
            f"of {active.sent:,}; on the way p50 {latency.p50} ms, p99 {latency.p99} ms; {active.late} over 40 ms late",
        ),
    ]
