"""3,000 connections that make no call: all of them gone in time, and honest calls start meanwhile."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from tests.drills import Line
from tests.drills.attackers import KINDS, OPENED_WITHIN_S
from tests.drills.caller import media, start
from tests.drills.served import Served, serving

MANY = 1000
GONE_S = 6.0
HONEST_MS = 250
_EVERY_S = 0.05
_PATIENCE_S = 10.0  # of an honest caller
_DESCRIPTORS = MANY * len(KINDS) + 500


def run() -> list[Line]:
    """Attack, and call."""
    lacking = _raise_descriptors()
    if lacking:
        return [Line("connections that make no call", lacking, f"{_DESCRIPTORS} descriptors", False)]
    with serving("--echo") as served:
        return asyncio.run(_attack_and_call(served))


def _raise_descriptors() -> str | None:
    """Allow this process and its children as many descriptors as they need; return why not, None when it went."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < _DESCRIPTORS:
        return f"RLIMIT_NOFILE allows {hard} descriptors"
    if soft < _DESCRIPTORS:
        resource.setrlimit(resource.RLIMIT_NOFILE, (_DESCRIPTORS, hard))
    return None


async def _attack_and_call(served: Served) -> list[Line]:
    attackers = [sys.executable, "-m", "tests.drills.attackers", str(served.port), str(MANY)]
    process = await asyncio.create_subprocess_exec(*attackers, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    report = asyncio.ensure_future(process.stdout.read())
    calls: list[asyncio.Task[float | None]] = []
    async with asyncio.timeout(60):
        while not report.done():
            address = f"127.9.0.{len(calls) % 100 + 1}"  # not all from one, of which 20 may wait
            calls.append(asyncio.create_task(_start(served.url, f"CA{len(calls)}", address)))
            await asyncio.wait([report], timeout=_EVERY_S)
        took_ms = await asyncio.gather(*calls)
    await process.wait()
    lasted_s: dict[str, list[float]] = json.loads(report.result())
    return [_gone(kind, sorted(lasted_s[kind])) for kind in KINDS] + [_honest(took_ms, served.processor_s())]


async def _start(url: str, call_id: str, address: str) -> float | None:
    """Call from the TCP connection to the first echo; return how long that took in ms, None when it did not go."""
    began_s = time.monotonic()
    try:
        async with asyncio.timeout(_PATIENCE_S), connect(url, compression=None, local_addr=(address, 0)) as socket:
            await socket.send(start(call_id))
            await socket.send(media(call_id, b"\xff" * 160, 0))
            await socket.recv()
            return (time.monotonic() - began_s) * 1000
    except (WebSocketException, OSError):  # TimeoutError is one of these
        return None


def _gone(kind: str, lasted_s: list[float]) -> Line:
    return Line(
        f"{len(lasted_s)} {kind} connections, opened within {OPENED_WITHIN_S:.0f} s: gone after",
        f"median {lasted_s[len(lasted_s) // 2]:.2f} s, last {lasted_s[-1]:.2f} s",
        f"<= {GONE_S:.0f} s",
        len(lasted_s) == MANY and lasted_s[-1] <= GONE_S,
    )


def _honest(took_ms: list[float | None], processor_s: float) -> Line:
    started = sorted(ms for ms in took_ms if ms is not None)
    p99 = started[int(len(started) * 0.99)] if started else float("inf")
    return Line(
        f"{len(took_ms)} honest calls meanwhile: from connecting to the first echo",
        f"p50 {started[len(started) // 2] if started else p99:.0f} ms, p99 {p99:.0f} ms, "
        f"{len(took_ms) - len(started)} without; the server used {processor_s:.1f} s of a processor",
        f"p99 <= {HONEST_MS} ms, 0 without",
        len(started) == len(took_ms) and p99 <= HONEST_MS,
    )
