"""What an idle call keeps: memory of a server with many calls that have begun and say nothing, over that of none."""

from __future__ import annotations

import asyncio
from typing import Any

import uvloop

from benchmarks.calls.limit import Allows, anytime
from benchmarks.calls.served import EchoServer, NotInstalledError
from benchmarks.calls.servers import BARE, in_turn
from benchmarks.calls.table import NOT_MEASURED, Line, show
from phonewire.load.caller import STOPPED
from phonewire.load.generator import Generator, Load

__all__ = ["run"]

CALLS = 500
WARM = 100  # what is loaded and kept with the first calls
A_SECOND = 250
MOST_KIB = 24


def measure(name: str) -> float:
    """Return KiB a call.

    Raises:
        NotInstalledError: what the server is made of is not there.
    """
    with EchoServer(name) as server:
        uvloop.run(_calls(server, WARM))
        return uvloop.run(_calls(server, CALLS)) / 1024 / CALLS


async def _calls(server: EchoServer, calls: int) -> float:
    """Return by how many bytes the server grows with so many calls."""
    before = server.used(settled=True)["resident_bytes"]
    ramp_s = calls / A_SECOND
    generator = Generator(Load(url=server.url, calls=calls, ramp_s=ramp_s, seconds=0.02, quiet_s=60))
    calling = asyncio.create_task(generator.run())
    await asyncio.sleep(ramp_s + 1)
    grown = server.used(settled=True)["resident_bytes"] - before
    calling.cancel()
    await asyncio.wait([calling])
    if (ends := generator.result().ends) != {STOPPED: calls}:
        raise RuntimeError(f"calls ended before that: {ends}")
    return float(grown)


def run(allows: Allows = anytime) -> tuple[bool, dict[str, Any]]:
    """Measure, and print; return whether no goal was missed, and every number."""
    kib: dict[str, float] = {}
    for name in in_turn(BARE):
        try:
            kib[name] = measure(name)
        except NotInstalledError as error:
            print(f"{name} is left out: {error}", flush=True)
    lines = [Line(f"{name}, memory an idle call", f"{number:.1f} KiB") for name, number in kib.items()]
    for ours, bare in BARE.items():
        what, goal = f"{ours} over {bare}, an idle call", f"<= {MOST_KIB} KiB"
        if {ours, bare} <= kib.keys():
            over = kib[ours] - kib[bare]
            lines.append(Line(what, f"{over:.1f} KiB", goal, over <= MOST_KIB))
        else:
            lines.append(Line(what, NOT_MEASURED, goal))
    return show(lines), {"kib": kib}
