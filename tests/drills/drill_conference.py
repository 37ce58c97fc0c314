"""Fifty legs in a conference, over loopback from another process: stamped frames lost, and what mixing costs."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from typing import Any
from unittest import mock

import phonewire
from phonewire.aio.conference import conference as room
from tests.drills import Line

LEGS = 50
SECONDS = 60
MOST_SHARE = 0.02
PATH = "/v1.0/conferences/{id}/media_stream"
ROOM = "fifty"
_ABOUT = f"conference of {LEGS} legs, {SECONDS} s"


class Stopwatch:
    """How long functions keep a processor busy.

    Attributes:
        busy_s: all of them together, without what others did meanwhile.
    """

    def __init__(self) -> None:
        self.busy_s = 0.0

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return *function*, timed."""

        def timed(*args: Any) -> Any:
            began_s = time.thread_time()
            try:
                return function(*args)
            finally:
                self.busy_s += time.thread_time() - began_s

        return timed


def run() -> list[Line]:
    """Let them speak, and judge what they heard."""
    mixing, ticking = Stopwatch(), Stopwatch()
    with (
        mock.patch.object(room, "mix", mixing.around(room.mix)),
        mock.patch.object(room.Conference, "tick", ticking.around(room.Conference.tick)),
    ):
        met, mixed_s, missing_ms = asyncio.run(_meet())
    return [heard(met, missing_ms), mixing_cost(mixing.busy_s / mixed_s, ticking.busy_s / mixed_s)]


def heard(met: dict[str, int], missing_ms: int) -> Line:
    stamped = LEGS * (LEGS - 1) * SECONDS * 50
    return Line(
        f"{_ABOUT}: of {stamped:,} frames of one leg to another not heard; without jitter buffers; heard again",
        f"{met['lost']:,}; {met['lost_without_rtp']:,}; {met['again']:,}; late ones left gaps of"
        f" {missing_ms + met['concealed_ms']:,} ms in all",
        "0; 0; 0",
        met["lost"] == met["again"] == 0,
    )


def mixing_cost(share: float, whole: float) -> Line:
    return Line(
        f"{_ABOUT}: share of a core for mixing; the same with coding for each leg and queueing",
        f"{share:.2%}; {whole:.2%}",
        f"<= {MOST_SHARE:.0%} for mixing",
        share <= MOST_SHARE,
    )


async def _meet() -> tuple[dict[str, int], float, int]:
    """Return what the parties met, how long was mixed, and the gaps in what they said as it came here."""
    left: list[phonewire.LegLeft] = []
    mixed_s = 0.0

    async def listen(conference: phonewire.Conference) -> None:
        nonlocal mixed_s
        left.extend([event async for event in conference.events() if isinstance(event, phonewire.LegLeft)])
        mixed_s = conference.stats().mixed_ms / 1000

    listening: list[asyncio.Task[None]] = []
    conferences = phonewire.Conferences(began=lambda each: listening.append(asyncio.create_task(listen(each))))
    endpoint = phonewire.Endpoint(PATH, "voipbin", auth=None, handler=conferences.handler, wire="documented")
    limits = phonewire.Limits(unauthenticated_per_address=LEGS)
    async with (
        phonewire.serve(None, endpoints=[endpoint], limits=limits) as server,
        phonewire.serve_audiosocket(
            lambda call: conferences.join(call, ROOM), call_ids=None, addresses=["127.0.0.1"], limits=limits
        ) as tcp,
    ):
        url = server.url + PATH.replace("{id}", ROOM)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.drills.conference_legs", url, str(tcp.port), str(LEGS), str(SECONDS),
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"the parties ended with {process.returncode}")
    await asyncio.gather(*listening)
    return json.loads(output), mixed_s, sum(event.stats.missing_ms for event in left)
