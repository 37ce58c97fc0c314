"""A call on a clock that jumps: what goes out when, what was heard, and how things end."""

import asyncio
import itertools
import json
import struct

import pytest

from phonewire import g711
from phonewire.aio.outbound.mark import MarkOutcome
from phonewire.errors import CallEndedError, CodecError, LocalProtocolError
from phonewire.protocols import twilio
from phonewire.protocols.connection import EndReason, MediaFormat, RejectReason
from tests.aio.sounds import speech

SILENCE = b"\xff"


# What a call knows


def test_a_call_carries_what_the_start_said(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, _):
            assert (call.id, call.protocol, dict(call.parameters)) == ("CA1", "twilio", {"who": "me"})
            assert call.media_format == MediaFormat("ulaw", 8000, 1)
            assert call.end_reason is None
            assert "CA1" in repr(call)

    virtual(main())


# Audio in


def test_frames_come_as_they_were_sent(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, phone):
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


def test_a_track_can_be_chosen(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, phone):
            for track in ("inbound", "outbound", "inbound"):
                phone.send(twilio.Media(speech(20), track))
            phone.send(twilio.Stop())
            assert [frame.track async for frame in call.frames(track="inbound")] == ["inbound"] * 2

    virtual(main())


def test_events_carry_digits_and_what_was_rejected(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, phone):
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


def test_das_peak_loses_nothing_to_a_slow_reader(virtual, on_the_phone):
    async def main():
        async with on_the_phone("das-peak") as (call, phone):
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


def test_real_time_audio_is_dropped_when_its_reader_is_slow_and_counted(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, phone):
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
def test_any_pattern_of_writes_gives_the_same_frames(virtual, on_the_phone, sizes):
    async def main():
        async with on_the_phone() as (call, phone):
            samples = g711.ulaw_decode(speech(1000))
            done = 0
            for size in sizes:
                await call.write(samples[done : done + 2 * size])
                done += 2 * size
            await call.drain()
            assert phone.audio == speech(1000)
            assert {len(frame) for frame in phone.frames} == {160}

    virtual(main())


def test_the_last_frame_is_filled_up_with_silence(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, phone):
            await call.write_payload(speech(30))
            assert phone.audio == b"" or len(phone.audio) == 160
            await call.drain()
            assert phone.audio == speech(30) + SILENCE * 80

    virtual(main())


def test_frames_go_out_160_ms_ahead_and_then_every_20_ms(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, phone):
            start = asyncio.get_running_loop().time()
            await call.write_payload(speech(1900))
            await call.drain()
            at = [round((moment - start) * 1000) for moment in call._line.transport.written_at]
            assert at[:9] == [0] * 9, "the lead of 160 ms and the frame that plays"
            steps = [later - earlier for earlier, later in itertools.pairwise(at[9:])]
            assert set(steps) == {20}
            assert phone.audio == speech(1900)
            assert call.stats().schedule_shifts == 0

    virtual(main())


def test_the_queue_is_bounded_and_write_waits(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, _):
            loop = asyncio.get_running_loop()
            start = loop.time()
            await call.write_payload(speech(5000))
            waited_ms = (loop.time() - start) * 1000
            assert call.stats().queued_ms <= 2000
            assert waited_ms == pytest.approx(5000 - 2000 - 160, abs=45)

    virtual(main())


def test_a_far_end_that_does_not_read_gets_no_more(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, phone):
            call._line.transport.buffered_bytes = 70_000
            writer = asyncio.create_task(call.write_payload(speech(4000)))
            await asyncio.sleep(60)
            assert not writer.done()
            assert phone.audio == b""
            assert call.stats().queued_ms == 2000
            call._line.transport.buffered_bytes = 0
            await writer
            await call.drain()
            assert phone.audio == speech(4000), "what was accepted is sent when the far end reads again"

    virtual(main())


def test_after_a_stall_at_most_three_frames_a_tick(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, phone):
            loop = asyncio.get_running_loop()
            writer = asyncio.create_task(call.write_payload(speech(4000)))
            await asyncio.sleep(0.5)
            loop.stall(0.1)
            await writer
            await call.drain()
            moments = call._line.transport.written_at[9:]
            assert max(moments.count(moment) for moment in moments) <= 3
            assert phone.audio == speech(4000)
            assert call.stats().schedule_shifts == 0, "100 ms are within the lead"

    virtual(main())


def test_a_long_stall_moves_the_schedule_and_keeps_the_audio(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, phone):
            writer = asyncio.create_task(call.write_payload(speech(4000)))
            await asyncio.sleep(0.5)
            asyncio.get_running_loop().stall(1.0)
            await writer
            await call.drain()
            assert phone.audio == speech(4000)
            assert call.stats().schedule_shifts == 1

    virtual(main())


def test_nothing_may_be_sent_on_a_one_way_stream(virtual, on_the_phone):
    async def main():
        async with on_the_phone("twilio-one-way") as (call, phone):
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
def test_what_is_no_audio_is_refused_and_nothing_is_sent(virtual, on_the_phone, audio, error, text):
    async def main():
        async with on_the_phone() as (call, phone):
            with pytest.raises(error, match=text):
                await call.write(audio)
            await call.drain()
            assert phone.got == []

    virtual(main())


@pytest.mark.parametrize("rate_hz", [44_100, 0, -8000])
def test_a_rate_without_conversion_is_refused_with_both_numbers(virtual, on_the_phone, rate_hz):
    async def main():
        async with on_the_phone() as (call, phone):
            with pytest.raises(ValueError, match=rf"8000.*got {rate_hz} Hz"):
                await call.write(b"\0\0", sample_rate_hz=rate_hz)
            await call.drain()
            assert phone.got == []

    virtual(main())


# Playing


def test_an_async_source_is_played_to_its_end(virtual, on_the_phone):
    async def source():
        for seed in range(5):
            yield g711.ulaw_decode(speech(33, seed))

    async def main():
        async with on_the_phone() as (call, phone):
            await call.play(source())
            await call.drain()
            said = b"".join(speech(33, seed) for seed in range(5))
            assert phone.audio == said + SILENCE * (-len(said) % 160)
            with pytest.raises(TypeError, match="only once"):
                await call.play(source(), loop=True)

    virtual(main())


def test_a_source_that_raises_loses_nothing_that_was_accepted(virtual, on_the_phone):
    async def source():
        yield g711.ulaw_decode(speech(40))
        raise RuntimeError("the synthesiser is gone")

    async def main():
        async with on_the_phone() as (call, phone):
            with pytest.raises(RuntimeError, match="synthesiser"):
                await call.play(source())
            await call.drain()
            assert phone.audio == speech(40)

    virtual(main())


# Ends


def test_the_far_end_hangs_up_while_we_speak(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, phone):
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


def test_a_connection_that_vanishes_is_a_drop(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, phone):
            phone.transport.vanish()
            assert await call.wait_ended() is EndReason.DROPPED
            assert call.close_code == 1006

    virtual(main())


def test_we_hang_up(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, _):
            await call.write_payload(speech(1000))
            await call.close()
            await call.close()
            assert call.end_reason is EndReason.CLOSED
            assert call.stats().unsent_ms == 1000 - 180
            assert [frame async for frame in call.frames()] == []

    virtual(main())


def test_a_peer_that_breaks_the_protocol_is_cut_off(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, phone):
            start = json.dumps({"event": "start", "start": {"callSid": "CA2", "streamSid": "MZ2"}}).encode()
            phone.transport.write(start, True)
            assert await call.wait_ended() is EndReason.FAILED
            assert call._line.transport.closed_with[0] == 1008

    virtual(main())
