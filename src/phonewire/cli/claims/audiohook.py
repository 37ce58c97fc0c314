"""Genesys lets a program listen to a call, both voices of it."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path
from tempfile import TemporaryDirectory

import phonewire
from phonewire import Call, Endpoint, g711
from phonewire.cli.claims.claim import Claim
from phonewire.emulators.genesys import GenesysCaller

__all__ = ["check"]

_PATH = "/audiohook"


async def check(speech: bytes, *, fast: bool) -> list[Claim]:
    """Check that both voices come apart, in their time, and are recorded so."""
    customer = speech[: 8 * (3000 if fast else 8000)]
    agent = customer[::-1]
    heard = {"external": bytearray(), "internal": bytearray()}
    calls: list[Call] = []

    async def monitor(call: Call) -> None:
        calls.append(call)
        call.record(directory, encoding="s16", tracks="separate", sidecar=False)
        async for frame in call.frames():
            heard[str(frame.track)] += frame.payload

    with TemporaryDirectory() as directory:
        async with (
            phonewire.serve(monitor, endpoints=[Endpoint(_PATH, "audiohook", auth=None)]) as server,
            GenesysCaller(server.url + _PATH) as caller,
        ):
            await caller.say(customer, agent)
            await caller.hang_up()
        recorded = await asyncio.to_thread(_recorded, Path(directory))
    truth = bytes(caller.said)
    wrong = sum(bytes(heard[name]) != truth[place::2] for place, name in enumerate(heard))
    drift_ms = calls[0].stats().drift_ms
    same = "equal" if recorded == g711.ulaw_decode(truth) else "different"
    return [
        Claim(
            "Genesys AudioHook: the customer and the agent are heard apart, byte for byte, and nothing drifts",
            f"{len(truth) // 16:,} ms of 2 voices, {wrong} of them different, position drift {drift_ms:g} ms",
            not wrong
            and truth.startswith(bytes(both for pair in zip(customer, agent, strict=True) for both in pair))
            and drift_ms == 0,
        ),
        Claim(
            "Genesys AudioHook: the recording has the customer left and the agent right, sample for sample",
            f"{len(recorded) // 32:,} ms in stereo, {same}",
            same == "equal",
        ),
    ]


def _recorded(directory: Path) -> bytes:
    """Return the samples of the one recording in *directory*, which has two channels."""
    (path,) = directory.glob("*.wav")
    with wave.open(str(path), "rb") as file:
        return file.readframes(file.getnframes()) if file.getnchannels() == 2 else b""
