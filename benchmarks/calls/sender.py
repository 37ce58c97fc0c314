"""The process that is measured: a server that speaks on all its calls, and takes the time right after each write.

Prints its port; then "ready" when all calls are there; begins when it is sent a line; prints what it has used at the
end. The times of every call are written to a file.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import time
from array import array
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np

import phonewire
from benchmarks.rows import noise
from phonewire import Call
from phonewire.aio.pacing import PTIME_MS
from phonewire.aio.server.endpoint import Handler

SAMPLES_A_SECOND = 8000


class Stamps:
    """When each frame of a call was sent, and when it was due; made before, so that nothing is allocated meanwhile."""

    def __init__(self, frames: int) -> None:
        self.sent_ns = array("q", bytes(8 * frames))
        self.plays_ns = array("q", bytes(8 * frames))
        self.count = 0

    def take(self, frame: bytes, plays_ns: int) -> None:
        """Take the time; told by the call right after the write."""
        if frame:
            self.sent_ns[self.count] = time.monotonic_ns()
            self.plays_ns[self.count] = plays_ns
            self.count += 1


class Speaker:
    """Speaks on every call that comes, from when all are there."""

    def __init__(self, calls: int, seconds: int) -> None:
        self.stamps: list[Stamps] = []
        self.shifts = 0
        self.ready = asyncio.Event()
        self.go = asyncio.Event()
        self.done = asyncio.Event()
        self._calls, self._seconds, self._over = calls, seconds, 0
        self._second = noise(SAMPLES_A_SECOND)

    async def handle(self, call: Call) -> None:
        """Say *seconds* of noise, a second at a time, as a synthesiser would."""
        stamps = Stamps(self._seconds * 1000 // PTIME_MS)
        self.stamps.append(stamps)
        call._outbound.listeners.append(stamps.take)
        place = len(self.stamps)
        if place == self._calls:
            self.ready.set()
        await self.go.wait()
        await asyncio.sleep(place / self._calls)  # calls do not begin all at once
        for _ in range(self._seconds):
            await call.write(self._second)
        await call.drain()
        self.shifts += call.stats().schedule_shifts
        self._over += 1
        if self._over == self._calls:
            self.done.set()


@contextlib.asynccontextmanager
async def serving(handler: Handler, calls: int, under: str) -> AsyncIterator[int]:
    """Take so many calls, by ourselves on websockets or picows, or under uvicorn; yield the port."""
    limits = phonewire.Limits(unauthenticated_per_address=calls, media_idle_s=None, max_call_seconds=None, calls=calls)
    endpoint = phonewire.Endpoint("/twilio", "twilio", auth=None)
    if under == "uvicorn":
        from benchmarks.calls.servers.uvicorn_server import under_uvicorn

        async with under_uvicorn(phonewire.asgi([endpoint], handler=handler, limits=limits)) as port:
            yield port
    else:
        async with phonewire.serve(handler, endpoints=[endpoint], limits=limits, transport=under) as server:
            yield server.port


async def measure(calls: int, seconds: int, under: str, out: Path) -> None:
    """Serve once."""
    speaker = Speaker(calls, seconds)
    async with serving(speaker.handle, calls, under) as port:
        print(port, flush=True)
        await speaker.ready.wait()
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        cpu_s, began_s = time.process_time(), time.monotonic()
        speaker.go.set()
        await speaker.done.wait()
        used = {
            "cpu_s": time.process_time() - cpu_s,
            "seconds": time.monotonic() - began_s,
            "shifts": speaker.shifts,
        }
        print(json.dumps(used), flush=True)
    np.savez(
        out,
        sent_ns=np.array([stamps.sent_ns for stamps in speaker.stamps]),
        plays_ns=np.array([stamps.plays_ns for stamps in speaker.stamps]),
        count=np.array([stamps.count for stamps in speaker.stamps]),
    )


def main() -> None:
    """Take the arguments."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calls.sender", description=__doc__)
    parser.add_argument("--calls", type=int, required=True)
    parser.add_argument("--seconds", type=int, required=True)
    parser.add_argument("--loop", choices=["asyncio", "uvloop"], required=True)
    parser.add_argument("--under", choices=["websockets", "picows", "uvicorn"], default="websockets")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    if arguments.loop == "uvloop":
        from uvloop import new_event_loop
    else:
        from asyncio import new_event_loop
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        bounded = asyncio.wait_for(
            measure(arguments.calls, arguments.seconds, arguments.under, arguments.out), 2 * arguments.seconds + 60
        )
        runner.run(bounded)


if __name__ == "__main__":
    main()
