"""The supervisor of workers, on the fake clock: they end, are replaced or stopped; and the sums of their metrics."""

import asyncio
import contextlib
import errno
import itertools
import os
import signal
from pathlib import Path

import pytest

from phonewire.cli.workers import Supervisor
from phonewire.cli.workers.child import Child
from phonewire.cli.workers.sums import Sums
from phonewire.emulators.clock import FakeClockLoop
from phonewire.stats import PEAKS


class TestSupervisor:
    """On the fake clock, with children that are none."""

    class Fake:
        observe_port = None

        def __init__(self, lives_s, begins, begins_s, drains_s):
            self._lives_s, self._begins, self._begins_s, self._drains_s = lives_s, begins, begins_s, drains_s
            self._told, self._cut = asyncio.Event(), asyncio.Event()
            self.end = asyncio.create_task(self._live())
            self.terms = 0

        async def _live(self):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._lives_s):
                    await self._told.wait()
            if not self._told.is_set():
                return 1
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._drains_s):
                    await self._cut.wait()
            return -signal.SIGTERM if self._cut.is_set() else 0

        async def is_ready(self):
            await asyncio.wait([self.end], timeout=self._begins_s)
            return self._begins and not self.end.done()

        async def ended(self):
            return await asyncio.shield(self.end)

        def send_signal(self, number):
            if number == signal.SIGTERM:
                self.terms += 1
                (self._cut if self._told.is_set() else self._told).set()

    @pytest.fixture
    def starts(self, monkeypatch):
        """Return when children were started; each lives as long as the first of *lives_s*, the last for ever."""
        starts, self.lives_s, self.begins, self.all = [], [], True, []
        self.starts_s = self.begins_s = self.drains_s = self.refusals = 0

        async def start(arguments):
            starts.append(asyncio.get_running_loop().time())
            await asyncio.sleep(self.starts_s)
            if self.refusals:
                self.refusals -= 1
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
            lives_s = self.lives_s.pop(0) if self.lives_s else None
            self.all.append(self.Fake(lives_s, self.begins, self.begins_s, self.drains_s))
            return self.all[-1]

        monkeypatch.setattr(Child, "start", start)
        return starts

    def run(self, main):
        with asyncio.Runner(loop_factory=FakeClockLoop) as runner:
            return runner.run(main())

    @contextlib.asynccontextmanager
    async def kept(self, count):
        """A supervisor that has begun; when the block ends, it is waited for."""
        supervisor = Supervisor([], count)
        await supervisor.begin()
        keeping = asyncio.create_task(supervisor.keep())
        yield supervisor
        await keeping

    def test_pauses_grow_while_a_worker_keeps_crashing(self, starts):
        self.lives_s = [1, 1, 1, 100, 1]

        async def main():
            async with self.kept(1) as supervisor:
                await asyncio.sleep(300)
                supervisor.stop()
            return supervisor.restarts

        assert self.run(main) == 5
        waits = [after - before for before, after in itertools.pairwise(starts)]
        assert waits == pytest.approx([1.5, 2, 3, 100.5, 2])

    def test_who_is_stopped_in_a_pause_starts_nobody(self, starts):
        self.lives_s = [1]

        async def main():
            async with self.kept(1) as supervisor:
                await asyncio.sleep(1.2)
                supervisor.stop()

        self.run(main)
        assert len(starts) == 1

    def test_a_replacement_that_does_not_begin_leaves_the_old_one_in_its_place(self, starts, caplog):
        async def main():
            async with self.kept(2) as supervisor:
                before = dict(supervisor.children)
                self.begins = False
                supervisor.replace()
                await asyncio.sleep(1)
                assert supervisor.children == before
                supervisor.stop()

        self.run(main)
        assert "worker 0 is not replaced" in caplog.text
        assert len(starts) == 3

    @pytest.mark.parametrize("stops_s", [1, 3, 6, 15, 17, 20])  # a new one starts, begins, an old one drains; again
    def test_who_stops_while_they_are_replaced_tells_each_once(self, starts, caplog, stops_s):
        async def main():
            self.drains_s = 10
            async with self.kept(2) as supervisor:
                self.starts_s, self.begins_s = 2, 2
                supervisor.replace()
                await asyncio.sleep(stops_s)
                supervisor.stop()

        self.run(main)
        assert [child.terms for child in self.all] == [1] * len(starts)
        assert [child.end.result() for child in self.all] == [0] * len(starts), "none was cut, each was waited for"
        assert not caplog.records

    def test_one_that_lets_its_calls_end_is_still_asked_what_it_has_counted(self, starts):
        async def main():
            self.drains_s = 10
            async with self.kept(1) as supervisor:
                self.all[0].observe_port = 1
                supervisor.replace()
                await asyncio.sleep(5)
                self.all[1].observe_port = 2
                assert supervisor.observe_ports() == [1, 2]
                await asyncio.sleep(10)
                assert supervisor.observe_ports() == [2]
                supervisor.stop()

        self.run(main)

    def test_who_stops_while_one_is_started_anew_ends_that_one_too(self, starts):
        self.lives_s = [1]

        async def main():
            async with self.kept(1) as supervisor:
                self.starts_s = 2
                await asyncio.sleep(2)
                supervisor.stop()

        self.run(main)
        assert [child.terms for child in self.all] == [0, 1]
        assert self.all[1].end.result() == 0

    def test_a_system_that_has_no_room_for_another_is_asked_again(self, starts, caplog):
        self.lives_s = [1]

        async def main():
            async with self.kept(2) as supervisor:
                self.refusals = 2
                await asyncio.sleep(10)
                assert not any(child.end.done() for child in supervisor.children.values())
                assert supervisor.restarts == 1
                self.refusals = 1
                supervisor.replace()
                await asyncio.sleep(1)
                supervisor.stop()

        self.run(main)
        assert [at_s - starts[0] for at_s in starts] == pytest.approx([0, 0, 1.5, 2.5, 4.5, 10])
        lines = [record.getMessage() for record in caplog.records if "cannot be started" in record.getMessage()]
        assert lines == ["worker 0 cannot be started: Resource temporarily unavailable"] * 3

    def test_who_stops_twice_cuts_also_those_that_were_replaced(self, starts):
        async def main():
            self.drains_s = 100
            async with self.kept(2) as supervisor:
                supervisor.replace()
                await asyncio.sleep(1)
                supervisor.stop()
                await asyncio.sleep(1)
                supervisor.stop()

        self.run(main)
        assert [child.terms for child in self.all] == [2, 2, 2]
        assert all(child.end.result() == -signal.SIGTERM for child in self.all)

    # The new one takes calls before another would start in place of the dead one, while that starts, and after it.
    @pytest.mark.parametrize(("starts_s", "begins_s"), [(0, 0.3), (2, 0.2), (0, 5)])
    def test_one_that_crashes_while_it_is_replaced_leaves_one_in_its_place(self, starts, starts_s, begins_s):
        self.lives_s = [1]

        async def main():
            async with self.kept(1) as supervisor:
                self.starts_s, self.begins_s = starts_s, begins_s
                await asyncio.sleep(0.9)
                supervisor.replace()
                await asyncio.sleep(20)
                assert [child for child in self.all if not child.end.done()] == [supervisor.children[0]]
                supervisor.stop()

        self.run(main)
        assert all(child.end.done() for child in self.all)


def test_a_worker_that_cannot_be_started_leaves_no_descriptor(monkeypatch):
    async def refuse(*command, **options):
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    def descriptors():
        return {each.name for each in Path("/proc/self/fd").iterdir()}

    monkeypatch.setattr(asyncio, "create_subprocess_exec", refuse)
    before = descriptors()
    with pytest.raises(BlockingIOError) as refused:
        asyncio.run(Child.start([]))
    assert descriptors() == before, f"while {refused.value} is looked at"


def test_metrics_are_added_up_by_name_and_labels():
    one = '# TYPE a_total counter\na_total{b="1"} 2\na_total{b="2"} 1\n# TYPE g gauge\ng 3\n'
    other = '# TYPE a_total counter\na_total{b="1"} 5\n# TYPE g gauge\ng 1\n'
    sums = Sums()
    sums.add(one)
    whole = sums.copy()
    whole.add(other)
    assert {'a_total{b="1"} 7.0', 'a_total{b="2"} 1.0', "g 4.0"} <= set(whole.text(0).splitlines())
    sums.add(other, counters_only=True)
    assert {'a_total{b="1"} 7.0', "g 3.0", "phonewire_worker_restarts_total 2.0"} <= set(sums.text(2).splitlines())


def test_of_peaks_and_of_what_is_running_the_largest_is_told():
    names = [*(f"phonewire_{name}" for name in sorted(PEAKS)), "phonewire_build_info"]
    sums = Sums()
    for value in (3, 12, 5):
        sums.add("".join(f'# TYPE {name} gauge\n{name}{{protocol="voipbin"}} {value}\n' for name in names))
    told = sums.text(0).splitlines()
    assert len(names) == 5
    assert [line for line in told if line.startswith(tuple(names))] == [
        f'{n}{{protocol="voipbin"}} 12.0' for n in names
    ]
