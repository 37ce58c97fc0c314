"""A hundred stereo Monitor sessions of Genesys: every sample of both voices, media time, and how soon pongs come.

Another process speaks, as long as `SECONDS` says, and tells with each ping how long the answer to the one before took.
"""

from __future__ import annotations

import asyncio
import os
import sys
from base64 import b64encode
from dataclasses import dataclass, field

import numpy as np

import phonewire
from benchmarks.floor import Floor
from phonewire.auth import AudioHookSignature
from phonewire.protocols import audiohook
from tests.drills import Line
from tests.drills.genesys import KEY, SECRET, VOICES, voice

SESSIONS = 100
SECONDS = 60
MOST_MS = 50.0
_KEY, _SECRET = "the drill's", b64encode(b"the drill's own secret").decode()


@dataclass
class Met:
    """What the server met.

    Attributes:
        sessions: that ended as they should.
        wrong: bytes that were lost, swapped, or of another voice.
        drift_ms: of the session in which media time was furthest off, ever.
        pongs_ms: how long answers to pings took.
    """

    sessions: int = 0
    wrong: int = 0
    drift_ms: float = 0.0
    pongs_ms: list[float] = field(default_factory=list)


def run() -> list[Line]:
    """Let them speak, and judge what came."""
    with Floor() as floor:
        met = asyncio.run(_meet())
    pongs_ms = sorted(met.pongs_ms) or [float("inf")]
    p99_ms, most_ms = pongs_ms[len(pongs_ms) * 99 // 100], MOST_MS + floor.lateness.p99_ms
    about = f"AudioHook Monitor, {SESSIONS} stereo sessions of {SECONDS} s"
    return [
        Line(
            f"{about}: bytes lost or swapped of {SESSIONS * len(VOICES) * SECONDS * 8000:,}; sessions that ended well",
            f"{met.wrong:,}; {met.sessions}",
            f"0; {SESSIONS}",
            met.wrong == 0 and met.sessions == SESSIONS,
        ),
        Line(f"{about}: position drift, the most", f"{met.drift_ms:g} ms", "0 ms", met.drift_ms == 0),
        Line(
            f"{about}: {len(met.pongs_ms):,} pongs, p50 / p99 / max",
            f"{pongs_ms[len(pongs_ms) // 2]:.1f} / {p99_ms:.1f} / {pongs_ms[-1]:.1f} ms",
            f"p99 <= {MOST_MS:.0f} ms + floor, {most_ms:.1f} ms",
            p99_ms <= most_ms,
        ),
    ]


async def _meet() -> Met:
    met = Met()
    calls: dict[int, dict[str, bytearray]] = {}

    async def listen(call: phonewire.Call) -> None:
        heard = {name: bytearray() for name in VOICES}
        noting = asyncio.create_task(_note(call, met))
        async for frame in call.frames():
            heard[str(frame.track)] += frame.payload
        await noting
        met.sessions += call.end_reason is phonewire.EndReason.STOPPED
        calls[int(call.parameters["session"])] = heard

    endpoint = phonewire.Endpoint("/audiohook", "audiohook", auth=AudioHookSignature({_KEY: _SECRET}))
    limits = phonewire.Limits(unauthenticated_per_address=SESSIONS)
    async with phonewire.serve(listen, endpoints=[endpoint], limits=limits) as server:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.drills.genesys", server.url + "/audiohook", str(SESSIONS), str(SECONDS),
            env=os.environ | {KEY: _KEY, SECRET: _SECRET},
        )  # fmt: skip
        if await process.wait():
            raise RuntimeError(f"Genesys ended with {process.returncode}")
    met.wrong = sum(_wrong(session, heard) for session, heard in calls.items())
    return met


async def _note(call: phonewire.Call, met: Met) -> None:
    """Keep what pings tell, and the most that media time was off."""
    async for event in call.events():
        if isinstance(event, audiohook.Ping):
            met.drift_ms = max(met.drift_ms, call.stats().drift_ms)
            if event.rtt_us is not None:
                met.pongs_ms.append(event.rtt_us / 1000)


def _wrong(session: int, heard: dict[str, bytearray]) -> int:
    """Return how many bytes are not where they were said; silence before and behind was the caller's, too."""
    wrong = 0
    for place, name in enumerate(VOICES):
        said = np.frombuffer(voice(session, place, SECONDS), np.uint8)
        came = np.frombuffer(bytes(heard[name]).strip(b"\xff"), np.uint8)
        both = min(len(said), len(came))
        wrong += int((said[:both] != came[:both]).sum()) + max(len(said), len(came)) - both
    return wrong
