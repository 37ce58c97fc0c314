"""Far ends that buffer nothing and send no marks back: AudioSocket's way, on a clock that jumps."""

import asyncio
import contextlib
import itertools

import pytest

from phonewire.aio.call.call import Call
from phonewire.aio.call.settings import CallSettings
from phonewire.aio.outbound.mark import MarkOutcome
from phonewire.aio.outbound.settings import OutboundSettings
from phonewire.errors import CallEndedError, LocalProtocolError
from phonewire.protocols import audiosocket
from phonewire.protocols.connection import EndReason, Media, Side

FRAME = 320
SILENCE = bytes(FRAME)
UUID = "12345678-1234-1234-1234-123456789abc"


def speech(frames, first=1):
    return b"".join(bytes([n % 100 + 1]) * FRAME for n in range(first, first + frames))


class Listener:
    """The far end: notes what comes when."""

    def __init__(self, transport):
        self.transport = transport
        self.engine = audiosocket.Connection(Side.CLIENT)
        self.engine.send(audiosocket.Start(UUID))
        self.heard = []

    async def run(self):
        loop = asyncio.get_running_loop()
        while not isinstance(message := await self.transport.inbox.get(), int):
            for event in self.engine.receive(message[0], text=message[1]):
                if isinstance(event, Media):
                    self.heard.append((round(loop.time() * 1000), event.payload))

    @property
    def said(self):
        return b"".join(payload for _, payload in self.heard if payload != SILENCE)


@contextlib.asynccontextmanager
async def on_the_line(connection, *, continuous=True, **settings):
    near, far = connection()
    listener = Listener(far)
    engine = audiosocket.Connection(Side.SERVER)
    for data, text in listener.engine.data_to_send():
        engine.receive(data, text=text)
    outbound = OutboundSettings(frame_size=FRAME, continuous=continuous, **settings)
    call = Call(engine, near, CallSettings(protocol="audiosocket", outbound=outbound))
    tasks = [asyncio.create_task(call.run()), asyncio.create_task(listener.run())]
    await asyncio.sleep(0)
    try:
        yield call, listener
    finally:
        await call.close()
        await asyncio.gather(*tasks)


def test_silence_comes_at_once_and_then_every_20_ms(virtual, connection):
    async def main():
        start_ms = round(asyncio.get_running_loop().time() * 1000)
        async with on_the_line(connection) as (call, listener):
            await asyncio.sleep(10.005)
            moments = [at_ms - start_ms for at_ms, _ in listener.heard]
            assert moments[0] == 0
            assert 20 <= moments[1] <= 40
            assert {later - earlier for earlier, later in itertools.pairwise(moments[1:])} == {20}
            assert {payload for _, payload in listener.heard} == {SILENCE}
            stats = call.stats()
            assert (stats.frames_out, stats.ms_out, stats.played_ms) == (0, 0, 0), "nothing was said"
            assert stats.silence_ms == 20 * len(moments)

    virtual(main())


def test_speech_takes_the_place_of_silence(virtual, connection):
    async def main():
        async with on_the_line(connection) as (call, listener):
            await asyncio.sleep(1.005)
            await call.write_payload(speech(25))
            await asyncio.sleep(2)
            await call.write_payload(speech(5, first=50))
            await call.drain()
            await asyncio.sleep(1)
            assert listener.said == speech(25) + speech(5, first=50)
            moments = [at_ms for at_ms, _ in listener.heard[1:]]
            assert {later - earlier for earlier, later in itertools.pairwise(moments)} == {20}
            assert call.played_ms == 600
            assert call.stats().schedule_shifts == 0

    virtual(main())


def test_silence_goes_on_after_a_clear_and_stops_with_the_call(virtual, connection):
    async def main():
        async with on_the_line(connection) as (call, listener):
            await call.write_payload(speech(50))
            await asyncio.sleep(0.505)
            await call.clear()
            spoken = len(listener.heard)
            await asyncio.sleep(1)
            assert [payload for _, payload in listener.heard[spoken:]] == [SILENCE] * 50
            await call.close()
            total = len(listener.heard)
            await asyncio.sleep(1)
            assert len(listener.heard) == total

    virtual(main())


def test_no_silence_where_nobody_waits_for_it(virtual, connection):
    async def main():
        async with on_the_line(connection, continuous=False) as (call, listener):
            await asyncio.sleep(5)
            await call.write_payload(speech(2))
            await asyncio.sleep(5)
            assert [payload for _, payload in listener.heard] == [speech(1), speech(1, first=2)]

    virtual(main())


@pytest.mark.parametrize("continuous", [True, False])
def test_clear_counts_what_was_sent_because_it_is_heard(virtual, connection, continuous):
    async def main():
        async with on_the_line(connection, continuous=continuous) as (call, listener):
            await call.write_payload(speech(90))
            await asyncio.sleep(0.705)
            assert await call.clear() == len(listener.said) // 16
            assert 660 <= len(listener.said) // 16 <= 720
            await asyncio.sleep(1)
            assert await call.clear() == 0
            stats = call.stats()
            assert stats.ms_out + stats.cleared_ms == 1800

    virtual(main())


@pytest.mark.parametrize("continuous", [True, False])
def test_marks_go_by_this_side_s_own_count(virtual, connection, continuous):
    async def main():
        loop = asyncio.get_running_loop()
        async with on_the_line(connection, continuous=continuous) as (call, listener):
            before = call.mark("before everything")
            await call.write_payload(speech(50))
            said = call.mark("said")
            await call.write_payload(speech(50))
            cleared = call.mark("cleared")
            assert await before is MarkOutcome.PLAYED
            assert await said is MarkOutcome.PLAYED
            last_ms = next(at_ms for at_ms, payload in listener.heard if payload == speech(1, first=50))
            assert round(loop.time() * 1000) - last_ms == 20, "when the last frame before it has been played"
            await call.clear()
            assert await cleared is MarkOutcome.CLEARED
            never = call.mark("never")
            await call.close()
            assert await never in (MarkOutcome.ENDED, MarkOutcome.PLAYED)

    virtual(main())


def test_what_goes_out_without_pace_has_neither_clear_nor_marks(virtual, connection):
    async def main():
        async with on_the_line(connection, continuous=False, paced=False) as (call, _):
            with pytest.raises(LocalProtocolError, match="takes no clear"):
                await call.clear()
            with pytest.raises(LocalProtocolError, match="takes no marks"):
                call.mark("m")

    virtual(main())


def test_after_the_end_there_is_neither(virtual, connection):
    async def main():
        async with on_the_line(connection) as (call, _):
            await call.close()
            with pytest.raises(CallEndedError) as caught:
                await call.clear()
            assert caught.value.reason is EndReason.CLOSED
            with pytest.raises(CallEndedError):
                call.mark("m")

    virtual(main())


@pytest.mark.parametrize("queue_policy", ["wait", "drop-oldest"])
def test_a_queue_that_is_shorter_than_a_frame_takes_audio(virtual, connection, queue_policy):
    async def main():
        settings = {"paced": False, "pad": False, "queue_ms": 20, "queue_policy": queue_policy}
        async with on_the_line(connection, continuous=False, **settings) as (call, listener):
            call._outbound.writer._framer._frame_size = 5 * FRAME  # as das-Peak's pieces of 96 ms
            for _ in range(50):
                await asyncio.wait_for(call.write_payload(speech(3)[:-2]), 1)
            await call.drain()
            await asyncio.sleep(0)
            assert len(listener.said) == 50 * (3 * FRAME - 2)

    virtual(main())
