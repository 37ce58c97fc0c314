"""AudioSocket calls from a model of Asterisk: how soon it hears something, and whether a frame ever comes in halves."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import phonewire
from benchmarks.floor import Floor
from tests.drills import Line

CALLS = 1000
FRAMES = 100_000
MOST_MS = 25.0


def run() -> list[Line]:
    """Let it call, and judge what it met."""
    with Floor() as floor:
        met = asyncio.run(_meet())
    times_ms, most_ms = met["first_ms"], MOST_MS + floor.lateness.max_ms
    return [
        Line(
            f"AudioSocket, first frame after the UUID in {len(times_ms)} calls, p50 / p99 / max",
            f"{times_ms[len(times_ms) // 2]:.1f} / {times_ms[len(times_ms) * 99 // 100]:.1f} / {times_ms[-1]:.1f} ms",
            f"<= {MOST_MS:.0f} ms + floor, {most_ms:.1f} ms, in all of {CALLS}",
            len(times_ms) >= CALLS and times_ms[-1] <= most_ms,
        ),
        Line(
            f"AudioSocket, frames of {FRAMES} whose rest came over 5 ms late",
            f"{met['stalls']}",
            "0",
            met["stalls"] == 0,
        ),
    ]


async def _meet() -> Any:
    async def listen(call: phonewire.Call) -> None:
        await call.wait_ended()

    limits = phonewire.Limits(media_idle_s=None, unauthenticated_per_address=1000)
    async with phonewire.serve_audiosocket(listen, call_ids=None, addresses=["127.0.0.1"], limits=limits) as server:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.drills.asterisk", str(server.port), str(CALLS), str(FRAMES),
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"the model of Asterisk ended with {process.returncode}")
    return json.loads(output)
