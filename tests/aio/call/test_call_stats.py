"""What a call measures of itself, on a clock that jumps."""

import asyncio

import pytest

FRAME = bytes(160)


def test_what_no_mark_has_confirmed(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, _):
            await call.write_payload(FRAME * 50)
            mark = call.mark("here")
            await call.write_payload(FRAME * 25)
            await asyncio.sleep(0.5)
            assert call.stats().unconfirmed_ms == call.stats().ms_out > 500
            await mark
            await call.drain()
            assert call.stats().unconfirmed_ms == 500
            await call.mark("end")
            assert call.stats().unconfirmed_ms == 0

    virtual(main())


def test_marks_that_a_clear_sends_back_confirm_nothing(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, _):
            await call.write_payload(FRAME * 50)
            call.mark("m")
            await asyncio.sleep(0.9)
            heard_ms = await call.clear()
            await asyncio.sleep(1)
            stats = call.stats()
            assert (stats.unconfirmed_ms, stats.marks_played, stats.mouth_to_ear_ms) == (heard_ms, 0, None)

    virtual(main())


@pytest.mark.parametrize("way_ms", [0, 40, 150])
def test_from_mouth_to_ear(virtual, on_the_phone, at_a_distance, way_ms):
    async def main():
        async with on_the_phone() as (call, phone):
            for transport in (call._line.transport, phone.transport):
                at_a_distance(transport, lambda: way_ms / 1000)
            await call.write_payload(FRAME * 5)
            await call.mark("at once")
            # 100 ms are written in one go, and heard after their way when 100 ms have been played.
            assert call.stats().mouth_to_ear_ms == pytest.approx(100 + way_ms, abs=2)

    virtual(main())
