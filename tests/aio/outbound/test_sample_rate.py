"""Saying audio of any rate and any number of channels: the same bytes on the wire however it is cut."""

import asyncio
import itertools
import math
import random
from array import array

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phonewire import g711, pcm
from phonewire.aio.outbound.mark import MarkOutcome
from phonewire.aio.outbound.source import Coder, require_audio, wav_payloads
from phonewire.errors import CodecError, QueueFullError
from phonewire.protocols.connection import Ended, EndReason, MediaFormat
from tests.aio.sounds import wav

RATES = [8000, 16_000, 24_000, 48_000]
SILENCE = b"\xff"


def tone(ms, rate_hz, hz=440, channels=1):
    """Return a sine: s16 samples, the same in every channel."""
    wave_ = (round(8000 * math.sin(2 * math.pi * hz * n / rate_hz)) for n in range(rate_hz * ms // 1000))
    return array("h", (sample for sample in wave_ for _ in range(channels))).tobytes()


def on_the_wire(samples, rate_hz):
    """Return what a call of 8,000 Hz µ-law sends for *samples* and a drain."""
    resampler = pcm.Resampler(rate_hz, 8000)
    payload = g711.ulaw_encode(resampler.resample(samples) + resampler.flush())
    return payload + SILENCE * (-len(payload) % 160)


def pieces(samples, sizes):
    """Cut *samples* into pieces of so many of them; the last one is the rest."""
    start = 0
    for size in sizes:
        yield samples[start : start + 2 * size]
        start += 2 * size
    yield samples[start:]


@pytest.mark.parametrize("rate_hz", RATES)
@given(sizes=st.lists(st.integers(0, 900), max_size=8))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_pattern_of_writes_gives_the_same_bytes(virtual, on_the_phone, rate_hz, sizes):
    samples = tone(137, rate_hz)

    async def main():
        async with on_the_phone() as (call, phone):
            for piece in pieces(samples, sizes):
                await call.write(piece, sample_rate_hz=rate_hz)
            await call.drain()
            assert phone.audio == on_the_wire(samples, rate_hz)
            assert {len(frame) for frame in phone.frames} == {160}

    virtual(main())


def test_a_tone_of_48_khz_is_the_same_tone_on_the_phone(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, phone):
            await call.write(tone(500, 48_000), sample_rate_hz=48_000)
            await call.drain()
            heard = array("h", g711.ulaw_decode(phone.audio))[32:]  # the filter's 4 ms
            expected = array("h", tone(500, 8000))
            worst = max(abs(a - b) for a, b in zip(heard[200:3800], expected[200:3800], strict=True))
            assert worst < 300, "half a step of µ-law at this level is 256, and the filter has its ripple"

    virtual(main())


def test_what_is_inside_the_resampler_is_said_before_another_rate(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, phone):
            first, second, third = tone(40, 24_000), tone(40, 16_000, 700), tone(16, 8000, 900)
            await call.write(first, sample_rate_hz=24_000)
            await call.write(second, sample_rate_hz=16_000)
            await call.write(third)
            await call.drain()
            samples = b""
            for said, rate_hz in ((first, 24_000), (second, 16_000)):
                resampler = pcm.Resampler(rate_hz, 8000)
                samples += resampler.resample(said) + resampler.flush()
            said = g711.ulaw_encode(samples + third)
            assert phone.audio == said + SILENCE * (-len(said) % 160)

    virtual(main())


@pytest.mark.parametrize("native", [True, False], ids=["write", "write_payload"])
def test_the_wire_s_own_rate_after_another(virtual, on_the_phone, native):
    async def main():
        async with on_the_phone() as (call, phone):
            await call.write(tone(40, 24_000), sample_rate_hz=24_000)
            own = tone(16, 8000, 900)
            await (call.write(own) if native else call.write_payload(g711.ulaw_encode(own)))
            await call.drain()
            assert phone.audio == on_the_wire(tone(40, 24_000), 24_000)[: 44 * 8] + g711.ulaw_encode(own)

    virtual(main())


def test_a_mark_stands_behind_what_was_inside_the_resampler(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, phone):
            samples = tone(100, 24_000)
            await call.write(samples, sample_rate_hz=24_000)
            assert await call.mark("said") is MarkOutcome.PLAYED
            assert phone.audio == on_the_wire(samples, 24_000)
            assert call.played_ms == 120, "100 ms, 4 ms of delay, filled up to whole frames"

    virtual(main())


def test_a_mark_in_the_middle_of_a_write_that_waits(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, phone):
            writer = asyncio.create_task(call.write(tone(5000, 24_000), sample_rate_hz=24_000))
            await asyncio.sleep(0.5)
            mark = call.mark("somewhere")
            await writer
            await call.drain()
            assert await mark is MarkOutcome.PLAYED
            heard = array("h", g711.ulaw_decode(phone.audio))
            assert 5004 <= len(heard) / 8 <= 5060
            crossings = sum(a < 0 <= b for a, b in itertools.pairwise(heard))
            assert crossings == pytest.approx(440 * 5, abs=40), "nothing plays at a third of its speed"

    virtual(main())


def test_a_clear_forgets_what_is_inside_the_resampler(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, phone):
            await call.write(tone(100, 24_000, 3000), sample_rate_hz=24_000)
            await asyncio.sleep(0.05)
            await call.clear()
            before = len(phone.audio)
            await call.write(tone(200, 24_000), sample_rate_hz=24_000)
            await call.drain()
            assert phone.audio[before:] == on_the_wire(tone(200, 24_000), 24_000)

    virtual(main())


@pytest.mark.parametrize("pace", ["realtime", "none"])
def test_a_clear_during_a_write_of_another_rate(virtual, on_the_phone, pace):
    async def main():
        async with on_the_phone(pace=pace) as (call, phone):
            writers = [
                asyncio.create_task(call.write(tone(5000, 24_000, 3000), sample_rate_hz=24_000)) for _ in range(2)
            ]
            await asyncio.sleep(0.5 if pace == "realtime" else 0)
            await call.clear()
            await asyncio.gather(*writers)
            before = len(phone.audio)
            stats = call.stats()
            assert stats.ms_out + stats.cleared_ms == 10_000
            await call.write(tone(200, 24_000), sample_rate_hz=24_000)
            await call.drain()
            assert phone.audio[before:] == on_the_wire(tone(200, 24_000), 24_000)

    virtual(main())


def test_every_channel_is_resampled_by_itself():
    left, right = tone(100, 48_000), tone(100, 48_000, 1000)
    coder = Coder(MediaFormat("s16le", 16_000, 2))
    payload = b"".join(coder.code(pcm.interleave([left, right]), 48_000)) + coder.flush()
    for channel, said in zip(pcm.deinterleave(payload, 2), (left, right), strict=True):
        resampler = pcm.Resampler(48_000, 16_000)
        assert channel == resampler.resample(said) + resampler.flush()
    with pytest.raises(CodecError, match=r"multiple of 4 bytes, got 6"):
        require_audio(bytes(6), 4)


def test_a_full_queue_that_raises_counts_milliseconds_of_the_wire(virtual, on_the_phone):
    async def main():
        async with on_the_phone(queue_ms=400, queue_policy="raise") as (call, phone):
            await call.write(tone(400, 48_000), sample_rate_hz=48_000)
            with pytest.raises(QueueFullError, match="300 ms do not fit"):
                await call.write(tone(300, 48_000), sample_rate_hz=48_000)
            await call.drain()
            assert phone.audio == on_the_wire(tone(400, 48_000), 48_000)

    virtual(main())


def test_a_consumer_that_has_enough_is_no_error_at_any_rate(virtual, on_the_phone):
    async def main():
        async with on_the_phone("das-peak") as (call, _):
            call.dispatch(Ended(EndReason.COMPLETED))
            await call.write(tone(400, 48_000), sample_rate_hz=48_000)
            assert call.stats().unsent_ms == 400

    virtual(main())


# Playing


@pytest.mark.parametrize("rate_hz", RATES)
def test_a_file_of_any_rate_is_played(virtual, on_the_phone, tmp_path, rate_hz):
    file = wav(tmp_path / "tone.wav", tone(1500, rate_hz), rate_hz)

    async def main():
        async with on_the_phone() as (call, phone):
            await call.play(file)
            await call.drain()
            assert phone.audio == on_the_wire(tone(1500, rate_hz), rate_hz)

    virtual(main())


def test_the_channels_of_a_file_are_mixed_into_one(virtual, on_the_phone, tmp_path):
    left, right = tone(100, 8000), tone(100, 8000, 1000)
    file = wav(tmp_path / "stereo.wav", pcm.interleave([left, right]), 8000, 2)

    async def main():
        async with on_the_phone() as (call, phone):
            await call.play(file)
            await call.drain()
            mean = array("h", (round((a + b) / 2) for a, b in zip(array("h", left), array("h", right), strict=True)))
            heard, expected = (array("h", g711.ulaw_decode(codes)) for codes in (phone.audio, g711.ulaw_encode(mean)))
            assert max(abs(a - b) for a, b in zip(heard, expected, strict=True)) <= 512, "one step of µ-law at most"
            assert sum(a != b for a, b in zip(heard, expected, strict=True)) < 10, "where a half was rounded otherwise"

    virtual(main())


def test_one_channel_of_a_file_is_repeated(tmp_path):
    file = wav(tmp_path / "mono.wav", tone(100, 16_000), 16_000)
    said = b"".join(wav_payloads(file, MediaFormat("s16le", 16_000, 2)))
    assert said == tone(100, 16_000, channels=2)


def test_channels_that_nobody_can_match_are_refused(tmp_path):
    file = wav(tmp_path / "three.wav", tone(20, 16_000, channels=3), 16_000, 3)
    with pytest.raises(CodecError, match="2 channels, the audio 3"):
        next(wav_payloads(file, MediaFormat("s16le", 16_000, 2)))


def test_a_file_of_a_rate_without_conversion_is_refused(virtual, on_the_phone, tmp_path):
    file = wav(tmp_path / "odd.wav", tone(20, 44_100), 44_100)

    async def main():
        async with on_the_phone() as (call, phone):
            with pytest.raises(CodecError, match=r"8000 Hz.*got 44100 Hz"):
                await call.play(file)
            await call.drain()
            assert phone.got == []

    virtual(main())


@pytest.mark.parametrize("rate_hz", [8000, 24_000])
def test_music_on_hold_has_no_seam(virtual, on_the_phone, tmp_path, rate_hz):
    once = tone(330, rate_hz)
    file = wav(tmp_path / "music.wav", once, rate_hz)

    async def main():
        async with on_the_phone() as (call, phone):
            player = asyncio.create_task(call.play(file, loop=True))
            await asyncio.sleep(5)
            assert not player.done()
            await call.clear()
            await player
            assert len(phone.audio) > 8 * 5000
            assert phone.audio == on_the_wire(once * 20, rate_hz)[: len(phone.audio)]

    virtual(main())


def test_an_empty_file_is_no_endless_loop(virtual, on_the_phone, tmp_path):
    file = wav(tmp_path / "nothing.wav", b"", 8000)

    async def main():
        async with on_the_phone() as (call, phone):
            await call.play(file, loop=True)
            assert phone.got == []

    virtual(main())


def test_an_async_source_of_another_rate(virtual, on_the_phone):
    samples = tone(333, 24_000)

    async def source():
        for piece in pieces(samples, random.Random(1).choices(range(700), k=10)):
            yield piece

    async def main():
        async with on_the_phone() as (call, phone):
            await call.play(source(), sample_rate_hz=24_000)
            await call.drain()
            assert phone.audio == on_the_wire(samples, 24_000)

    virtual(main())


def test_a_file_says_its_own_rate(virtual, on_the_phone, tmp_path):
    file = wav(tmp_path / "tone.wav", tone(20, 8000), 8000)

    async def main():
        async with on_the_phone() as (call, phone):
            with pytest.raises(TypeError, match="its own sample rate"):
                await call.play(file, sample_rate_hz=24_000)
            assert phone.got == []

    virtual(main())
