"""What type checkers make of a program that has calls. Nobody runs this: `make types` reads it."""

from collections.abc import Set
from typing import Any, assert_type

import phonewire
from phonewire.protocols.connection import Media
from phonewire.stats import CallStats


async def handler(call: phonewire.Call) -> None:
    assert_type(call.id, str)
    assert_type(call.media_format, phonewire.MediaFormat)
    assert_type(call.end_reason, phonewire.EndReason | None)
    assert_type(call.tracks, tuple[str | None, ...])
    assert_type(call.stats(), CallStats)
    assert_type(call.stats().ms_in, int)
    async for frame in call.frames(ptime_ms=20, sample_rate_hz=16_000):
        assert_type(frame, Media)
        assert_type(frame.payload, bytes)
        assert_type(frame.pcm, bytes)
        assert_type(frame.timestamp_ms, int | None)
        await call.write(frame.pcm, sample_rate_hz=16_000)
    await call.write(memoryview(bytes(320)))
    await call.play("prompt.wav", loop=True)
    mark = call.mark("said")
    assert_type(mark, phonewire.Mark)
    assert_type(await mark, phonewire.MarkOutcome)
    assert_type(await call.clear(), int)
    assert_type(await call.wait_ended(), phonewire.EndReason)


async def listen(call: phonewire.Call) -> None:
    async for event in call.events():
        assert_type(event, Any)
        match event:
            case phonewire.Dtmf(digit):
                assert_type(digit, str)
            case phonewire.Quality():
                assert_type(event.harm, dict[str, int])
            case _:
                pass


async def server() -> None:
    endpoint = phonewire.Endpoint("/twilio", "twilio", auth=None, handler=handler)
    async with phonewire.serve(handler, "127.0.0.1", 0, endpoints=[endpoint]) as server:
        assert_type(server, phonewire.Server)
        assert_type(server.url, str)
        assert_type(server.port, int)
        assert_type(server.calls, Set[phonewire.Call])
        await server.serve_forever()
    async with phonewire.serve_audiosocket(handler, "127.0.0.1", 0, call_ids=None, addresses=None) as asterisk:
        assert_type(asterisk, phonewire.AudioSocketServer)


async def client(url: str) -> None:
    async with phonewire.connect(url, token="t", redial=phonewire.Redial(retries=3)) as call:
        assert_type(call, phonewire.Call)
    async with (
        phonewire.connect_audiosocket("127.0.0.1", 9092) as source,
        phonewire.connect(url, protocol="das-peak", call_id="4fd9e9af", headers={"apikey": "k"}) as sink,
    ):
        assert_type(await phonewire.bridge(source, sink), phonewire.BridgeResult)


async def conference(call: phonewire.Call) -> None:
    room = phonewire.Conference()
    await room.join(call, listen_only=True)
    assert_type(room.legs, tuple[phonewire.Call, ...])
    async for frame in room.frames(ptime_ms=20):
        assert_type(frame, Media)
