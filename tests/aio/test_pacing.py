"""The ticker: absolute deadlines, one service after a stall, nothing armed when nothing is due."""

import asyncio
import gc
import itertools
import sys
import weakref

import pytest

from phonewire.aio.pacing import Ticker, ticker


class Member:
    def __init__(self, ticks=None):
        self.at = []
        self.left = ticks

    def tick(self, due_ns):
        self.at.append(asyncio.get_running_loop().time())
        if self.left is not None:
            self.left -= 1
        return self.left != 0


def test_ticks_are_20_ms_apart_and_never_drift(virtual):
    async def main():
        member = Member()
        first = ticker().join(member)
        await asyncio.sleep(60)
        assert len(member.at) == 3000
        assert max(abs(at - (first / 1e9 + n * 0.02)) for n, at in enumerate(member.at)) < 1e-6

    virtual(main())


def test_lateness_does_not_add_up(virtual):
    async def main():
        loop = asyncio.get_running_loop()

        class Slow(Member):
            def tick(self, due_ns):
                super().tick(due_ns)
                loop.stall(0.003)
                return True

        member = Slow()
        first = ticker().join(member)
        await asyncio.sleep(10)
        assert max(at - (first / 1e9 + n * 0.02) for n, at in enumerate(member.at)) < 0.004

    virtual(main())


def test_after_a_stall_each_member_is_served_once_and_the_grid_is_kept(virtual):
    async def main():
        loop = asyncio.get_running_loop()
        member = Member()
        first = ticker().join(member)
        await asyncio.sleep(0.1)
        before = len(member.at)
        loop.stall(0.5)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert len(member.at) == before + 1
        await asyncio.sleep(0.1)
        phases = {round((at - first / 1e9) % 0.02, 6) % 0.02 for at in member.at[before + 1 :]}
        assert phases == {0.0}

    virtual(main())


def test_who_joins_late_takes_no_tick_from_those_who_wait_for_theirs(virtual):
    async def main():
        loop = asyncio.get_running_loop()
        clock, members = Ticker(loop), [Member() for _ in range(20)]
        for member in members:
            clock.join(member)
        await asyncio.sleep(0.1)
        before = [len(member.at) for member in members]
        loop.stall(0.015)
        late = Member()
        first = clock.join(late)
        assert first > (loop.time() - 0.02) * 1e9
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert sum(len(member.at) for member in members) - sum(before) == 15
        await asyncio.sleep(0.1 - 0.015)
        assert {len(member.at) - seen for member, seen in zip(members, before, strict=True)} == {5}

    virtual(main())


def test_calls_are_spread_over_the_slots(virtual):
    async def main():
        members = [Member() for _ in range(40)]
        clock = Ticker(asyncio.get_running_loop())
        firsts = [clock.join(member) for member in members]
        assert sorted(first // 1_000_000 % 20 for first in firsts) == sorted([*range(20), *range(20)])

    virtual(main())


def test_joining_again_changes_nothing(virtual):
    async def main():
        clock, member = Ticker(asyncio.get_running_loop()), Member()
        assert clock.join(member) is not None
        assert clock.join(member) is None
        await asyncio.sleep(0.2)
        assert len(member.at) == 10

    virtual(main())


def test_a_member_that_is_done_is_left_out_and_the_timer_is_disarmed(virtual):
    async def main():
        loop = asyncio.get_running_loop()
        clock, member = Ticker(loop), Member(ticks=3)
        clock.join(member)
        await asyncio.sleep(1)
        assert len(member.at) == 3
        assert not [handle for handle in loop._scheduled if not handle.cancelled()]

    virtual(main())


def test_leaving_works_at_any_time(virtual):
    async def main():
        clock, member = Ticker(asyncio.get_running_loop()), Member()
        clock.leave(member)
        clock.join(member)
        clock.leave(member)
        await asyncio.sleep(0.1)
        assert member.at == []

    virtual(main())


def test_a_member_that_raises_is_told_and_harms_none_of_the_others(virtual):
    class Broken(Member):
        def tick(self, due_ns):
            super().tick(due_ns)
            raise RuntimeError("a bug")

        def tick_failed(self):
            self.error = sys.exc_info()[1]

    async def main():
        clock = Ticker(asyncio.get_running_loop())
        broken, member = Broken(), Member()
        clock.join(broken)
        clock.join(member)
        await asyncio.sleep(1)
        assert len(broken.at) == 1
        assert len(member.at) == 50
        assert str(broken.error) == "a bug"

    virtual(main())


def test_one_ticker_a_loop_and_it_keeps_no_loop_alive(virtual):
    loops = []

    async def main():
        assert ticker() is ticker()
        loops.append(weakref.ref(asyncio.get_running_loop()))

    virtual(main())
    gc.collect()
    assert loops[0]() is None


def test_a_call_knows_how_late_its_ticks_were(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, _):
            loop = asyncio.get_running_loop()
            await call.write_payload(bytes(160 * 60))
            await asyncio.sleep(0.51)
            before = call.stats()
            assert before.ticks == 25
            assert (before.ticks_late_ms, before.tick_latest_ms) == pytest.approx((0, 0), abs=0.001)
            loop.stall(0.05)
            await call.drain()
            stats = call.stats()
            # One tick after a stall, for all that were slept over; the first of these was due 10 ms into it.
            assert stats.ticks_late_ms == pytest.approx(40, abs=0.001)
            assert stats.tick_latest_ms == pytest.approx(40, abs=0.001)
            assert stats.schedule_shifts == 0

    virtual(main())


def test_a_tick_that_is_late_sends_what_one_in_time_would(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, phone):
            loop = asyncio.get_running_loop()
            origin = loop.time()
            await asyncio.sleep(0.0005)  # every frame is due half a millisecond after a tick, and goes with the next
            await call.write_payload(bytes(160 * 60))
            for number in range(1, 50, 3):
                await asyncio.sleep(origin + number * 0.02 - 0.0001 - loop.time())
                loop.stall(0.002)
            await call.drain()
            sent = phone.transport.far.written_at[9:]  # those before fill the far end's buffer at once
            gaps = [later - earlier for earlier, later in itertools.pairwise(sent)]
            assert len(sent) == 51
            assert min(gaps) > 0.017
            assert max(gaps) < 0.023

    virtual(main())
