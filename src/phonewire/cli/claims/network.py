"""Twilio calls over a network that is slow, and breaks."""

from __future__ import annotations

import asyncio

import phonewire
from phonewire import Call, Endpoint
from phonewire.cli.claims.claim import Claim, lengthened
from phonewire.emulators.faulty_network import Faults, FaultyNetwork
from phonewire.emulators.twilio import TwilioCaller
from phonewire.stats import CallStats

__all__ = ["check"]

_PATH = "/twilio"
_SAID_MS = 6000


async def check(speech: bytes, *, fast: bool) -> list[Claim]:
    """Check that nothing is lost without being told."""
    speech = lengthened(speech, 8 * _SAID_MS)
    heard = bytearray()
    counted: asyncio.Future[CallStats] = asyncio.get_running_loop().create_future()

    async def talk(call: Call) -> None:
        async with asyncio.TaskGroup() as talking:
            talking.create_task(call.write_payload(speech))
            async for frame in call.frames():
                heard.extend(frame.payload)
        counted.set_result(call.stats())

    slow = Faults(delay_ms=(5, 60), dribble_bytes=200)
    breaks = Faults(delay_ms=(5, 60), dribble_bytes=200, cut_after_bytes=15_000 if fast else 60_000)
    async with (
        phonewire.serve(talk, endpoints=[Endpoint(_PATH, "twilio", auth=None)]) as server,
        FaultyNetwork(server.url, to_server=slow, to_client=breaks, seed=1) as network,
        TwilioCaller(network.url + _PATH) as caller,
    ):
        await caller.say(speech)
        await caller.wait_closed()
        stats = await counted
    sent_ms, unsent_ms = stats.ms_out, stats.unsent_ms
    intact = caller.said.startswith(heard) and speech.startswith(caller.heard)
    return [
        Claim(
            f"network that breaks: of {len(speech) // 8:,} ms said, sent and reported as unsent are all of it",
            f"{sent_ms:,} + {unsent_ms:,} = {sent_ms + unsent_ms:,} ms, close code {caller.close_code}",
            sent_ms + unsent_ms == len(speech) // 8 and unsent_ms > 0,
        ),
        Claim(
            "network that breaks: what came through, slow and in pieces, is right to the byte, both ways",
            f"{len(heard) // 8:,} and {caller.heard_ms:,.0f} ms {'equal' if intact else 'differ'}",
            intact and bool(heard and caller.heard),
        ),
    ]
