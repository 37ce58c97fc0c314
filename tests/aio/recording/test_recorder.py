"""Recordings of whole calls, on a clock that jumps: every sample where it belongs."""

import asyncio
import base64
import json
import stat
from array import array

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phonewire import g711
from phonewire.aio.events import Discontinuity
from phonewire.protocols import twilio
from phonewire.protocols.connection import EndReason, MediaFormat
from phonewire.wav import WavReader
from tests.aio.sounds import speech

SILENCE = b"\xff"


def read(path, channel=None):
    with WavReader(path) as reader:
        return reader.read(channel)


def sidecar(path):
    return json.loads(path.with_suffix(".json").read_text())


async def talk(phone, audio, *, ms=20):
    """Say *audio* in real time."""
    for start in range(0, len(audio), 8 * ms):
        await asyncio.sleep(ms / 1000)
        phone.say(audio[start : start + 8 * ms])


def say_at(phone, timestamp_ms, payload):
    media = {"timestamp": str(timestamp_ms), "payload": base64.b64encode(payload).decode(), "track": "inbound"}
    phone.transport.write(json.dumps({"event": "media", "media": media}).encode(), True)


async def hang_up(call, phone):
    phone.send(twilio.Stop())
    assert await call.wait_ended() is EndReason.STOPPED


def test_by_default_the_far_end_is_recorded_as_on_the_wire(virtual, on_the_phone, tmp_path):
    async def main():
        async with on_the_phone() as (call, phone):
            recording = call.record(tmp_path / "call.wav")
            assert await recording.opened() == tmp_path / "call.wav"
            await talk(phone, speech(3000))
            await call.write_payload(speech(100))
            await hang_up(call, phone)
            await recording.closed()
            assert recording.duration_ms == 3000
            assert recording.lost_ms == 0

    virtual(main())
    path = tmp_path / "call.wav"
    with WavReader(path) as reader:
        assert (reader.info.encoding, reader.info.sample_rate_hz, reader.info.channels) == ("ulaw", 8000, 1)
        assert reader.read() == speech(3000)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["call.json", "call.wav"]
    assert all(stat.S_IMODE(each.stat().st_mode) == 0o600 for each in tmp_path.iterdir())
    told = sidecar(path)
    assert told.pop("started") <= told.pop("ended")
    assert told == {
        "call_id": "CA1",
        "protocol": "twilio",
        "end_reason": "stopped",
        "encoding": "ulaw",
        "sample_rate_hz": 8000,
        "channels": [["inbound"]],
        "files": [{"name": "call.wav", "duration_ms": 3000}],
        "gaps": [],
        "unlisted_gaps": 0,
        "lost_ms": 0,
    }


def test_what_came_before_is_recorded_too(virtual, on_the_phone, tmp_path):
    async def main():
        async with on_the_phone() as (call, phone):
            await talk(phone, speech(1000))
            await asyncio.sleep(0)
            call.record(tmp_path / "call.wav", sidecar=False)
            frames = call.frames()  # another reader loses nothing to the recording
            await hang_up(call, phone)
            assert b"".join([frame.payload async for frame in frames]) == speech(1000)

    virtual(main())
    assert read(tmp_path / "call.wav") == speech(1000)
    assert [each.name for each in tmp_path.iterdir()] == ["call.wav"]


@pytest.mark.parametrize("wire", ["ulaw", "alaw", "s16le", "s16be"])
@pytest.mark.parametrize("encoding", [None, "ulaw", "alaw", "s16"])
def test_every_encoding_of_every_wire(virtual, on_the_phone, tmp_path, wire, encoding):
    samples = array("h", [n * 37 % 20_000 - 10_000 for n in range(8000)])
    big = array("h", samples)
    big.byteswap()
    payload = {
        "ulaw": g711.ulaw_encode(samples),
        "alaw": g711.alaw_encode(samples),
        "s16le": samples.tobytes(),
        "s16be": big.tobytes(),
    }
    expected = {
        None: payload["s16le" if wire == "s16be" else wire],
        "ulaw": g711.alaw_to_ulaw(payload["alaw"]) if wire == "alaw" else payload["ulaw"],
        "alaw": g711.ulaw_to_alaw(payload["ulaw"]) if wire == "ulaw" else payload["alaw"],
        "s16": {"ulaw": g711.ulaw_decode, "alaw": g711.alaw_decode}.get(wire, lambda _: samples.tobytes())(
            payload[wire]
        ),
    }

    async def main():
        async with on_the_phone("das-peak", MediaFormat(wire)) as (call, phone):
            call.record(tmp_path / "call.wav", encoding=encoding)
            for start in range(0, len(payload[wire]), 400):
                phone.say(payload[wire][start : start + 400])
            phone.transport.vanish()
            await call.wait_ended()

    virtual(main())
    assert read(tmp_path / "call.wav") == expected[encoding]


# Both sides.


async def converse(call, phone):
    """Speak on both ends, in part at the same time; return when this side began to be heard."""
    talking = asyncio.create_task(talk(phone, speech(3000)))
    await asyncio.sleep(1)
    began_s = asyncio.get_running_loop().time()
    await call.write_payload(speech(1000, seed=2))
    await talking
    await call.drain()
    return began_s


def test_each_side_has_a_channel_and_lies_where_it_was_heard(virtual, on_the_phone, tmp_path):
    async def main():
        async with on_the_phone() as (call, phone):
            begin_s = asyncio.get_running_loop().time()
            call.record(tmp_path / "call.wav", tracks="separate", outbound=True)
            said_s = await converse(call, phone)
            await hang_up(call, phone)
            return round((said_s - begin_s) * 8000)

    position = virtual(main())
    heard, said = read(tmp_path / "call.wav", 1), read(tmp_path / "call.wav", 2)
    assert heard == speech(3000)
    assert abs(said.index(speech(20, seed=2)) - position) <= 8, "a millisecond: an event loop's own rounding"
    assert said.strip(SILENCE) == speech(1000, seed=2)
    assert sidecar(tmp_path / "call.wav")["channels"] == [["inbound"], ["sent"]]


@pytest.mark.parametrize("encoding", ["ulaw", "alaw", "s16"])
def test_mono_is_the_sum_of_the_channels(virtual, on_the_phone, tmp_path, encoding):
    async def main():
        async with on_the_phone() as (call, phone):
            call.record(tmp_path / "both.wav", tracks="separate", outbound=True, encoding="s16")
            call.record(tmp_path / "mono.wav", outbound=True, encoding=encoding)
            await converse(call, phone)
            await hang_up(call, phone)

    virtual(main())
    heard, said = (array("h", read(tmp_path / "both.wav", channel)) for channel in (1, 2))
    mixed = array("h", [max(-32768, min(a + b, 32767)) for a, b in zip(heard, said, strict=True)])
    assert min(mixed) == -32768, "loud enough to be clipped"
    mono = read(tmp_path / "mono.wav")
    if encoding == "s16":
        assert array("h", mono) == mixed
    else:
        decode, encode = {
            "ulaw": (g711.ulaw_decode, g711.ulaw_encode),
            "alaw": (g711.alaw_decode, g711.alaw_encode),
        }[encoding]
        once = array("h", decode(encode(mixed)))
        steps = [abs(a - b) / (32 + abs(a)) for a, b in zip(once, array("h", decode(mono)), strict=True)]
        assert max(steps) < 1 / 8, "two codings instead of one: a step or two of sixteen an octave"
    assert sidecar(tmp_path / "mono.wav")["channels"] == [["inbound", "sent"]]


def test_a_barge_in_ends_what_was_said_where_the_far_end_stopped_playing(virtual, on_the_phone, tmp_path):
    async def main():
        async with on_the_phone() as (call, phone):
            call.record(tmp_path / "call.wav", tracks="separate", outbound=True)
            talking = asyncio.create_task(talk(phone, speech(3000)))
            speaking = asyncio.create_task(call.write_payload(speech(2500, seed=2)))
            await asyncio.sleep(0.713)
            heard_ms = await call.clear()
            await speaking
            await talking
            await hang_up(call, phone)
            assert abs(phone.playout.heard_ms - heard_ms) <= 1
            return heard_ms

    heard_ms = virtual(main())
    said = read(tmp_path / "call.wav", 2).strip(SILENCE)
    assert said == speech(2500, seed=2)[: len(said)]
    assert abs(len(said) - heard_ms * 8) <= 8
    assert heard_ms == 713


def test_a_call_that_takes_no_audio_has_no_channel_for_it(virtual, on_the_phone, tmp_path):
    async def main():
        async with on_the_phone("twilio-one-way") as (call, phone):
            call.record(tmp_path / "call.wav", tracks="separate", outbound=True)
            await talk(phone, speech(100))
            await hang_up(call, phone)

    virtual(main())
    assert read(tmp_path / "call.wav") == speech(100)


# Time.


def test_a_gap_becomes_silence_and_is_listed(virtual, on_the_phone, tmp_path):
    async def main():
        async with on_the_phone() as (call, phone):
            call.record(tmp_path / "call.wav")
            say_at(phone, 400, speech(20))
            await asyncio.sleep(1.5)
            say_at(phone, 1920, speech(20, seed=2))
            await hang_up(call, phone)
            assert not [event async for event in call.events() if isinstance(event, Discontinuity)]

    virtual(main())
    assert read(tmp_path / "call.wav") == speech(20) + SILENCE * 8 * 1500 + speech(20, seed=2)
    assert sidecar(tmp_path / "call.wav")["gaps"] == [
        {"track": "inbound", "at_ms": 20, "missing_ms": 1500, "filled_ms": 1500}
    ]


def test_a_jump_is_five_seconds_of_silence_and_an_event(virtual, on_the_phone, tmp_path):
    async def main():
        async with on_the_phone() as (call, phone):
            call.record(tmp_path / "call.wav")
            say_at(phone, 0, speech(20))
            await asyncio.sleep(60)
            say_at(phone, 60_000, speech(20, seed=2))
            say_at(phone, 5, speech(20, seed=3))
            await asyncio.sleep(1)
            await hang_up(call, phone)
            return [event async for event in call.events() if isinstance(event, Discontinuity)]

    assert virtual(main()) == [Discontinuity("inbound", 60_000, 59_980, 5000), Discontinuity("inbound", 5, -60_015, 0)]
    expected = speech(20) + SILENCE * 40_000 + speech(20, seed=2) + speech(20, seed=3)
    assert read(tmp_path / "call.wav") == expected


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.data())
def test_any_way_to_cut_it_into_messages_gives_the_same_recording(virtual, on_the_phone, tmp_path_factory, data):
    audio = speech(400)
    cuts = sorted(data.draw(st.lists(st.integers(1, len(audio) - 1), max_size=10)))
    pauses = data.draw(st.lists(st.sampled_from([0, 0.001, 0.1, 0.3, 1]), min_size=11, max_size=11))
    path = tmp_path_factory.mktemp("chunks") / "call.wav"

    async def main():
        async with on_the_phone("das-peak") as (call, phone):
            call.record(path)
            for begin, end, pause in zip([0, *cuts], [*cuts, len(audio)], pauses, strict=False):
                if begin < end:
                    phone.say(audio[begin:end])
                    await asyncio.sleep(pause)
            phone.transport.vanish()
            await call.wait_ended()

    virtual(main())
    assert read(path) == audio


def test_at_any_instant_the_file_has_all_but_the_last_quarter_of_a_second(virtual, on_the_phone, tmp_path):
    async def main():
        async with on_the_phone() as (call, phone):
            recording = call.record(tmp_path / "call.wav")
            await recording.opened()
            for start in range(0, len(speech(3000)), 160):
                phone.say(speech(3000)[start : start + 160])
                await asyncio.sleep(0.02)
                there = read(tmp_path / "call.part.wav")
                assert there == speech(3000)[: len(there)]
                assert start + 160 - len(there) <= (250 + 20) * 8

    virtual(main())


# Ends.


@pytest.mark.parametrize("limit_ms", [1, 250, 999, 1000, 1001, 5000])
def test_a_limit_is_exact(virtual, on_the_phone, tmp_path, limit_ms):
    async def main():
        async with on_the_phone() as (call, phone):
            recording = call.record(tmp_path / "call.wav", limit_ms=limit_ms)
            await talk(phone, speech(2000))
            if limit_ms < 2000:
                await recording.closed()  # also while the call goes on
                assert call.end_reason is None
            await hang_up(call, phone)

    virtual(main())
    assert read(tmp_path / "call.wav") == speech(2000)[: 8 * limit_ms]
    assert sidecar(tmp_path / "call.wav")["end_reason"] == ("limit" if limit_ms < 2000 else "stopped")


@pytest.mark.parametrize("max_minutes", [0.3 / 60, 1 / 60, 5 / 60])
def test_parts_put_together_are_the_whole(virtual, on_the_phone, tmp_path, max_minutes):
    async def main():
        async with on_the_phone() as (call, phone):
            options = {"tracks": "separate", "outbound": True}
            call.record(tmp_path / "whole.wav", **options)
            call.record(tmp_path / "call.wav", max_minutes=max_minutes, **options)
            await converse(call, phone)
            await hang_up(call, phone)

    virtual(main())
    files = sidecar(tmp_path / "call.wav")["files"]
    assert [each["name"] for each in files] == [f"call-{n + 1:03d}.wav" for n in range(len(files))]
    parts = [read(tmp_path / each["name"]) for each in files]
    assert b"".join(parts) == read(tmp_path / "whole.wav")
    part_bytes = round(max_minutes * 60 * 8000) * 2
    assert {len(part) for part in parts[:-1]} <= {part_bytes}
    assert [each["duration_ms"] for each in files] == [len(part) // 16 for part in parts]
    assert len(parts) == -(-3000 * 16 // part_bytes)


def test_parts_are_complete_while_the_call_goes_on(virtual, on_the_phone, tmp_path):
    async def main():
        async with on_the_phone() as (call, phone):
            call.record(tmp_path / "call.wav", max_minutes=1 / 60)
            await talk(phone, speech(2500))
            assert sorted(path.name for path in tmp_path.glob("*.wav")) == [
                "call-001.wav", "call-002.wav", "call-003.part.wav"
            ]  # fmt: skip
            assert [each["duration_ms"] for each in sidecar(tmp_path / "call.wav")["files"]] == [1000, 1000]

    virtual(main())


def test_it_can_be_stopped(virtual, on_the_phone, tmp_path):
    async def main():
        async with on_the_phone() as (call, phone):
            recording = call.record(tmp_path / "call.wav")
            await talk(phone, speech(1010), ms=10)
            await asyncio.sleep(0)
            await recording.stop()
            assert read(tmp_path / "call.wav") == speech(1010)
            await talk(phone, speech(500))
            await recording.stop()

    virtual(main())
    assert read(tmp_path / "call.wav") == speech(1010)
    assert sidecar(tmp_path / "call.wav")["end_reason"] == "stopped by the program"


def test_a_program_that_is_cancelled_leaves_complete_files(virtual, on_the_phone, tmp_path):
    async def main():
        async with on_the_phone() as (call, phone):
            call.record(tmp_path / "call.wav")
            await talk(phone, speech(500))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        virtual(main())
    assert read(tmp_path / "call.wav") == speech(480), "the last frame was still on its way"


def test_a_call_without_audio_has_an_empty_recording(virtual, on_the_phone, tmp_path):
    async def main():
        async with on_the_phone() as (call, phone):
            call.record(tmp_path / "call.wav")
            call.record(tmp_path / "parts.wav", max_minutes=1)
            await hang_up(call, phone)

    virtual(main())
    assert read(tmp_path / "call.wav") == read(tmp_path / "parts-001.wav") == b""


def test_a_call_that_is_over_can_still_be_recorded(virtual, on_the_phone, tmp_path):
    async def main():
        async with on_the_phone() as (call, phone):
            await talk(phone, speech(500))
            await hang_up(call, phone)
            await call.record(tmp_path / "call.wav").closed()

    virtual(main())
    assert read(tmp_path / "call.wav") == speech(500)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"encoding": "mp3"}, "encoding is 'ulaw', 'alaw' or 's16', got 'mp3'"),
        ({"tracks": "stereo"}, "tracks is 'mono' or 'separate', got 'stereo'"),
        ({"max_minutes": 0}, "length is above 0 ms, got 0"),
        ({"limit_ms": -1}, "length is above 0 ms, got -1"),
    ],
)
def test_says_what_it_does_not_understand(virtual, on_the_phone, tmp_path, options, message):
    async def main():
        async with on_the_phone() as (call, _):
            with pytest.raises(ValueError, match=message):
                call.record(tmp_path / "call.wav", **options)

    virtual(main())
    assert not list(tmp_path.iterdir())
