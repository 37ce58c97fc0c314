"""Fifty Audio Connectors that speak and are interrupted, in real time: what was heard, and Genesys' limits.

Genesys is in the same process, so that both read one clock; a loop that is late makes both late.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
from dataclasses import dataclass, field

import phonewire
from benchmarks.floor import Floor
from phonewire.emulators.genesys import GenesysCaller
from phonewire.protocols import audiohook
from tests.drills import Line

SESSIONS = 50
SECONDS = 30
MOST_MS = 20.0
SPEECH = bytes(range(0x70)) * 150  # 2.1 s


@dataclass
class Met:
    """What was seen.

    Attributes:
        off_ms: by how much what `clear` said was off, at each barge-in.
        violations: messages beyond Genesys' limits, in words.
        errors: handlers that raised.
    """

    off_ms: list[float] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    errors: int = 0


def run() -> list[Line]:
    """Let them speak, and judge what was heard."""
    with Floor() as floor:
        met = asyncio.run(_meet())
    off_ms = sorted(met.off_ms) or [float("inf")]
    p99_ms, most_ms = off_ms[len(off_ms) * 99 // 100], MOST_MS + floor.lateness.p99_ms
    about = f"Audio Connector, {SESSIONS} sessions of {SECONDS} s, {len(met.off_ms):,} barge-ins"
    return [
        Line(f"{about}: messages beyond the limits", f"{len(met.violations)}", "0", not met.violations),
        Line(
            f"{about}: what was heard, off the truth, p50 / p99 / max",
            f"{off_ms[len(off_ms) // 2]:.1f} / {p99_ms:.1f} / {off_ms[-1]:.1f} ms",
            f"p99 <= {MOST_MS:.0f} ms + floor, {most_ms:.1f} ms",
            p99_ms <= most_ms and not met.errors,
        ),
    ]


async def _meet() -> Met:
    said: dict[str, list[int]] = {}

    async def speak(call: phonewire.Call) -> None:
        """Speak, and be interrupted, until the caller hangs up."""
        chance, heard_ms = random.Random(call.id), said.setdefault(call.id, [])
        with contextlib.suppress(phonewire.CallEndedError):
            while True:
                speaking = asyncio.create_task(call.write_payload(SPEECH[: chance.randrange(1600, len(SPEECH))]))
                await asyncio.sleep(chance.uniform(0.2, 2.5))
                speaking.cancel()
                await asyncio.wait([speaking])
                heard_ms.append(await call.clear())

    endpoint = phonewire.Endpoint("/audiohook", "audiohook-connector", auth=None)
    limits = phonewire.Limits(unauthenticated_per_address=SESSIONS)
    async with phonewire.serve(speak, endpoints=[endpoint], limits=limits) as server:
        async with contextlib.AsyncExitStack() as stack:
            callers = [await stack.enter_async_context(_genesys(server.url)) for _ in range(SESSIONS)]
            await asyncio.sleep(SECONDS)
        errors = server.handler_errors
    violations = [words for caller in callers for words in caller.violations]
    return Met([ms for caller in callers for ms in off_ms(said[caller.conversation_id], caller)], violations, errors)


def _genesys(url: str) -> GenesysCaller:
    return GenesysCaller(url + "/audiohook", dialect=audiohook.CONNECTOR, media=(audiohook.MediaOffer(),))


def off_ms(said_ms: list[int], caller: GenesysCaller) -> list[float]:
    """Return by how many ms each answer was off; the last one may have come too late to be heard.

    Raises:
        RuntimeError: one of them has no other side.
    """
    truth_ms = [after - before for before, after in itertools.pairwise([0.0, *caller.barge_ins])]
    if len(said_ms) - len(truth_ms) not in (0, 1):
        raise RuntimeError(f"{len(said_ms)} answers to {len(truth_ms)} barge-ins")
    return [abs(claimed - truth) for claimed, truth in zip(said_ms, truth_ms, strict=False)]
