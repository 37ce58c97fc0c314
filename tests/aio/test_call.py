"""A call on a clock that jumps: what goes out when, what was heard, and how things end."""

import asyncio
import contextlib
import itertools
import json
import random
import struct

import pytest

from phonewire import g711
from phonewire.aio.call import Call
from phonewire.aio.engines import announce, call_settings, make_engine
from phonewire.aio.mark import MarkOutcome
from phonewire.emulators.playout import Playout
from phonewire.errors import CallEndedError, CodecError, LocalProtocolError
from phonewire.protocols import twilio
from phonewire.protocols.connection import EndReason, MediaFormat, RejectReason, Side

SILENCE = b"\xff"


class Phone:
    """Twilio's end of the line: an engine, a playout buffer and no opinion."""

    def __init__(self, transport, protocol="twilio", media_format=None):
        self.transport = transport
        self.engine = make_engine(protocol, Side.CLIENT, media_format=media_format, message_bytes=65_536)
        self.playout = Playout()
        self.got = []
        announce(self.engine, "CA1", {"who": "me"})

    def flush(self):
        for data, text in self.engine.data_to_send():
            self.transport.write(data, text)

    def say(self, payload):
        self.engine.send_payload(payload)
        self.flush()

    def send(self, event):
        self.engine.send(event)
        self.flush()

    async def run(self):
        """Play what comes and echo marks, until the connection ends."""
        loop = asyncio.get_running_loop()
        inbox = asyncio.create_task(self.transport.inbox.get())
        while True:
            deadline = self.playout.next_deadline_ns()
            await asyncio.wait([inbox], timeout=None if deadline is None else max(0, deadline / 1e9 - loop.time()))
            self.echo(self.playout.advance(self.now_ns))
            if not inbox.done():
                continue
            message = inbox.result()
            if isinstance(message, int):
                return
            for event in self.engine.receive(message[0], text=message[1]):
                self.take(event)
            inbox = asyncio.create_task(self.transport.inbox.get())

    def take(self, event):
        self.got.append(event)
        if isinstance(event, twilio.Media):
            self.playout.queue(event.payload, self.now_ns)
        elif isinstance(event, twilio.Mark):
            self.playout.mark(event.name)
        elif isinstance(event, twilio.Clear):
            self.echo(self.playout.clear(self.now_ns))

    def echo(self, marks):
        for mark in marks:
            self.send(twilio.Mark(mark.name))

    @property
    def now_ns(self):
        return int(asyncio.get_running_loop().time() * 1e9)

    @property
    def audio(self):
        return b"".join(self.frames)

    @property
    def frames(self):
        return [event.payload for event in self.got if isinstance(event, twilio.Media)]


@contextlib.asynccontextmanager
async def call_and_phone(connection, protocol="twilio", media_format=None, pace=None):
    """Set up a server's call with a phone at its far end; both ends run until the block is left."""
    near, far = connection()
    phone = Phone(far, protocol, media_format)
    engine = make_engine(protocol, Side.SERVER, media_format=media_format, message_bytes=65_536)
    for data, text in phone.engine.data_to_send():
        engine.receive(data, text=text)
    call = Call(engine, near, call_settings(protocol, engine, Side.SERVER, pace))
    tasks = [asyncio.create_task(call.run()), asyncio.create_task(phone.run())]
    try:
        yield call, phone
    finally:
        await call.close()
        await asyncio.gather(*tasks)


def speech(ms, seed=1):
    """Return codewords that are all different from silence, so that padding shows."""
    return bytes(random.Random(seed).choices(range(0x70), k=8 * ms))


# What a call knows


def test_a_call_carries_what_the_start_said(virtual, connection):
    async def main():
        async with call_and_phone(connection) as (call, _):
            assert (call.id, call.protocol, dict(call.parameters)) == ("CA1", "twilio", {"who": "me"})
            assert call.media_format == MediaFormat("ulaw", 8000, 1)
            assert call.end_reason is None
            assert "CA1" in repr(call)

    virtual(main())


# Audio in


def test_frames_come_as_they_were_sent(virtual, connection):
    async def main():
        async with call_and_phone(connection) as (call, phone):
            sent = [speech(20, seed) for seed in range(50)]
            for payload in sent:
                phone.say(payload)
            phone.send(twilio.Stop())
            frames = [frame async for frame in call.frames()]
            assert [frame.payload for frame in frames] == sent
            assert [frame.pcm for frame in frames] == [g711.ulaw_decode(payload) for payload in sent]
            assert [frame.timestamp_ms for frame in frames] == [20 * n for n in range(50)]
            assert {frame.track for frame in frames} == {"inbound"}
            assert await call.wait_ended() is EndReason.STOPPED
            stats = call.stats()
            assert (stats.frames_in, stats.bytes_in, stats.ms_in) == (50, 8000, 1000)

    virtual(main())


def test_a_track_can_be_chosen(virtual, connection):
    async def main():
        async with call_and_phone(connection) as (call, phone):
            for track in ("inbound", "outbound", "inbound"):
                phone.send(twilio.Media(speech(20), track))
            phone.send(twilio.Stop())
            assert [frame.track async for frame in call.frames(track="inbound")] == ["inbound"] * 2

    virtual(main())


def test_events_carry_digits_and_what_was_rejected(virtual, connection):
    async def main():
        async with call_and_phone(connection) as (call, phone):
            phone.send(twilio.Dtmf("5"))
            phone.transport.write(b"not json", True)
            phone.transport.write(b"\0", False)
            phone.send(twilio.Dtmf("#"))
            phone.send(twilio.Stop())
            events = [event async for event in call.events()]
            assert [event.digit for event in events if isinstance(event, twilio.Dtmf)] == ["5", "#"]
            reasons = [event.reason for event in events if isinstance(event, twilio.Rejected)]
            assert reasons == [RejectReason.NOT_JSON, RejectReason.WRONG_MESSAGE_TYPE]
            assert call.stats().rejected == {"not_json": 1, "wrong_message_type": 1}

    virtual(main())


def test_das_peak_loses_nothing_to_a_slow_reader(virtual, connection):
    async def main():
        async with call_and_phone(connection, "das-peak") as (call, phone):
            audio = speech(60_000)
            for start in range(0, len(audio), 768):
                phone.say(audio[start : start + 768])
            phone.transport.vanish()
            heard = b""
            async for frame in call.frames():
                heard += frame.payload
                await asyncio.sleep(0.1)
            assert heard == audio
            assert call.stats().unread_frames == 0

    virtual(main())


def test_real_time_audio_is_dropped_when_its_reader_is_slow_and_counted(virtual, connection):
    async def main():
        async with call_and_phone(connection) as (call, phone):
            frames = call.frames()
            for _ in range(1000):
                phone.say(speech(20))
            await anext(frames)
            phone.send(twilio.Stop())
            assert await call.wait_ended() is EndReason.STOPPED
            left = [frame async for frame in frames]
            assert 1 + len(left) + call.stats().unread_frames == 1000
            assert len(left) in (499, 500), "ten seconds are kept"
            assert left[-1].timestamp_ms == 999 * 20, "the newest are kept"

    virtual(main())


# Audio out


@pytest.mark.parametrize("sizes", [[8000], [1] * 400 + [7600], [160] * 50, [159, 161] * 25, [7, 7993]])
def test_any_pattern_of_writes_gives_the_same_frames(virtual, connection, sizes):
    async def main():
        async with call_and_phone(connection) as (call, phone):
            samples = g711.ulaw_decode(speech(1000))
            done = 0
            for size in sizes:
                await call.write(samples[done : done + 2 * size])
                done += 2 * size
            await call.drain()
            assert phone.audio == speech(1000)
            assert {len(frame) for frame in phone.frames} == {160}

    virtual(main())


def test_the_last_frame_is_filled_up_with_silence(virtual, connection):
    async def main():
        async with call_and_phone(connection) as (call, phone):
            await call.write_payload(speech(30))
            assert phone.audio == b"" or len(phone.audio) == 160
            await call.drain()
            assert phone.audio == speech(30) + SILENCE * 80

    virtual(main())


def test_frames_go_out_160_ms_ahead_and_then_every_20_ms(virtual, connection):
    async def main():
        async with call_and_phone(connection) as (call, phone):
            start = asyncio.get_running_loop().time()
            await call.write_payload(speech(1900))
            await call.drain()
            at = [round((moment - start) * 1000) for moment in call._transport.written_at]
            assert at[:9] == [0] * 9, "the lead of 160 ms and the frame that plays"
            steps = [later - earlier for earlier, later in itertools.pairwise(at[9:])]
            assert set(steps) == {20}
            assert phone.audio == speech(1900)
            assert call.stats().schedule_shifts == 0

    virtual(main())


def test_the_queue_is_bounded_and_write_waits(virtual, connection):
    async def main():
        async with call_and_phone(connection) as (call, _):
            loop = asyncio.get_running_loop()
            start = loop.time()
            await call.write_payload(speech(5000))
            waited_ms = (loop.time() - start) * 1000
            assert call.stats().queued_ms <= 2000
            assert waited_ms == pytest.approx(5000 - 2000 - 160, abs=45)

    virtual(main())


def test_a_far_end_that_does_not_read_gets_no_more(virtual, connection):
    async def main():
        async with call_and_phone(connection) as (call, phone):
            call._transport.buffered_bytes = 70_000
            writer = asyncio.create_task(call.write_payload(speech(4000)))
            await asyncio.sleep(60)
            assert not writer.done()
            assert phone.audio == b""
            assert call.stats().queued_ms == 2000
            call._transport.buffered_bytes = 0
            await writer
            await call.drain()
            assert phone.audio == speech(4000), "what was accepted is sent when the far end reads again"

    virtual(main())


def test_after_a_stall_at_most_three_frames_a_tick(virtual, connection):
    async def main():
        async with call_and_phone(connection) as (call, phone):
            loop = asyncio.get_running_loop()
            writer = asyncio.create_task(call.write_payload(speech(4000)))
            await asyncio.sleep(0.5)
            loop.stall(0.1)
            await writer
            await call.drain()
            moments = call._transport.written_at[9:]
            assert max(moments.count(moment) for moment in moments) <= 3
            assert phone.audio == speech(4000)
            assert call.stats().schedule_shifts == 0, "100 ms are within the lead"

    virtual(main())


def test_a_long_stall_moves_the_schedule_and_keeps_the_audio(virtual, connection):
    async def main():
        async with call_and_phone(connection) as (call, phone):
            writer = asyncio.create_task(call.write_payload(speech(4000)))
            await asyncio.sleep(0.5)
            asyncio.get_running_loop().stall(1.0)
            await writer
            await call.drain()
            assert phone.audio == speech(4000)
            assert call.stats().schedule_shifts == 1

    virtual(main())


def test_nothing_may_be_sent_on_a_one_way_stream(virtual, connection):
    async def main():
        async with call_and_phone(connection, "twilio-one-way") as (call, phone):
            for attempt in (call.write(b"\0\0"), call.write_payload(b"x"), call.clear()):
                with pytest.raises(LocalProtocolError, match="twilio-one-way"):
                    await attempt
            with pytest.raises(LocalProtocolError):
                call.mark("m")
            assert phone.got == []

    virtual(main())


@pytest.mark.parametrize(
    ("audio", "error", "text"),
    [
        (b"\0\0\0", CodecError, "3"),
        (b"RIFF\x24\0\0\0WAVEfmt ", CodecError, "play"),
        (memoryview(struct.pack("4f", 1, 2, 3, 4)).cast("f"), TypeError, "f"),
    ],
)
def test_what_is_no_audio_is_refused_and_nothing_is_sent(virtual, connection, audio, error, text):
    async def main():
        async with call_and_phone(connection) as (call, phone):
            with pytest.raises(error, match=text):
                await call.write(audio)
            await call.drain()
            assert phone.got == []

    virtual(main())


def test_another_rate_is_refused_with_both_numbers(virtual, connection):
    async def main():
        async with call_and_phone(connection) as (call, _):
            with pytest.raises(ValueError, match=r"8000.*16000"):
                await call.write(b"\0\0", sample_rate_hz=16000)

    virtual(main())


# Barge-in and marks


@pytest.mark.parametrize("after_ms", [0, 1, 37, 160, 999, 3000, 4999, 5000, 6000])
def test_clear_says_what_was_heard(virtual, connection, after_ms):
    async def main():
        async with call_and_phone(connection) as (call, phone):
            writer = asyncio.create_task(call.write_payload(speech(5000)))
            await asyncio.sleep(after_ms / 1000)
            heard_ms = await call.clear()
            await asyncio.sleep(1)
            assert heard_ms == pytest.approx(phone.playout.heard_ms, abs=1.5)
            assert heard_ms == pytest.approx(min(after_ms, 5000), abs=20)
            await writer
            stats = call.stats()
            assert stats.cleared_ms + stats.ms_out == 5000, "sent or cleared, to the millisecond"

    virtual(main())


def test_each_clear_counts_from_the_one_before(virtual, connection):
    async def main():
        async with call_and_phone(connection) as (call, phone):
            heard = []
            for after_s in (0.5, 1.2, 0.3):
                writer = asyncio.create_task(call.write_payload(speech(3000)))
                await asyncio.sleep(after_s)
                heard.append(await call.clear())
                await writer
            await asyncio.sleep(1)
            assert heard == pytest.approx([500, 1200, 300], abs=20)
            assert sum(heard) == pytest.approx(phone.playout.heard_ms, abs=2)
            assert call.played_ms == pytest.approx(sum(heard), abs=2)

    virtual(main())


def test_what_is_written_after_a_clear_is_played(virtual, connection):
    async def main():
        async with call_and_phone(connection) as (call, phone):
            writer = asyncio.create_task(call.write_payload(speech(4000)))
            await asyncio.sleep(0.4)
            await call.clear()
            await call.write_payload(speech(200, seed=2))
            await call.drain()
            await writer
            assert phone.audio.endswith(speech(200, seed=2))

    virtual(main())


def test_a_mark_is_played_when_the_audio_before_it_was(virtual, connection):
    async def main():
        async with call_and_phone(connection) as (call, _):
            loop = asyncio.get_running_loop()
            start = loop.time()
            await call.write_payload(speech(1000))
            assert await call.mark("said") is MarkOutcome.PLAYED
            assert loop.time() - start == pytest.approx(1.0, abs=0.005)
            assert call.played_ms == 1000

    virtual(main())


def test_marks_that_come_back_because_of_a_clear_were_not_played(virtual, connection):
    async def main():
        async with call_and_phone(connection) as (call, phone):
            await call.write_payload(speech(100))
            first = call.mark("first")
            await call.write_payload(speech(400))
            second = call.mark("second")
            await asyncio.sleep(0.3)
            heard_ms = await call.clear()
            assert (await first, await second) == (MarkOutcome.PLAYED, MarkOutcome.CLEARED)
            await asyncio.sleep(1)
            assert heard_ms == pytest.approx(phone.playout.heard_ms, abs=2)
            assert call.played_ms == pytest.approx(300, abs=2), "the echo of a clear proves nothing"

    virtual(main())


def test_the_same_name_twice(virtual, connection):
    async def main():
        async with call_and_phone(connection) as (call, _):
            await call.write_payload(speech(100))
            first = call.mark("m")
            await call.clear()
            await call.write_payload(speech(100))
            second = call.mark("m")
            assert (await first, await second) == (MarkOutcome.CLEARED, MarkOutcome.PLAYED)

    virtual(main())


def test_a_mark_ends_a_frame(virtual, connection):
    async def main():
        async with call_and_phone(connection) as (call, phone):
            await call.write_payload(speech(5))
            assert await call.mark("m") is MarkOutcome.PLAYED
            assert phone.audio == speech(5) + SILENCE * 120

    virtual(main())


# Playing


def wav(path, samples, rate_hz=8000, channels=1):
    import wave

    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(samples)
    return path


def test_an_async_source_is_played_to_its_end(virtual, connection):
    async def source():
        for seed in range(5):
            yield g711.ulaw_decode(speech(33, seed))

    async def main():
        async with call_and_phone(connection) as (call, phone):
            await call.play(source())
            await call.drain()
            said = b"".join(speech(33, seed) for seed in range(5))
            assert phone.audio == said + SILENCE * (-len(said) % 160)
            with pytest.raises(TypeError, match="only once"):
                await call.play(source(), loop=True)

    virtual(main())


def test_a_source_that_raises_loses_nothing_that_was_accepted(virtual, connection):
    async def source():
        yield g711.ulaw_decode(speech(40))
        raise RuntimeError("the synthesiser is gone")

    async def main():
        async with call_and_phone(connection) as (call, phone):
            with pytest.raises(RuntimeError, match="synthesiser"):
                await call.play(source())
            await call.drain()
            assert phone.audio == speech(40)

    virtual(main())


# Ends


def test_the_far_end_hangs_up_while_we_speak(virtual, connection):
    async def main():
        async with call_and_phone(connection) as (call, phone):
            writer = asyncio.create_task(call.write_payload(speech(10_000)))
            await asyncio.sleep(1)
            mark = call.mark("never")
            phone.send(twilio.Stop())
            assert await call.wait_ended() is EndReason.STOPPED
            await writer
            assert await mark is MarkOutcome.ENDED
            stats = call.stats()
            assert stats.ms_out + stats.unsent_ms == 10_000, "sent, or reported as dropped"
            with pytest.raises(CallEndedError) as caught:
                await call.write_payload(b"x")
            assert caught.value.reason is EndReason.STOPPED

    virtual(main())


def test_a_connection_that_vanishes_is_a_drop(virtual, connection):
    async def main():
        async with call_and_phone(connection) as (call, phone):
            phone.transport.vanish()
            assert await call.wait_ended() is EndReason.DROPPED
            assert call.close_code == 1006

    virtual(main())


def test_we_hang_up(virtual, connection):
    async def main():
        async with call_and_phone(connection) as (call, _):
            await call.write_payload(speech(1000))
            await call.close()
            await call.close()
            assert call.end_reason is EndReason.CLOSED
            assert call.stats().unsent_ms == 1000 - 180
            assert [frame async for frame in call.frames()] == []

    virtual(main())


def test_a_peer_that_breaks_the_protocol_is_cut_off(virtual, connection):
    async def main():
        async with call_and_phone(connection) as (call, phone):
            start = json.dumps({"event": "start", "start": {"callSid": "CA2", "streamSid": "MZ2"}}).encode()
            phone.transport.write(start, True)
            assert await call.wait_ended() is EndReason.FAILED
            assert call._transport.closed_with[0] == 1008

    virtual(main())


@pytest.mark.parametrize("code", [1000, 1001, 1005, 1006])
def test_the_das_peak_consumer_has_enough(virtual, connection, code):
    async def main():
        near, far = connection()
        engine = make_engine("das-peak", Side.CLIENT, media_format=None, message_bytes=65_536)
        announce(engine, "4fd9e9af", {})
        call = Call(engine, near, call_settings("das-peak", engine, Side.CLIENT))
        reader = asyncio.create_task(call.run())
        await call.write_payload(speech(1000))
        far.far.inbox.put_nowait(code)
        assert await call.wait_ended() is EndReason.COMPLETED
        await call.write_payload(speech(500))
        stats = call.stats()
        assert stats.ms_out + stats.unsent_ms == 1500
        await call.close()
        await reader

    virtual(main())


def test_a_das_peak_consumer_that_refuses_is_no_success(virtual, connection):
    async def main():
        near, far = connection()
        engine = make_engine("das-peak", Side.CLIENT, media_format=None, message_bytes=65_536)
        announce(engine, "4fd9e9af", {})
        call = Call(engine, near, call_settings("das-peak", engine, Side.CLIENT))
        reader = asyncio.create_task(call.run())
        await call.write_payload(speech(1000))
        far.far.inbox.put_nowait(1008)
        assert await call.wait_ended() is EndReason.REFUSED
        with pytest.raises(CallEndedError):
            await call.write_payload(speech(20))
        await reader

    virtual(main())


def test_das_peak_is_sent_as_its_document_says(virtual, connection):
    async def main():
        near, far = connection()
        engine = make_engine("das-peak", Side.CLIENT, media_format=None, message_bytes=65_536)
        announce(engine, "4fd9e9af", {})
        call = Call(engine, near, call_settings("das-peak", engine, Side.CLIENT))
        reader = asyncio.create_task(call.run())
        audio = speech(1000)
        await call.write_payload(audio[:5000])
        await call.write_payload(audio[5000:])
        await call.drain()
        messages = [json.loads(far.inbox.get_nowait()[0]) for _ in range(far.inbox.qsize())]
        import base64
        import textwrap

        text = base64.b64encode(audio).decode()
        assert messages == [
            {"event": "start", "start": {"callSid": "4fd9e9af"}},
            *({"event": "media", "media": {"payload": piece}} for piece in textwrap.wrap(text, 1024)),
        ]
        await call.close()
        await reader

    virtual(main())
