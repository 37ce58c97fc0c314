"""AudioSocket at each of its nine rates: 20 ms are 20 ms, 44.1 kHz too, on the fake clock."""

import asyncio
import itertools
import random
import struct

import pytest

import phonewire
from phonewire.protocols import audiosocket

UUID = "5f0c1b3e-9a4d-4e7f-8b21-001122334455"
HELLO = b"\x01\x00\x10" + bytes.fromhex(UUID.replace("-", ""))
RATES = pytest.mark.parametrize(("kind", "media_format"), audiosocket.FORMATS.items(), ids=lambda each: repr(each))


def second(media_format):
    rate = media_format.sample_rate_hz
    return struct.pack(f"<{rate}h", *(n % 20_000 + 1 for n in range(rate)))


async def read_frames(reader, loop):
    """Return frames as (kind, payload, when it came), up to the hangup."""
    frames = []
    while True:
        kind, size = struct.unpack("!BH", await reader.readexactly(3))
        if kind == 0:
            return frames
        frames.append((kind, await reader.readexactly(size), loop.time()))


@RATES
def test_frames_are_20_ms_and_audio_of_a_second_takes_one(virtual, kind, media_format):
    speech, stats = second(media_format), []
    cut = random.Random(kind)

    async def handler(call):
        left = speech
        while left:  # in pieces that are no frames
            size = 2 * cut.randrange(1, 3000)
            await call.write(left[:size])
            left = left[size:]
        await call.drain()
        stats.append(call.stats())
        await asyncio.sleep(9)

    async def main():
        loop = asyncio.get_running_loop()
        options = {"call_ids": None, "addresses": None, "media_format": media_format}
        async with phonewire.serve_audiosocket(handler, **options) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(HELLO)
            frames = await read_frames(reader, loop)
            writer.close()
        size = media_format.sample_rate_hz // 50 * 2
        assert {(each, len(payload)) for each, payload, _ in frames} == {(kind, size)}
        heard = b"".join(payload for _, payload, _ in frames)
        assert heard[size : size + len(speech)] == speech  # behind the silence that is sent at once
        assert 499 <= len(frames) <= 501  # 1 s of speech, 9 s of silence
        times = [at for _, _, at in frames]
        assert max(abs(after - at - 0.02) for at, after in itertools.pairwise(times[1:])) < 0.002
        assert (stats[0].ms_out, stats[0].frames_out, stats[0].schedule_shifts) == (1000, 50, 0)

    virtual(main())


@RATES
def test_a_second_is_heard_as_one(virtual, kind, media_format):
    speech, heard, stats = second(media_format), [], []

    async def handler(call):
        heard.extend([frame.payload async for frame in call.frames(ptime_ms=20)])
        stats.append(call.stats())

    async def main():
        options = {"call_ids": None, "addresses": None, "media_format": media_format}
        async with phonewire.serve_audiosocket(handler, **options) as server:
            host = ("127.0.0.1", server.port)
            async with phonewire.connect_audiosocket(*host, call_id=UUID, media_format=media_format) as call:
                await call.write(speech)
                await call.drain()
                assert call.stats().ms_out == 1000
        assert speech in b"".join(heard)
        assert {len(frame) for frame in heard} == {media_format.sample_rate_hz // 50 * 2}
        assert stats[0].ms_in % 20 == 0

    virtual(main())


def test_sizes_and_durations_are_each_others_inverse():
    for media_format in audiosocket.FORMATS.values():
        for duration_ms in (10, 20, 1000, 3_600_000):
            size = media_format.size_of(duration_ms)
            assert size == duration_ms * media_format.sample_rate_hz * 2 // 1000
            assert media_format.ms_of(size) == duration_ms
            assert media_format.ns_of(size) == duration_ms * 1_000_000
