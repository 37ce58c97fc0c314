"""What timestamps say when the event loop stood still: time has passed, and nothing is missing in order."""

import asyncio
import collections
import contextlib
import itertools

import pytest

from phonewire import rtp
from phonewire.aio.call.call import Call
from phonewire.aio.call.engines import announce, call_settings, make_engine
from phonewire.jitter import FrameKind, JitterBuffer
from phonewire.protocols import twilio, voipbin
from phonewire.protocols.connection import Side

SPEECH = bytes(range(1, 161)) * 2  # 20 ms of anything but silence


class Listener:
    """The far end of a connection: keeps what comes, and when."""

    def __init__(self, transport):
        self.transport = transport
        self.heard = []

    async def run(self):
        loop = asyncio.get_running_loop()
        while not isinstance(item := await self.transport.inbox.get(), int):
            self.heard.append((round(loop.time() * 1000), item[0]))

    def packets(self):
        return [(at_ms, rtp.parse(data)) for at_ms, data in self.heard]


def voipbin_engine(side, wire="documented", encapsulation="rtp"):
    engine = voipbin.Connection(side, dialect=voipbin.DIALECTS[wire], encapsulation=encapsulation, call_id="c")
    engine.connected(0)
    return engine


def twilio_engine(side):
    engine = make_engine("twilio", side, media_format=None, message_bytes=65_536)
    if side is Side.CLIENT:
        announce(engine, "CA1", {})
    return engine


@contextlib.asynccontextmanager
async def calling(engine, transport, protocol="voipbin"):
    call = Call(engine, transport, call_settings(protocol, engine, engine.side))
    running = asyncio.create_task(call.run())
    await asyncio.sleep(0)
    try:
        yield call
    finally:
        await call.close()
        await running


async def speak_through_a_stall(call, stall_s):
    speaking = asyncio.create_task(call.write_payload(SPEECH * 150))
    await asyncio.sleep(1.0055)
    asyncio.get_running_loop().stall(stall_s)
    await speaking
    await call.drain()


def check_on_time(packets, a_ms):
    """Check that each came when its timestamp says; in the tick after a stall, up to 20 ms later."""
    at_ms, first = packets[0]
    late_ms = [sent_ms - at_ms - (packet.timestamp - first.timestamp) / a_ms for sent_ms, packet in packets]
    assert sum(late != 0 for late in late_ms) <= 1
    assert min(late_ms) == 0
    assert max(late_ms) < 20


@pytest.mark.parametrize("stall_ms", [150, 1000])
@pytest.mark.parametrize(("wire", "side", "a_ms"), [("tutorial", Side.CLIENT, 8), ("documented", Side.SERVER, 16)])
def test_timestamps_jump_by_what_the_schedule_moved_and_sequence_numbers_run_on(
    virtual, connection, stall_ms, wire, side, a_ms
):
    async def main():
        near, far = connection()
        listener = Listener(far)
        listening = asyncio.create_task(listener.run())
        async with calling(voipbin_engine(side, wire), near) as call:
            if side is Side.CLIENT:
                far.write(rtp.pack(b"\xff" * 160, payload_type=0, sequence_number=1, timestamp=0, ssrc=0), False)
            await asyncio.sleep(0.5)  # of silence
            await speak_through_a_stall(call, stall_ms / 1000)
            await asyncio.sleep(0.5)
            assert call.stats().schedule_shifts == 1
        await listening
        return listener.packets()[1:]  # the first one comes before the grid begins

    packets = virtual(main())
    numbers = [packet.sequence_number for _, packet in packets]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    steps = [later.timestamp - earlier.timestamp for (_, earlier), (_, later) in itertools.pairwise(packets)]
    (jump,) = {step for step in steps if step != 20 * a_ms}
    assert jump % (20 * a_ms) == 0, "the grid is kept"
    assert stall_ms - 40 < jump / a_ms - 20 <= stall_ms, "a stall begins and ends somewhere between two ticks"
    assert [packet.marker for _, packet in packets[1:]] == [step == jump for step in steps]
    check_on_time(packets, a_ms)


def test_silence_is_not_made_up_for(virtual, connection):
    async def main():
        near, far = connection()
        listener = Listener(far)
        listening = asyncio.create_task(listener.run())
        async with calling(voipbin_engine(Side.SERVER), near) as call:
            await asyncio.sleep(0.5055)
            asyncio.get_running_loop().stall(0.07)
            await asyncio.sleep(0.5)
            assert call.stats().schedule_shifts == 0
        await listening
        return listener.packets()[1:]

    packets = virtual(main())
    check_on_time(packets, 16)
    assert len({packet.sequence_number for _, packet in packets}) == len(packets)


@pytest.mark.parametrize("encapsulation", ["sln", "audiosocket"])
def test_what_has_no_timestamps_only_waits(virtual, connection, encapsulation):
    async def main():
        near, far = connection()
        listener = Listener(far)
        listening = asyncio.create_task(listener.run())
        async with calling(voipbin_engine(Side.SERVER, encapsulation=encapsulation), near) as call:
            await speak_through_a_stall(call, 0.15)
        await listening
        return [data for _, data in listener.heard if data[-320:] == SPEECH]

    assert len(virtual(main())) == 150


@pytest.mark.parametrize("stall_ms", [150, 1000])
def test_a_jitter_buffer_sees_a_gap_and_no_delay(virtual, connection, stall_ms):
    async def main():
        near, far = connection()
        listener = Listener(far)
        listening = asyncio.create_task(listener.run())
        client = voipbin_engine(Side.CLIENT)
        async with calling(voipbin_engine(Side.SERVER), near) as call:
            await asyncio.sleep(3)
            await speak_through_a_stall(call, stall_ms / 1000)
        await listening
        return [(at_ms, event) for at_ms, data in listener.heard for event in client.receive(data, text=False)]

    came = collections.deque(virtual(main()))
    buffer, heard = JitterBuffer(voipbin_engine(Side.CLIENT).media_format), []
    for now_ms in range(came[0][0], came[-1][0] + 1000):
        while came and came[0][0] <= now_ms:
            event = came.popleft()[1]
            buffer.put(
                event.payload,
                sequence_number=event.sequence_number,
                timestamp=event.timestamp,
                ssrc=event.ssrc,
                now_ns=now_ms * 1_000_000,
            )
        waiting = came or buffer.stats().received > buffer.stats().played
        if now_ms % 20 == 0 and waiting and (frame := buffer.pop(now_ms * 1_000_000)) is not None:
            heard.append((frame.kind, frame.payload))
    assert [payload for kind, payload in heard if kind is FrameKind.RECEIVED][-150:] == [SPEECH] * 150
    runs = [(kind, len(list(run))) for kind, run in itertools.groupby(kind for kind, _ in heard)]
    assert [kind for kind, _ in runs] == [FrameKind.RECEIVED, FrameKind.CONCEALED, FrameKind.RECEIVED]
    assert stall_ms - 40 < 20 * runs[1][1] <= stall_ms + 20
    stats = buffer.stats()
    assert (stats.lost, stats.late, stats.dropped, stats.jumps) == (0, 0, 0, 0)


@pytest.mark.parametrize("stall_ms", [150, 1000])
def test_frames_of_a_caller_that_stood_still_have_a_gap_of_silence(virtual, connection, stall_ms):
    """This side plays Twilio; the far end reads its timestamps."""

    async def main():
        near, far = connection()
        server = twilio_engine(Side.SERVER)
        listener = Listener(far)
        listening = asyncio.create_task(listener.run())
        async with calling(twilio_engine(Side.CLIENT), near, "twilio") as call:
            await speak_through_a_stall(call, stall_ms / 1000)
            await asyncio.sleep(2)  # nothing to say is no stall
            await call.write_payload(SPEECH)
            await call.drain()
            assert call.stats().schedule_shifts == 1
        await listening
        events = [event for _, data in listener.heard for event in server.receive(data, text=True)]
        return [event for event in events if isinstance(event, twilio.Media)]

    media = virtual(main())
    assert [event.chunk for event in media] == list(range(1, len(media) + 1))
    steps = [later.timestamp_ms - earlier.timestamp_ms for earlier, later in itertools.pairwise(media)]
    (jump,) = {step for step in steps if step != 20}
    assert steps.count(jump) == 1
    assert stall_ms - 40 < jump - 20 <= stall_ms
