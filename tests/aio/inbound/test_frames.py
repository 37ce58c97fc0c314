"""What the far end says, as a reader wants it: frames of one length, at one rate, without gaps."""

import asyncio
import base64
import json
from array import array

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phonewire import g711, pcm
from phonewire.aio.events import Discontinuity
from phonewire.protocols import twilio
from tests.aio.sounds import speech

SILENCE = b"\xff"


async def heard(call, phone, messages, **wanted):
    """Let the phone say *messages*, pairs of time and audio, and return the frames and events of the call."""
    events = asyncio.create_task(collect(call.events()))
    frames = asyncio.create_task(collect(call.frames(**wanted)))
    for timestamp_ms, payload in messages:
        say_at(phone, timestamp_ms, payload)
    await asyncio.sleep(1)
    phone.send(twilio.Stop())
    return await frames, await events


def say_at(phone, timestamp_ms, payload, track="inbound"):
    media = {"timestamp": str(timestamp_ms), "payload": base64.b64encode(payload).decode(), "track": track}
    phone.transport.write(json.dumps({"event": "media", "media": media}).encode(), True)


async def collect(stream):
    return [item async for item in stream]


def contiguous(sizes_ms):
    """Return messages of these lengths, one after the other."""
    time_ms = 0
    for n, size_ms in enumerate(sizes_ms):
        yield time_ms, speech(size_ms, n)
        time_ms += size_ms


@given(sizes_ms=st.lists(st.integers(1, 90), min_size=1, max_size=20), ptime_ms=st.integers(1, 100))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_pattern_of_messages_gives_the_same_frames(virtual, on_the_phone, sizes_ms, ptime_ms):
    messages = list(contiguous(sizes_ms))
    said = b"".join(payload for _, payload in messages)

    async def main():
        async with on_the_phone() as (call, phone):
            frames, _ = await heard(call, phone, messages, ptime_ms=ptime_ms)
            assert {len(frame.payload) for frame in frames} == {8 * ptime_ms}
            assert b"".join(frame.payload for frame in frames) == said + SILENCE * (-len(said) % (8 * ptime_ms))
            assert [frame.timestamp_ms for frame in frames] == [ptime_ms * n for n in range(len(frames))]
            assert all(frame.pcm == g711.ulaw_decode(frame.payload) for frame in frames)

    virtual(main())


@pytest.mark.parametrize("rate_hz", [16_000, 24_000, 48_000])
def test_another_rate_is_resampled_as_one_stream(virtual, on_the_phone, rate_hz):
    messages = list(contiguous([20, 33, 7, 1, 90, 20]))

    async def main():
        async with on_the_phone() as (call, phone):
            frames, _ = await heard(call, phone, messages, sample_rate_hz=rate_hz)
            resampler = pcm.Resampler(8000, rate_hz)
            said = resampler.resample(g711.ulaw_decode(b"".join(payload for _, payload in messages)))
            said += resampler.flush()
            size = rate_hz // 50 * 2
            assert [len(frame.pcm) for frame in frames] == [size] * 9, "171 ms, 4 ms of delay, in frames of 20 ms"
            assert b"".join(frame.pcm for frame in frames) == said + bytes(-len(said) % size)
            assert all(frame.media_format.sample_rate_hz == rate_hz for frame in frames)
            assert all(frame.payload == frame.pcm for frame in frames)
            assert [frame.timestamp_ms for frame in frames] == [20 * n for n in range(9)]

    virtual(main())


def test_the_call_s_own_rate_is_not_resampled(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, phone):
            frames, _ = await heard(call, phone, contiguous([20] * 5), sample_rate_hz=8000)
            assert [frame.payload for frame in frames] == [payload for _, payload in contiguous([20] * 5)]

    virtual(main())


def test_what_is_missing_is_silence(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, phone):
            messages = [(0, speech(20)), (20, speech(20, 2)), (100, speech(20, 3))]
            frames, events = await heard(call, phone, messages, ptime_ms=30)
            said = speech(20) + speech(20, 2) + SILENCE * 480 + speech(20, 3)
            assert b"".join(frame.payload for frame in frames) == said
            assert [frame.timestamp_ms for frame in frames] == [0, 30, 60, 90]
            assert not [event for event in events if isinstance(event, Discontinuity)]

    virtual(main())


def test_silence_of_another_rate(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, phone):
            frames, _ = await heard(call, phone, [(0, speech(20)), (1020, speech(20))], sample_rate_hz=16_000)
            samples = array("h", b"".join(frame.pcm for frame in frames))
            assert len(samples) == 16 * 1060
            assert not any(samples[16 * 30 : 16 * 1018])

    virtual(main())


def test_more_than_five_seconds_is_a_discontinuity(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, phone):
            messages = [(0, speech(30)), (60_030, speech(20, 2)), (60_050, speech(20, 3)), (10, speech(20, 4))]
            frames, events = await heard(call, phone, messages, ptime_ms=20)
            said = speech(30) + SILENCE * 40_000 + speech(20, 2) + speech(20, 3) + speech(20, 4)
            assert b"".join(frame.payload for frame in frames) == said + SILENCE * 80
            assert [event for event in events if isinstance(event, Discontinuity)] == [
                Discontinuity("inbound", 60_030, 60_000, 5000),
                Discontinuity("inbound", 10, -60_060, 0),
            ]
            # A frame has the time of its first sample: of the silence, of the jump, and of the way back.
            assert [frame.timestamp_ms for frame in frames[:3]] == [0, 20, 40]
            assert [frame.timestamp_ms for frame in frames[-4:]] == [5020, 60_040, 60_060, 20]

    virtual(main())


def test_a_timestamp_bomb_makes_no_more_silence_than_time_has_passed(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, phone):
            messages = [(n * 1_000_000, speech(20)) for n in range(300)]
            frames, events = await heard(call, phone, messages, ptime_ms=20)
            assert sum(len(frame.payload) for frame in frames) <= 8 * (300 * 20 + 5000 + 20)
            assert len([event for event in events if isinstance(event, Discontinuity)]) == 299

    virtual(main())


def test_a_jump_is_told_once_however_many_need_an_unbroken_line(virtual, on_the_phone, tmp_path):
    async def main():
        async with on_the_phone() as (call, phone):
            call.record(tmp_path / "call.wav")
            readers = [asyncio.create_task(collect(call.frames(ptime_ms=n))) for n in (10, 20)]
            await asyncio.sleep(0)
            _, events = await heard(call, phone, [(0, speech(20)), (60_000, speech(20))])
            await asyncio.gather(*readers)
            assert [event for event in events if isinstance(event, Discontinuity)] == [
                Discontinuity("inbound", 60_000, 59_980, 5000)
            ]

    virtual(main())


def test_each_track_is_a_line_of_its_own(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, phone):
            for n in range(5):
                say_at(phone, 20 * n, speech(20, n))
                say_at(phone, 7000 + 20 * n, speech(20, 10 + n), "outbound")
            phone.send(twilio.Stop())
            frames = await collect(call.frames(ptime_ms=50))
            for track, first_ms, seed in (("inbound", 0, 0), ("outbound", 7000, 10)):
                own = [frame for frame in frames if frame.track == track]
                assert b"".join(frame.payload for frame in own) == b"".join(speech(20, seed + n) for n in range(5))
                assert [frame.timestamp_ms for frame in own] == [first_ms, first_ms + 50]

    virtual(main())


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ({"track": "inbuond"}, r"tracks 'inbound', got 'inbuond'"),
        ({"ptime_ms": 0}, "1 to 1000, got 0"),
        ({"ptime_ms": -20}, "1 to 1000, got -20"),
        ({"ptime_ms": 1001}, "1 to 1000, got 1001"),
        ({"sample_rate_hz": 44_100}, "8000 Hz.*got 44100 Hz"),
        ({"sample_rate_hz": -1}, "8000 Hz.*got -1 Hz"),
    ],
)
def test_frames_that_cannot_be_are_refused_at_once(virtual, on_the_phone, wanted, text):
    async def main():
        async with on_the_phone() as (call, _):
            with pytest.raises(ValueError, match=text):
                call.frames(**wanted)

    virtual(main())


def test_a_reader_that_leaves_is_forgotten_at_once(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, phone):
            fanout = call._inbound.frames
            await asyncio.sleep(1)
            tasks = len(asyncio.all_tasks())
            for wanted in ({}, {"track": "inbound"}, {"ptime_ms": 30}, {"sample_rate_hz": 16_000}):
                frames = call.frames(**wanted)
                phone.say(speech(50))
                assert await anext(frames)
                assert len(fanout.subscriptions) == 1
                await frames.aclose()
                assert fanout.subscriptions == []
            await asyncio.sleep(1)
            assert len(asyncio.all_tasks()) == tasks

    virtual(main())
