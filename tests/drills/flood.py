"""A flood of connections that make no call, honest calls that start meanwhile, and what both came to."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from tests.drills import Line
from tests.drills.attackers import KINDS
from tests.drills.caller import media, start
from tests.drills.served import Served

__all__ = ["MANY", "Flood", "flood", "lines", "most_at_once"]

MANY = 1000  # of each kind
GONE_S = 6.0
HONEST_MS = 250
_EVERY_S = 0.05
_PATIENCE_S = 10.0  # of an honest caller
_DESCRIPTORS = MANY * len(KINDS) + 500

Span = tuple[float, float]


@dataclass(frozen=True)
class Flood:
    """What came of it.

    Attributes:
        within_s: connections were opened.
        there_s: from when to when each was, by kind.
        started_ms: how long each honest call took to hear something; None for one that did not.
        processor_s: that the server kept busy.
    """

    within_s: float
    there_s: dict[str, list[Span]]
    started_ms: list[float | None]
    processor_s: float


def flood(serving: AbstractContextManager[Served], within_s: float) -> Flood:
    """Start a server, open `MANY` connections of each kind within so many seconds, and call until all are gone.

    Raises:
        RuntimeError: this process may not have so many descriptors, or the attackers failed.
    """
    _raise_descriptors()
    with serving as served:
        return asyncio.run(_attack_and_call(served, within_s))


def _raise_descriptors() -> None:
    """Allow this process, and those that it starts from now on, as many descriptors as they need."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < _DESCRIPTORS:
        raise RuntimeError(f"RLIMIT_NOFILE allows {hard} descriptors, this needs {_DESCRIPTORS}")
    if soft < _DESCRIPTORS:
        resource.setrlimit(resource.RLIMIT_NOFILE, (_DESCRIPTORS, hard))


async def _attack_and_call(served: Served, within_s: float) -> Flood:
    attackers = [sys.executable, "-m", "tests.drills.attackers", str(served.port), str(MANY), str(within_s)]
    process = await asyncio.create_subprocess_exec(*attackers, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    report = asyncio.ensure_future(process.stdout.read())
    calls: list[asyncio.Task[float | None]] = []
    async with asyncio.timeout(60):
        while not report.done():
            address = f"127.9.0.{len(calls) % 100 + 1}"  # not all from one, of which 20 may wait
            calls.append(asyncio.create_task(_start(served.url, f"CA{len(calls)}", address)))
            await asyncio.wait([report], timeout=_EVERY_S)
        started_ms = await asyncio.gather(*calls)
    if await process.wait():
        raise RuntimeError(f"the attackers ended with {process.returncode}")
    return Flood(within_s, json.loads(report.result()), started_ms, served.processor_s())


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


def most_at_once(spans: Iterable[Span]) -> int:
    """Return how many overlap at most."""
    changes = sorted(change for began_s, ended_s in spans for change in ((began_s, 1), (ended_s, -1)))
    most = there = 0
    for _, change in changes:
        there += change
        most = max(most, there)
    return most


def lines(found: Flood) -> list[Line]:
    """Judge how soon each kind was gone, and how soon honest calls started."""
    return [_gone(kind, found) for kind in KINDS] + [_honest(found)]


def _gone(kind: str, found: Flood) -> Line:
    lasted_s = sorted(ended_s - began_s for began_s, ended_s in found.there_s[kind])
    return Line(
        f"{len(lasted_s)} {kind} connections, opened within {found.within_s:.0f} s: gone after",
        f"median {lasted_s[len(lasted_s) // 2]:.2f} s, last {lasted_s[-1]:.2f} s",
        f"<= {GONE_S:.0f} s",
        len(lasted_s) == MANY and lasted_s[-1] <= GONE_S,
    )


def _honest(found: Flood) -> Line:
    took_ms = found.started_ms
    started = sorted(ms for ms in took_ms if ms is not None)
    p99 = started[int(len(started) * 0.99)] if started else float("inf")
    return Line(
        f"{len(took_ms)} honest calls meanwhile: from connecting to the first echo",
        f"p50 {started[len(started) // 2] if started else p99:.0f} ms, p99 {p99:.0f} ms, "
        f"{len(took_ms) - len(started)} without; the server used {found.processor_s:.1f} s of a processor",
        f"p99 <= {HONEST_MS} ms, 0 without",
        len(started) == len(took_ms) and p99 <= HONEST_MS,
    )
