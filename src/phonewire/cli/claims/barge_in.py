"""Twilio calls a bot that is interrupted while it speaks."""

from __future__ import annotations

import asyncio

import phonewire
from phonewire import Call, Endpoint
from phonewire.cli.claims.claim import Claim
from phonewire.emulators.twilio import TwilioCaller

__all__ = ["check"]

_PATH = "/twilio"
_BARGE_IN_AFTER_S = 3.0


async def check(speech: bytes, *, fast: bool) -> list[Claim]:
    """Check that `clear` tells how much was heard."""
    said_ms: list[int] = []

    async def talk(call: Call) -> None:
        talking = asyncio.create_task(call.write_payload(speech))
        await asyncio.sleep(_BARGE_IN_AFTER_S)
        said_ms.append(await call.clear())
        await talking

    endpoint = Endpoint(_PATH, "twilio", auth=None)
    async with phonewire.serve(talk, endpoints=[endpoint]) as server, TwilioCaller(server.url + _PATH) as caller:
        await caller.wait_closed()
        truth_ms = caller.clears[0]
    difference_ms = said_ms[0] - truth_ms
    return [
        Claim(
            "Twilio barge-in after 3 s: milliseconds heard, right to ±20",
            f"server says {said_ms[0]:,}, the phone heard {truth_ms:,.1f} ({difference_ms:+.1f})",
            abs(difference_ms) <= 20,
        )
    ]
