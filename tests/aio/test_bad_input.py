"""What a program may get wrong: each time a documented error, nothing sent, and nothing lost that was accepted."""

import array
import asyncio
import io

import numpy
import pytest

import phonewire
from phonewire import g711
from phonewire.aio.outbound.mark import MarkOutcome
from phonewire.errors import CallEndedError, CodecError
from phonewire.protocols import twilio
from phonewire.protocols.connection import EndReason

SPEECH = bytes(n % 0x70 for n in range(8 * 200))
RIFF = b"RIFF\x24\0\0\0WAVEfmt " + bytes(28)

NO_AUDIO = {
    "none": (None, TypeError),
    "text": ("RIFF", TypeError),
    "number": (5, TypeError),
    "list": ([1, 2], TypeError),
    "float32": (numpy.zeros(160, numpy.float32), TypeError),
    "float64": (array.array("d", [0.5]), TypeError),
    "int32": (numpy.zeros(160, numpy.int32), TypeError),
    "unsigned": (numpy.zeros(160, numpy.uint16), TypeError),
    "big-endian": (numpy.zeros(160, ">i2"), TypeError),
    "every second sample": (numpy.zeros(160, numpy.int16)[::2], BufferError),
    "backwards": (memoryview(bytes(160))[::-1], BufferError),
    "columns": (numpy.zeros((80, 2), numpy.int16).T, BufferError),
    "file": (RIFF, CodecError),
    "file in an array": (numpy.frombuffer(RIFF, numpy.int16), CodecError),
}


async def nothing_came_of_it(call, phone):
    """Check that the call goes on as if nothing had been asked."""
    assert phone.got == []
    assert call.stats().queued_ms == 0
    await call.write_payload(SPEECH)
    await call.drain()
    assert phone.audio == SPEECH


@pytest.mark.parametrize("rate_hz", [None, 8000, 24_000])
@pytest.mark.parametrize("name", [*NO_AUDIO, "odd"])
def test_samples_that_are_none(virtual, on_the_phone, name, rate_hz):
    audio, error = (NO_AUDIO | {"odd": (bytes(321), CodecError)})[name]

    async def main():
        async with on_the_phone() as (call, phone):
            with pytest.raises(error):
                await call.write(audio, sample_rate_hz=rate_hz)
            await nothing_came_of_it(call, phone)

    virtual(main())


@pytest.mark.parametrize("name", [*NO_AUDIO, "16-bit samples"])
def test_a_payload_that_is_none(virtual, on_the_phone, name):
    audio, error = (NO_AUDIO | {"16-bit samples": (array.array("h", [1, 2]), TypeError)})[name]

    async def main():
        async with on_the_phone() as (call, phone):
            with pytest.raises((error, TypeError)):
                await call.write_payload(audio)
            await nothing_came_of_it(call, phone)

    virtual(main())


@pytest.mark.parametrize("empty", [b"", numpy.zeros(0, numpy.int16), array.array("h")])
def test_nothing_is_audio_too(virtual, on_the_phone, empty):
    async def main():
        async with on_the_phone() as (call, phone):
            for rate_hz in (None, 24_000):
                await call.write(empty, sample_rate_hz=rate_hz)
            await nothing_came_of_it(call, phone)

    virtual(main())


def test_who_writes_may_use_the_buffer_again(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, phone):
            for sample_rate_hz in (8000, 16_000):
                before = len(phone.audio)
                samples = bytearray(2 * sample_rate_hz * 4)  # more than the queue takes
                writer = asyncio.create_task(call.write(samples, sample_rate_hz=sample_rate_hz))
                await asyncio.sleep(0.1)
                samples[:] = b"\x55" * len(samples)
                await writer
                await call.drain()
                assert set(phone.audio[before:]) == {0xFF}

    virtual(main())


@pytest.mark.parametrize(
    ("source", "error"),
    [
        (None, TypeError),
        (5, TypeError),
        (b"speech.wav", TypeError),
        ([b"ab"], TypeError),
        (io.BytesIO(RIFF), TypeError),
        ("/nowhere/speech.wav", FileNotFoundError),
        ("/", IsADirectoryError),
    ],
)
def test_a_source_that_is_none(virtual, on_the_phone, source, error):
    async def main():
        async with on_the_phone() as (call, phone):
            with pytest.raises(error):
                await call.play(source)
            await nothing_came_of_it(call, phone)

    virtual(main())


@pytest.mark.parametrize("rate_hz", [None, 24_000])
@pytest.mark.parametrize("last", [RuntimeError("the synthesiser is gone"), bytes(321), RIFF, None])
def test_a_source_that_goes_wrong_in_the_middle(virtual, on_the_phone, last, rate_hz):
    async def source():
        yield bytes(2 * (rate_hz or 8000) // 5)
        if isinstance(last, Exception):
            raise last
        yield last

    async def main():
        async with on_the_phone() as (call, phone):
            with pytest.raises((RuntimeError, CodecError, TypeError)):
                await call.play(source(), sample_rate_hz=rate_hz)
            await call.drain()
            heard_ms = len(phone.audio) // 8
            assert heard_ms == (200 if rate_hz is None else 220), "with what was inside the resampler"
            await call.write_payload(SPEECH)
            await call.drain()
            assert phone.audio.endswith(SPEECH)

    virtual(main())


def test_a_source_that_never_yields_is_left_by_a_cancel(virtual, on_the_phone):
    closed = []

    async def source():
        try:
            yield bytes(320)
            await asyncio.Event().wait()
        finally:
            closed.append(True)

    async def main():
        async with on_the_phone() as (call, phone):
            player = asyncio.create_task(call.play(source()))
            await asyncio.sleep(1)
            player.cancel()
            await asyncio.wait([player])
            assert player.cancelled()
            assert closed == [True]
            await call.drain()
            assert len(phone.audio) == 160

    virtual(main())


@pytest.mark.parametrize(
    "lengths",
    [
        {"limit_ms": -1},
        {"limit_ms": 0},
        {"limit_ms": float("inf")},
        {"max_minutes": -0.5},
        {"max_minutes": 0},
        {"max_minutes": float("nan")},
    ],
)
def test_a_recording_of_no_length(virtual, on_the_phone, tmp_path, lengths):
    async def main():
        async with on_the_phone() as (call, _):
            with pytest.raises(ValueError, match="length is above 0 ms"):
                call.record(tmp_path / "call.wav", **lengths)
            assert list(tmp_path.iterdir()) == []

    virtual(main())


@pytest.mark.parametrize("ptime_ms", [20.5, "20", b"20"])
def test_a_length_that_is_no_whole_number(virtual, on_the_phone, ptime_ms):
    async def main():
        async with on_the_phone() as (call, _):
            with pytest.raises(TypeError):
                call.frames(ptime_ms=ptime_ms)

    virtual(main())


@pytest.mark.parametrize("end", ["close", "stop", "drop"])
def test_after_the_end(virtual, on_the_phone, end, tmp_path):
    async def main():
        async with on_the_phone() as (call, phone):
            await call.write_payload(SPEECH)
            await call.drain()
            if end == "close":
                await call.close()
            elif end == "stop":
                phone.send(twilio.Stop())
            else:
                phone.transport.vanish()
            reason = await call.wait_ended()
            assert reason is {"close": EndReason.CLOSED, "stop": EndReason.STOPPED, "drop": EndReason.DROPPED}[end]
            before = call.stats()
            for write in (call.write(bytes(320)), call.write(bytes(960), sample_rate_hz=24_000),
                          call.write_payload(SPEECH), call.play(say()), call.clear()):  # fmt: skip
                with pytest.raises(CallEndedError) as caught:
                    await write
                assert caught.value.reason is reason
            with pytest.raises(CallEndedError):
                call.mark("m")
            await call.drain()
            await call.close()
            assert [frame async for frame in call.frames()] == []
            assert [frame async for frame in call.frames(sample_rate_hz=16_000)] == []
            after = call.stats()
            assert (after.ms_out, after.unsent_ms, after.cleared_ms) == (before.ms_out, 0, 0)
            assert phone.audio == SPEECH

    async def say():
        yield bytes(320)

    virtual(main())


def test_what_was_accepted_before_the_end_is_sent_or_counted(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, phone):
            writers = [
                asyncio.create_task(call.write_payload(SPEECH * 20)),
                asyncio.create_task(call.write(bytes(2 * 24_000), sample_rate_hz=24_000)),
            ]
            mark = call.mark("never")
            await asyncio.sleep(0.5)
            await call.close()
            await asyncio.gather(*writers)
            stats = call.stats()
            assert stats.ms_out + stats.unsent_ms == 4000 + 1000
            assert len(phone.audio) == stats.bytes_out
            assert await mark in (MarkOutcome.PLAYED, MarkOutcome.ENDED)

    virtual(main())


def dialed(**options):
    return phonewire.connect("ws://127.0.0.1:9/", protocol="twilio", **options)


def dialed_audiosocket(**options):
    return phonewire.connect_audiosocket("127.0.0.1", 9, **options)


def endpoint(**options):
    return phonewire.Endpoint("/twilio", "twilio", auth=None, **options)


def signalling(**options):
    words = {"ready": ["READY"], "success": ["SUCCESS"], "failure": ["FAILURE"]}
    return phonewire.DasPeakSignalling("https://example.com", apikey="key", **words, **options)


def mounted(**options):
    return phonewire.asgi([endpoint()], handler=dialed, **options)


def in_aiohttp(**options):
    return phonewire.aiohttp_handler([endpoint()], handler=dialed, **options)


def nonces(**options):
    return phonewire.RedisNonces(None, **options)


ABOVE_0 = [
    (dialed, "message_bytes"),
    (dialed, "open_timeout_s"),
    (dialed_audiosocket, "open_timeout_s"),
    (endpoint, "message_bytes"),
    (signalling, "timeout_s"),
    (signalling, "interval_s"),
    (signalling, "answer_bytes"),
    (phonewire.MediaFormat, "sample_rate_hz"),
    (phonewire.MediaFormat, "channels"),
    (nonces, "limit_s"),
]
AT_LEAST_0 = [
    (dialed, "drain_timeout_s"),
    (dialed, "close_timeout_s"),
    (dialed_audiosocket, "drain_timeout_s"),
    (dialed_audiosocket, "close_timeout_s"),
    (endpoint, "refuse_after_s"),
    (mounted, "drain_seconds"),
    (in_aiohttp, "drain_seconds"),
]


@pytest.mark.parametrize("number", [0, -5, -0.5, float("nan")])
@pytest.mark.parametrize(("made", "name"), ABOVE_0)
def test_a_size_or_a_time_of_nothing(made, name, number):
    with pytest.raises(ValueError, match=rf"{name} is above 0, got {number!r}$"):
        made(**{name: number})
    made(**{name: 1})


@pytest.mark.parametrize("number", [-5, -0.5, float("nan")])
@pytest.mark.parametrize(("made", "name"), AT_LEAST_0)
def test_a_time_below_0(made, name, number):
    with pytest.raises(ValueError, match=rf"{name} is at least 0, got {number!r}$"):
        made(**{name: number})
    made(**{name: 0})


@pytest.mark.parametrize("queue_ms", [0, -1, 19])
def test_a_queue_of_no_size(queue_ms):
    with pytest.raises(ValueError, match=f"got {queue_ms}"):
        phonewire.Endpoint("/twilio", "twilio", auth=None, queue_ms=queue_ms)


def test_codewords_of_a_law_are_not_taken_for_samples(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, phone):
            codes = g711.ulaw_encode(bytes(320))
            await call.write(numpy.frombuffer(g711.ulaw_decode(codes), numpy.int16))
            await call.drain()
            assert phone.audio == codes

    virtual(main())
