"""A call over VoIPBIN's engine, on a clock that jumps: what the call layer makes of its audio and its slips."""

import asyncio
import contextlib
import math
import struct

import pytest

from phonewire import g711
from phonewire.aio.call.call import Call
from phonewire.aio.call.settings import CallSettings
from phonewire.aio.events import Discontinuity
from phonewire.aio.outbound.settings import OutboundSettings
from phonewire.protocols import voipbin
from phonewire.protocols.connection import EndReason, Side

SPEECH = struct.pack("=8000h", *(round(9000 * math.sin(n / 9)) for n in range(8000)))


@contextlib.asynccontextmanager
async def calling(transport, side, **options):
    """Run a call; yield it with the frames and events that come."""
    engine = voipbin.Connection(side, call_id="c", **options)
    engine.connected(0)
    outbound = OutboundSettings(frame_size=engine.media_format.bytes_per_ms * 20)
    call = Call(engine, transport, CallSettings(protocol="voipbin", outbound=outbound))
    frames, events = [], []

    async def read(source, into):
        async for item in source:
            into.append(item)

    tasks = [asyncio.create_task(coroutine) for coroutine in (
        call.run(), read(call.frames(), frames), read(call.events(), events)
    )]  # fmt: skip
    await asyncio.sleep(0)
    try:
        yield call, frames, events
    finally:
        await call.close()
        await asyncio.gather(*tasks)


@pytest.mark.parametrize("wire", ["tutorial", "documented", "deployed"])
@pytest.mark.parametrize("hears", ["the same", "auto"])
@pytest.mark.parametrize("encapsulation", voipbin.Encapsulation)
def test_speech_is_heard_without_a_gap(virtual, connection, wire, hears, encapsulation):
    dialect = voipbin.DIALECTS[wire]

    async def main():
        near, far = connection()
        options = {"encapsulation": encapsulation}
        async with (
            calling(near, Side.SERVER, dialect=dialect, **options) as (server, _, _),
            calling(far, Side.CLIENT, dialect=dialect if hears == "the same" else voipbin.AUTO, **options) as heard,
        ):
            client, frames, events = heard
            for _ in range(3):
                await server.write(SPEECH)
            await server.drain()
            await asyncio.sleep(1)  # what the jitter buffer holds comes, too
            audio = b"".join(frame.pcm for frame in frames)
            stats = client.stats()
        coded = dialect.encoding(encapsulation, Side.CLIENT) == "ulaw"
        expected = g711.ulaw_decode(g711.ulaw_encode(SPEECH)) if coded else SPEECH
        assert 3 * expected in audio
        assert not [event for event in events if isinstance(event, Discontinuity)]
        assert (stats.lost_packets, stats.rejected, stats.tolerated) == (0, {}, {})

    virtual(main())


def test_slips_are_heard_counted_and_told_once(virtual, connection):
    async def main():
        near, far = connection()
        async with calling(near, Side.SERVER, encapsulation="audiosocket") as (call, frames, events):
            for _ in range(5):
                far.write(SPEECH[:320], False)
            far.write(SPEECH, False)
            far.write(b"noise", False)
            await asyncio.sleep(0.1)
            assert b"".join(frame.pcm for frame in frames) == SPEECH[:320] * 5 + SPEECH
            assert call.stats().tolerated == {"headerless": 6, "long_message": 1}
            assert call.stats().rejected == {"bad_length": 1}
            assert [type(event).__name__ for event in events] == ["Detected", "Tolerated", "Tolerated", "Rejected"]

    virtual(main())


def test_a_vanished_connection_is_a_normal_end_to_a_client_that_has_heard_something(virtual, connection):
    async def main():
        near, far = connection()
        async with calling(near, Side.CLIENT, encapsulation="sln") as (call, _, _):
            far.write(SPEECH[:320], False)
            far.vanish()
            assert await call.wait_ended() is EndReason.STOPPED
            assert call.close_code == 1006

    virtual(main())
