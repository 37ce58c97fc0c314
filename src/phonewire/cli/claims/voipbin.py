"""A program dials VoIPBIN, in each encapsulation."""

from __future__ import annotations

import asyncio

import phonewire
from phonewire import Call, g711
from phonewire.cli.claims.claim import Claim, missing
from phonewire.emulators.voipbin import VoipbinCall

__all__ = ["check"]

_TOKEN = "the demo's token"  # noqa: S105 - a secret of nobody
_UNDER_WAY_S = 0.2  # what the network and a jitter buffer hold
_ENCAPSULATIONS = ("rtp", "sln", "audiosocket")


async def check(speech: bytes, *, fast: bool) -> list[Claim]:
    """Check that both sides hear each other at the same time, in one call an encapsulation."""
    samples = g711.ulaw_decode(speech[: 8 * (2000 if fast else 8000)])
    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(_check_call(samples, encapsulation)) for encapsulation in _ENCAPSULATIONS]
    return [call.result() for call in calls]


async def _check_call(speech: bytes, encapsulation: str) -> Claim:
    heard = bytearray()

    async def listen(call: Call) -> None:
        async for frame in call.frames():
            heard.extend(frame.pcm)

    async with (
        VoipbinCall(token=_TOKEN) as phone,
        phonewire.connect(phone.url(encapsulation), wire="documented") as call,
        asyncio.TaskGroup() as group,
    ):
        group.create_task(listen(call))
        group.create_task(call.write(speech))
        await phone.say(speech)
        await call.drain()
        await asyncio.sleep(_UNDER_WAY_S)
        stats = call.stats()
        await call.close()
    # A busy machine makes packets late, and the jitter buffer wait: then it leaves some out later, and says so. Some of
    # it may be the silence before the speech and behind it.
    missing_ms = missing(speech, bytes(heard))
    out = "equal" if speech in phone.heard else "different"
    return Claim(
        f"VoIPBIN, {encapsulation}: client and phone heard each other, sample for sample",
        f"{len(speech) // 16:,} ms each: {out} at the phone, {missing_ms:,} ms missing at the client, "
        f"{stats.skipped_ms:,} ms told as skipped",
        out == "equal" and missing_ms <= stats.skipped_ms and not (stats.lost_packets or stats.rejected),
    )
