"""A bot speaks with Genesys' caller, who interrupts it."""

from __future__ import annotations

import asyncio

import phonewire
from phonewire import Call, Endpoint
from phonewire.cli.claims.claim import Claim
from phonewire.emulators.genesys import CUSTOMER, GenesysCaller
from phonewire.protocols import audiohook

__all__ = ["check"]

_PATH = "/audiohook-connector"
_BARGE_IN_AFTER_S = 2.5


async def check(speech: bytes, *, fast: bool) -> list[Claim]:
    """Check that the bot is heard, within Genesys' limits, and that it knows how much of it."""
    known_ms: list[int] = []

    async def talk(call: Call) -> None:
        talking = asyncio.create_task(call.write_payload(speech))
        await asyncio.sleep(_BARGE_IN_AFTER_S)
        known_ms.append(await call.clear())
        await talking

    endpoint = Endpoint(_PATH, "audiohook-connector", auth=None)
    async with (
        phonewire.serve(talk, endpoints=[endpoint]) as server,
        GenesysCaller(server.url + _PATH, dialect=audiohook.CONNECTOR, media=CUSTOMER) as caller,
    ):
        await caller.wait_closed()
    truth_ms, heard = caller.barge_ins[0], bytes(caller.heard)
    difference_ms = known_ms[0] - truth_ms
    same = "equal" if heard and speech.startswith(heard) else "different"
    return [
        Claim(
            "Genesys Audio Connector, barge-in after 2.5 s: milliseconds heard, right to ±20",
            f"server says {known_ms[0]:,}, the caller heard {truth_ms:,.1f} ({difference_ms:+.1f})",
            abs(difference_ms) <= 20,
        ),
        Claim(
            "Genesys Audio Connector: what is heard is what was said, in messages that Genesys takes",
            f"{len(heard) // 8:,} ms {same}, {len(caller.violations)} limits exceeded",
            same == "equal" and not caller.violations,
        ),
    ]
