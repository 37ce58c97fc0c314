"""RTP that comes over a network which loses, delays and reorders: what a call makes of it, on a fake clock."""

import asyncio
import contextlib
import random

import pytest

from phonewire import rtp
from phonewire.aio.call.call import Call
from phonewire.aio.call.settings import CallSettings
from phonewire.aio.events import Discontinuity
from phonewire.aio.faults import injected
from phonewire.aio.inbound.playout import Playout
from phonewire.aio.outbound.settings import OutboundSettings
from phonewire.aio.pacing import ticker
from phonewire.aio.transports.transport import TransportClosed
from phonewire.protocols import voipbin
from phonewire.protocols.connection import EndReason, MediaFormat, RtpMedia, Side

STEP = 160
SILENCE = bytes([0xFF]) * 160


class Wire:
    """A network that brings messages when a test says so."""

    peer = "wire"
    buffered_bytes = 0

    def __init__(self):
        self.inbox = asyncio.Queue()

    async def receive(self, take=None):
        item = await self.inbox.get()
        if item is None:
            raise TransportClosed(1006)
        return item, False

    def write(self, data, text):
        return True

    async def drain(self):
        pass

    async def close(self, code=1000, reason=""):
        self.inbox.put_nowait(None)

    def bring(self, number, *, start=1):
        """Bring packet *number*, whose payload tells its number."""
        packet = rtp.pack(
            payload(number), payload_type=0, sequence_number=(start + number) % 65536, timestamp=STEP * (number + 1),
            ssrc=0,
        )  # fmt: skip
        self.inbox.put_nowait(packet)

    def bring_later(self, number, after_s):
        asyncio.get_running_loop().call_later(after_s, self.bring, number)


def payload(number):
    return bytes([number & 0x7F, number >> 7]) + bytes([0x20]) * 158


def number_of(frame):
    return frame.payload[0] | frame.payload[1] << 7


@contextlib.asynccontextmanager
async def on_the_wire(**settings):
    """Set up a client's call with VoIPBIN, as the tutorial has it: RTP with µ-law."""
    wire = Wire()
    engine = voipbin.Connection(Side.CLIENT, dialect=voipbin.DIALECTS["tutorial"], encapsulation="rtp", call_id="c")
    outbound = OutboundSettings(paced=True, queue_ms=2000, queue_policy="wait", lead_ms=0, frame_size=160, pad=True)
    call = Call(engine, wire, CallSettings(protocol="voipbin", outbound=outbound, **settings))
    run = asyncio.create_task(call.run())
    try:
        yield call, wire
    finally:
        await call.close()
        await run


@contextlib.asynccontextmanager
async def hearing(call):
    """Collect the frames of a call into a list, which is complete behind the block."""
    heard = []

    async def listen():
        async for frame in call.frames():
            heard.append(frame)  # noqa: PERF401 - while the call goes on

    task = asyncio.create_task(listen())
    await asyncio.sleep(0)
    try:
        yield heard
    finally:
        await call.close()
        await task


async def read_events(call):
    return [event async for event in call.events()]


def members():
    return len(ticker()._slot_of)


@pytest.mark.parametrize("phase_ms", range(0, 20, 3))
def test_a_good_line_comes_through_untouched(virtual, phase_ms):
    async def main():
        ticker()
        await asyncio.sleep((phase_ms + 0.5) / 1000)
        async with on_the_wire() as (call, wire), hearing(call) as heard:
            for number in range(500):
                wire.bring(number)
                await asyncio.sleep(0.02)
        assert [number_of(frame) for frame in heard] == list(range(500))
        assert [frame.timestamp_ms for frame in heard] == [20 * number for number in range(500)]
        stats = call.stats()
        assert (stats.frames_in, stats.lost_packets, stats.concealed_ms, stats.skipped_ms) == (500, 0, 0, 0)

    virtual(main())


def test_loss_is_concealed_order_restored_and_both_counted(virtual):
    async def main():
        ticker()
        await asyncio.sleep(0.019)  # packets come 1 ms before the tick
        async with on_the_wire() as (call, wire), hearing(call) as heard:
            for number in range(200):
                if number != 50:
                    wire.bring_later(number, 0.0205 if number % 40 == 7 else 0)
                if number == 60:
                    wire.bring(number)
                await asyncio.sleep(0.02)
        assert [frame.timestamp_ms for frame in heard] == [20 * number for number in range(200)]
        numbers = [number_of(frame) for frame in heard]
        assert numbers[:50] + numbers[51:] == [number for number in range(200) if number != 50]
        assert heard[50].payload[:80] == payload(49)[:80]  # for 10 ms the last packet again
        stats = call.stats()
        assert (stats.frames_in, stats.lost_packets, stats.late_packets, stats.concealed_ms) == (200, 1, 0, 20)
        assert (stats.duplicate_packets, stats.playout_delay_ms) == (1, 21)
        assert 0 < stats.jitter_ms < 20

    virtual(main())


@pytest.mark.parametrize("seed", range(3))
def test_a_rough_network_is_heard_in_order_and_every_packet_is_accounted_for(virtual, seed):
    async def main():
        noise = random.Random(seed)
        async with on_the_wire() as (call, wire), hearing(call) as heard:
            for number in range(1000):
                if noise.random() < 0.95:
                    wire.bring_later(number, 0.05 + 0.1 * noise.random())
                await asyncio.sleep(0.02)
            await asyncio.sleep(1)
            stats = call.stats()
        played = [number_of(frame) for frame in heard if frame.payload == payload(number_of(frame))]
        assert sorted(set(played)) == played
        assert [frame.timestamp_ms for frame in heard] == [20 * number for number in range(len(heard))]
        elsewhere = stats.late_packets + stats.refused_packets + stats.duplicate_packets + stats.skipped_ms // 20
        assert len(played) + elsewhere == stats.frames_in > 900
        assert stats.concealed_ms == 20 * (len(heard) - len(played))

    virtual(main())


def test_when_the_call_ends_what_waits_is_heard(virtual):
    async def main():
        async with on_the_wire() as (call, wire), hearing(call) as heard:
            for number in range(10):
                wire.bring(number)
            await asyncio.sleep(0.001)
            assert heard == []
        assert [number_of(frame) for frame in heard] == list(range(10))
        assert members() == 0

    virtual(main())


def test_another_connection_goes_on_where_the_first_ended(virtual):
    async def main():
        played = []
        playout = Playout(MediaFormat(), played.append, played.append, played.append)
        for connection in range(2):
            for number in range(20):
                media = RtpMedia(payload(number), None, sequence_number=number + 1, timestamp=STEP * number)
                playout.take(media)
                await asyncio.sleep(0.02)
            playout.tear()
            assert playout.stats().restarts == connection
        playout.flush()
        assert members() == 0
        assert [number_of(media) for media in played] == 2 * list(range(20))
        assert [media.timestamp_ms for media in played] == [20 * number for number in range(40)]
        assert (playout.stats().played, playout.stats().concealed_ms) == (40, 0)
        playout.flush()
        assert len(played) == 40

    virtual(main())


def test_a_loop_that_was_busy_elsewhere_costs_no_audio(virtual):
    async def main():
        loop = asyncio.get_running_loop()
        async with on_the_wire() as (call, wire), hearing(call) as heard:
            number = 0
            while number < 200:
                wire.bring(number)
                number += 1
                await asyncio.sleep(0.02)
                if number in (50, 100, 170):
                    loop.stall(0.3)
                    await asyncio.sleep(0.0001)  # the tick comes before what came meanwhile is read
                    for meanwhile in range(16):
                        wire.bring(number + meanwhile)
                    number += 16
                    await asyncio.sleep(0.0199)
        assert [number_of(frame) for frame in heard] == list(range(number))
        assert call.stats().concealed_ms == 0

    virtual(main())


def test_a_tick_that_fails_ends_the_call(virtual):
    async def main():
        failures = []

        def fail_once(place):
            if place == "outbound.tick" and not failures:
                failures.append(place)
                raise MemoryError

        async with on_the_wire() as (call, wire), hearing(call) as heard:
            for number in range(30):
                wire.bring(number)
                with injected(fail_once) if number == 15 else contextlib.nullcontext():
                    await asyncio.sleep(0.02)
            assert (call.end_reason, call.stats().faults, members()) == (EndReason.FAILED, 1, 0)
        assert [number_of(frame) for frame in heard] == list(range(14)), "what was played by then"

    virtual(main())


def test_in_a_long_pause_the_clock_is_left_and_the_jump_is_told(virtual):
    async def main():
        async with on_the_wire() as (call, wire):
            reading = asyncio.create_task(read_events(call))
            async with hearing(call) as heard:
                for number in range(50):
                    wire.bring(number)
                    await asyncio.sleep(0.02)
                assert members() == 1
                await asyncio.sleep(10)
                assert members() == 0
                for number in range(550, 600):
                    wire.bring(number, start=1 - 500)
                    await asyncio.sleep(0.02)
                assert members() == 1
        jumps = [event for event in await reading if isinstance(event, Discontinuity)]
        again = next(frame for frame in heard if number_of(frame) == 550)
        assert [(jump.timestamp_ms, jump.filled_ms) for jump in jumps] == [(again.timestamp_ms, 5000)]
        assert jumps[0].missing_ms == pytest.approx(10_000, abs=60)
        assert again.timestamp_ms == pytest.approx(11_000, abs=60)
        assert call.stats().concealed_ms == 5000

    virtual(main())


def test_a_recording_has_what_is_played(virtual, tmp_path):
    async def main():
        async with on_the_wire() as (call, wire):
            recording = call.record(tmp_path / "call.wav", encoding="ulaw")
            async with hearing(call) as heard:
                for number in range(100):
                    if number % 10:
                        wire.bring(number)
                    await asyncio.sleep(0.02)
            await recording.closed()
        return b"".join(frame.payload for frame in heard)

    audio = virtual(main())
    recorded = (tmp_path / "call.wav").read_bytes()
    assert recorded[-len(audio) :] == audio


@pytest.mark.parametrize("encapsulation", ["sln", "audiosocket"])
def test_what_cannot_be_lost_is_not_delayed(virtual, encapsulation):
    async def main():
        wire = Wire()
        engine = voipbin.Connection(Side.CLIENT, dialect=voipbin.DIALECTS["tutorial"], encapsulation=encapsulation)
        far = voipbin.Connection(Side.SERVER, dialect=voipbin.DIALECTS["tutorial"], encapsulation=encapsulation)
        outbound = OutboundSettings(paced=True, queue_ms=2000, queue_policy="wait", lead_ms=0, frame_size=320, pad=True)
        call = Call(engine, wire, CallSettings(protocol="voipbin", outbound=outbound))
        run = asyncio.create_task(call.run())
        far.connected(0)
        async with hearing(call) as heard:
            far.send_payload(bytes(320))
            for data, _ in far.data_to_send():
                wire.inbox.put_nowait(data)
            await asyncio.sleep(0.0001)
            assert len(heard) == 1
            assert members() == 0
        await run

    virtual(main())


def test_where_audio_is_faster_than_life_nothing_is_played_out(virtual):
    async def main():
        async with on_the_wire(lossless=True) as (call, wire), hearing(call) as heard:
            for number in range(10):
                wire.bring(number)
            await asyncio.sleep(0.0001)
            assert len(heard) == 10

    virtual(main())
