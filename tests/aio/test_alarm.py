"""What wakes the ticker, both ways, on the event loops that there are: never early by more than the loop's rounding."""

import asyncio
import errno
import gc
import os
import time
import warnings
import weakref
from pathlib import Path

import pytest

from phonewire.aio import alarm as alarms
from phonewire.aio.alarm import LoopAlarm, TimerfdAlarm, make_alarm
from phonewire.aio.pacing import Ticker, ticker

needs_timerfd = pytest.mark.skipif(alarms._timerfd is None, reason="timerfd: Linux with the compiled core")
EARLY_NS = 2_000_000  # uvloop's clock is in milliseconds, and so are its timers
MS = 1_000_000


def uvloop():
    return pytest.importorskip("uvloop", reason="uvloop: the extra `fast`").new_event_loop()


@pytest.fixture(params=[asyncio.new_event_loop, uvloop], ids=["asyncio", "uvloop"])
def on_a_loop(request):
    """Run a coroutine on a loop that waits as long as it says."""

    def run(main):
        with asyncio.Runner(loop_factory=request.param) as runner:
            return runner.run(main)

    return run


@pytest.fixture(params=[pytest.param(TimerfdAlarm, marks=needs_timerfd), LoopAlarm])
def kind(request):
    return request.param


def descriptors():
    """Return the open files of this process."""
    return {path.name for path in Path("/proc/self/fd").iterdir()}


class Bell:
    """An alarm and the times at which it rang."""

    def __init__(self, kind):
        self.alarm = kind(asyncio.get_running_loop(), self.ring)
        self.rang_ns = []
        self.rung = asyncio.Event()

    def ring(self):
        self.rang_ns.append(self.alarm.now_ns())
        self.alarm.cancel()
        self.rung.set()


class Member:
    def __init__(self, ticks):
        self.due_ns = []
        self.late_ns = []
        self.left = ticks
        self.clock = None
        self.done = asyncio.Event()

    def tick(self, due_ns):
        self.due_ns.append(due_ns)
        self.late_ns.append(self.clock.now_ns() - due_ns)
        self.left -= 1
        if not self.left:
            self.done.set()
        return bool(self.left)


def test_it_rings_once_and_not_before_its_time(on_a_loop, kind):
    async def main():
        bell = Bell(kind)
        at_ns = bell.alarm.now_ns() + 5 * MS
        bell.alarm.set(at_ns)
        await bell.rung.wait()
        await asyncio.sleep(0.01)
        assert len(bell.rang_ns) == 1
        assert bell.rang_ns[0] >= at_ns - (0 if kind is TimerfdAlarm else EARLY_NS)
        bell.alarm.close()

    on_a_loop(main())


def test_only_what_was_set_last_counts(on_a_loop, kind):
    async def main():
        bell = Bell(kind)
        bell.alarm.set(bell.alarm.now_ns() + 3_600_000 * MS)
        bell.alarm.set(bell.alarm.now_ns() + 1 * MS)
        await bell.rung.wait()
        bell.rung.clear()
        bell.alarm.set(bell.alarm.now_ns() + 1 * MS)
        bell.alarm.cancel()
        await asyncio.sleep(0.01)
        assert len(bell.rang_ns) == 1
        bell.alarm.close()

    on_a_loop(main())


def test_what_is_over_rings_at_once(on_a_loop, kind):
    async def main():
        bell = Bell(kind)
        bell.alarm.set(bell.alarm.now_ns() - 3_000 * MS)
        await bell.rung.wait()
        bell.alarm.close()

    on_a_loop(main())


def test_cancelling_what_has_rung_but_was_not_served_leaves_it_silent(on_a_loop, kind):
    async def main():
        bell = Bell(kind)
        bell.alarm.set(bell.alarm.now_ns() + 1 * MS)
        time.sleep(0.005)  # noqa: ASYNC251 - the loop is blocked on purpose
        bell.alarm.cancel()
        await asyncio.sleep(0.01)
        assert bell.rang_ns == []
        bell.alarm.close()
        bell.alarm.cancel()

    on_a_loop(main())


def test_ticks_stay_on_the_grid(on_a_loop, kind):
    async def main():
        clock = Ticker(asyncio.get_running_loop(), kind)
        members = [Member(ticks=10) for _ in range(40)]
        firsts = []
        for member in members:
            member.clock = clock
            firsts.append(clock.join(member))
        await asyncio.gather(*(member.done.wait() for member in members))
        for member, first in zip(members, firsts, strict=True):
            assert {(due - first) % (20 * MS) for due in member.due_ns} == {0}
            assert member.due_ns == sorted(set(member.due_ns))
            assert min(member.late_ns) >= (0 if kind is TimerfdAlarm else -EARLY_NS)
        clock.close()

    on_a_loop(main())


@needs_timerfd
def test_the_machines_loops_get_a_timerfd(on_a_loop):
    async def main():
        assert isinstance(ticker()._alarm, TimerfdAlarm)

    on_a_loop(main())


def test_a_loop_with_a_time_of_its_own_is_asked_for_it(virtual):
    async def main():
        assert isinstance(ticker()._alarm, LoopAlarm)
        loop = asyncio.get_running_loop()
        assert ticker().now_ns() == int(loop.time() * 1e9)

    virtual(main())


async def test_a_loop_whose_time_was_replaced_is_asked_for_it(monkeypatch):
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "time", lambda: 7.0)
    assert make_alarm(loop, lambda: None).now_ns() == 7_000_000_000


@needs_timerfd
async def test_without_a_descriptor_the_loops_timers_do(monkeypatch, caplog):
    def refuse(*_, **__):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(alarms._timerfd, "timerfd_create", refuse)
    assert isinstance(make_alarm(asyncio.get_running_loop(), lambda: None), LoopAlarm)
    assert "Too many open files" in caplog.text


@needs_timerfd
async def test_a_loop_that_watches_no_files_costs_no_descriptor(monkeypatch):
    def refuse(*_):
        raise NotImplementedError

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "add_reader", refuse)
    before = descriptors()
    assert isinstance(make_alarm(loop, lambda: None), LoopAlarm)
    assert descriptors() == before


@needs_timerfd
def test_loops_that_end_leave_no_descriptor(on_a_loop):
    async def main():
        member = Member(ticks=2)
        member.clock = ticker()
        ticker().join(member)
        await member.done.wait()

    on_a_loop(main())
    gc.collect()
    before = len(descriptors())
    for _ in range(10):
        on_a_loop(main())
    gc.collect()
    assert len(descriptors()) <= before


def test_an_idle_ticker_keeps_no_loop_alive(on_a_loop):
    loops = []

    async def main():
        ticker()
        loops.append(weakref.ref(asyncio.get_running_loop()))

    on_a_loop(main())
    gc.collect()
    assert loops[0]() is None


def test_a_loop_that_ends_with_calls_in_it_is_let_go_with_the_next_one(on_a_loop):
    ends = []

    class Abandoned(Member):
        def __init__(self):
            super().__init__(ticks=1000)
            self.loop = asyncio.get_running_loop()  # as everything asynchronous does, it holds its loop
            ends.append(weakref.ref(self.loop))

    async def abandon():
        ticker().join(Abandoned())

    async def begin():
        ticker()

    on_a_loop(abandon())
    on_a_loop(begin())
    gc.collect()
    assert ends[0]() is None


@needs_timerfd
def test_a_child_of_fork_does_not_stop_its_parents_clock(on_a_loop):
    async def main():
        member = Member(ticks=10)
        member.clock = ticker()
        ticker().join(member)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # other tests may have left threads
            child = os.fork()
        if not child:
            member.clock._alarm._closed()  # as at the end of every process
            os._exit(0)
        os.waitpid(child, 0)  # noqa: ASYNC222 - it ends at once
        await member.done.wait()
        assert len(member.due_ns) == 10

    on_a_loop(main())


@needs_timerfd
def test_the_timers_errors_are_the_systems():
    with pytest.raises(OSError, match="Bad file descriptor"):
        alarms._timerfd.timerfd_settime_ns(1_000_000, flags=0, initial=1)
    with pytest.raises(OSError, match="Invalid argument"):
        alarms._timerfd.timerfd_create(12345, flags=0)
