"""Clear and marks: what was heard, against a phone that plays sample by sample."""

import asyncio

import pytest

from phonewire.aio.outbound.mark import MarkOutcome
from tests.aio.sounds import speech

SILENCE = b"\xff"


@pytest.mark.parametrize("after_ms", [0, 1, 37, 160, 999, 3000, 4999, 5000, 6000])
def test_clear_says_what_was_heard(virtual, on_the_phone, after_ms):
    async def main():
        async with on_the_phone() as (call, phone):
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


def test_each_clear_counts_from_the_one_before(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, phone):
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


def test_what_is_written_after_a_clear_is_played(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, phone):
            writer = asyncio.create_task(call.write_payload(speech(4000)))
            await asyncio.sleep(0.4)
            await call.clear()
            await call.write_payload(speech(200, seed=2))
            await call.drain()
            await writer
            assert phone.audio.endswith(speech(200, seed=2))

    virtual(main())


def test_a_mark_is_played_when_the_audio_before_it_was(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, _):
            loop = asyncio.get_running_loop()
            start = loop.time()
            await call.write_payload(speech(1000))
            assert await call.mark("said") is MarkOutcome.PLAYED
            assert loop.time() - start == pytest.approx(1.0, abs=0.005)
            assert call.played_ms == 1000

    virtual(main())


def test_marks_that_come_back_because_of_a_clear_were_not_played(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, phone):
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


def test_the_same_name_twice(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, _):
            await call.write_payload(speech(100))
            first = call.mark("m")
            await call.clear()
            await call.write_payload(speech(100))
            second = call.mark("m")
            assert (await first, await second) == (MarkOutcome.CLEARED, MarkOutcome.PLAYED)

    virtual(main())


def test_a_mark_ends_a_frame(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, phone):
            await call.write_payload(speech(5))
            assert await call.mark("m") is MarkOutcome.PLAYED
            assert phone.audio == speech(5) + SILENCE * 120

    virtual(main())


@pytest.mark.parametrize(
    ("name", "error"), [("", ValueError), ("x" * 1001, ValueError), ("\ud800", ValueError), (5, TypeError)]
)
def test_a_name_that_no_mark_has_is_refused_and_nothing_is_queued(virtual, on_the_phone, name, error):
    async def main():
        async with on_the_phone() as (call, phone):
            await call.write_payload(speech(5))
            with pytest.raises(error):
                call.mark(name)
            assert phone.got == []
            await call.write_payload(speech(20))
            await call.drain()
            assert phone.audio == speech(5) + speech(20) + SILENCE * 120

    virtual(main())
