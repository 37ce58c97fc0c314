"""The outgoing queue when it is full: wait, drop the oldest, or raise."""

import asyncio

import pytest

import phonewire
from phonewire.aio.outbound.mark import MarkOutcome
from phonewire.errors import QueueFullError


def frames(count, first=0):
    """Return frames that can be told apart."""
    return b"".join(bytes([n % 120]) * 160 for n in range(first, first + count))


def test_dropping_the_oldest_never_waits_and_counts(virtual, on_the_phone):
    async def main():
        async with on_the_phone(queue_ms=400, queue_policy="drop-oldest") as (call, phone):
            loop = asyncio.get_running_loop()
            start = loop.time()
            await call.write_payload(frames(100))
            assert loop.time() == start
            stats = call.stats()
            assert stats.queued_ms == 400
            assert stats.ms_out + stats.queued_ms + stats.dropped_ms == 2000
            await call.drain()
            assert phone.audio == frames(9) + frames(20, first=80), "what had gone out, and the newest"

    virtual(main())


def test_a_mark_keeps_its_place_when_the_audio_before_it_is_dropped(virtual, on_the_phone):
    async def main():
        async with on_the_phone(queue_ms=400, queue_policy="drop-oldest") as (call, phone):
            await call.write_payload(frames(20))
            mark = call.mark("before the rest")
            await call.write_payload(frames(100, first=20))
            assert await mark is MarkOutcome.PLAYED
            await call.drain()
            assert phone.frames[-20:] == [frames(1, first=n) for n in range(100, 120)]

    virtual(main())


def test_raising_queues_all_or_nothing(virtual, on_the_phone):
    async def main():
        async with on_the_phone(queue_ms=400, queue_policy="raise") as (call, phone):
            await call.write_payload(frames(20))
            queued_ms = call.stats().queued_ms
            with pytest.raises(QueueFullError, match=r"400 ms do not fit: 220 ms wait to be sent, at most 400") as full:
                await call.write_payload(frames(20))
            assert (full.value.queued_ms, full.value.limit_ms) == (220, 400)
            assert call.stats().queued_ms == queued_ms
            await call.drain()
            assert phone.audio == frames(20)

    virtual(main())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"queue_policy": "explode"}, r"wait, drop-oldest, raise, got 'explode'"),
        ({"queue_ms": 19}, r"at least 20, got 19"),
        ({"queue_ms": -1}, r"at least 20, got -1"),
    ],
)
def test_a_queue_that_makes_no_sense(options, message):
    with pytest.raises(ValueError, match=message):
        phonewire.Endpoint("/twilio", "twilio", auth=None, **options)
    with pytest.raises(ValueError, match=message):
        phonewire.connect("wss://example.com/", protocol="twilio", **options)


@pytest.mark.usefixtures("tls")
async def test_the_endpoint_says_how_long_the_queue_is():
    seen = []

    async def handler(call):
        with pytest.raises(QueueFullError):
            await call.write_payload(bytes(160) * 6)
        seen.append(call.stats().queued_ms)

    endpoint = phonewire.Endpoint("/twilio", "twilio", auth=None, queue_ms=100, queue_policy="raise")
    async with (
        phonewire.serve(handler, endpoints=[endpoint]) as server,
        phonewire.connect(server.url + "/twilio", protocol="twilio") as call,
    ):
        await call.wait_ended()
    assert seen == [0]


def test_a_long_write_is_woken_when_half_of_the_queue_is_free_and_ends_in_time(virtual, on_the_phone):
    async def main():
        async with on_the_phone(queue_ms=2000) as (call, phone):
            loop = asyncio.get_running_loop()
            start, seen = loop.time(), []
            writing = asyncio.create_task(call.write_payload(frames(500)))
            while not writing.done():
                await asyncio.sleep(0.02)
                seen.append(call.stats().queued_ms)
            assert 1960 <= max(seen) <= 2000
            assert 980 <= min(seen) <= 1020, "and not kept full, frame by frame"
            # 10 s less the queue and what the far end buffers; waiting for room makes no write longer.
            assert loop.time() - start == pytest.approx(10 - 2 - 0.18, abs=0.041)
            await call.drain()
            assert phone.audio == frames(500)

    virtual(main())


def test_a_short_write_waits_for_no_more_room_than_it_needs(virtual, on_the_phone):
    async def main():
        async with on_the_phone(queue_ms=2000) as (call, _):
            loop = asyncio.get_running_loop()
            await call.write_payload(frames(109))
            assert call.stats().queued_ms == 2000
            start = loop.time()
            await call.write_payload(frames(1))
            assert loop.time() - start <= 0.021

    virtual(main())
