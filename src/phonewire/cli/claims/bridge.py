"""A live call of each platform is fed to a das-Peak consumer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import phonewire
from phonewire import BridgeResult, Call, Endpoint, g711
from phonewire.auth import ApiKey
from phonewire.cli.claims.claim import Claim
from phonewire.emulators.asterisk import AsteriskCaller
from phonewire.emulators.twilio import TwilioCaller
from phonewire.emulators.voipbin import VoipbinCall

__all__ = ["check"]

_API_KEY = "the demo's key"
_DAS_PEAK, _TWILIO = "/daspeak-stream/v1/twilio", "/twilio"

#: Calls somebody on a platform who says the µ-law that it is given, and bridges that call to what it is given.
_Platform = Callable[[bytes, AbstractAsyncContextManager[Call]], Awaitable[BridgeResult]]


async def check(speech: bytes, *, fast: bool) -> list[Claim]:
    """Check that the consumer gets what was said, closes when it has enough, and that this ends the call."""
    platforms: dict[str, _Platform] = {"Twilio": _twilio, "AudioSocket": _asterisk, "VoIPBIN": _voipbin}
    enough_ms = 1500 if fast else 6000
    async with asyncio.TaskGroup() as group:
        rows = [
            group.create_task(_check_platform(name, platform, speech[: 8 * (enough_ms + 500)], enough_ms))
            for name, platform in platforms.items()
        ]
    return [row.result() for row in rows]


async def _check_platform(name: str, platform: _Platform, speech: bytes, enough_ms: int) -> Claim:
    taken = bytearray()

    async def consume(call: Call) -> None:
        async for frame in call.frames():
            taken.extend(frame.payload)
            if len(taken) >= 8 * enough_ms:
                return

    endpoint = Endpoint(_DAS_PEAK, "das-peak", auth=ApiKey([_API_KEY]))
    async with phonewire.serve(consume, endpoints=[endpoint]) as server:
        result = await platform(speech, phonewire.connect(server.url + _DAS_PEAK, headers={"apikey": _API_KEY}))
    # A phone is silent before it speaks; the two codewords for zero are one sample.
    said, heard = (g711.ulaw_decode(audio).lstrip(b"\0") for audio in (speech, bytes(taken)))
    equal = said.startswith(heard) and len(heard) > 8 * enough_ms
    return Claim(
        f"bridge: what is said on a {name} call reaches das-Peak, sample for sample",
        f"{len(taken) // 8:,} ms taken, {len(heard) // 16:,} ms {'equal' if equal else 'different'}, "
        f"{result.to_sink.dropped_ms} ms dropped, {result.ended_by} {result.reason}",
        equal and not result.to_sink.dropped_ms and (result.ended_by, result.reason) == ("sink", "completed"),
    )


async def _twilio(speech: bytes, sink: AbstractAsyncContextManager[Call]) -> BridgeResult:
    bridging = _Bridging(sink)
    endpoint = Endpoint(_TWILIO, "twilio", auth=None)
    async with (
        phonewire.serve(bridging.take, endpoints=[endpoint]) as server,
        TwilioCaller(server.url + _TWILIO) as caller,
    ):
        await caller.say(speech)
        return await bridging.result


async def _asterisk(speech: bytes, sink: AbstractAsyncContextManager[Call]) -> BridgeResult:
    bridging = _Bridging(sink)
    async with (
        phonewire.serve_audiosocket(bridging.take, call_ids=None, addresses=["127.0.0.1"]) as server,
        AsteriskCaller("127.0.0.1", server.port) as caller,
    ):
        await caller.say(g711.ulaw_decode(speech))
        return await bridging.result


async def _voipbin(speech: bytes, sink: AbstractAsyncContextManager[Call]) -> BridgeResult:
    async with VoipbinCall() as phone, phonewire.connect(phone.url("sln"), wire="documented") as call:
        bridging = asyncio.create_task(phonewire.bridge(call, sink))
        await phone.say(g711.ulaw_decode(speech))
        return await bridging


class _Bridging:
    """Takes one call of a server, and tells how its bridge ended."""

    def __init__(self, sink: AbstractAsyncContextManager[Call]) -> None:
        self._sink = sink
        self.result: asyncio.Future[BridgeResult] = asyncio.get_running_loop().create_future()

    async def take(self, call: Call) -> None:
        self.result.set_result(await phonewire.bridge(call, self._sink))
