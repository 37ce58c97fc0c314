"""What ``make bench-calls`` makes of costs: which count, which goal is missed, and when there is one round more."""

import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from benchmarks.calls import costs, cpu, profile, served, workers
from benchmarks.calls.costs import Cost
from benchmarks.calls.cpu import Goal
from benchmarks.calls.servers import BARE, SERVERS, in_turn
from benchmarks.calls.table import show
from benchmarks.calls.workers import Shared


def cost(pair_us, generator=0.2, floor_ms=1.0):
    return Cost(pair_us=pair_us, returned=1.0, generator=generator, floor_ms=floor_ms)


STALLED = cost(99, floor_ms=50)


def test_a_busy_generator_and_a_stalled_machine_make_a_measurement_void():
    assert cost(10, generator=0.85, floor_ms=9.9).void == ""
    assert cost(10, generator=0.86).void == "generator at 86% of its core"
    assert cost(10, floor_ms=10.0).void == "floor 10.0 ms"


def test_what_is_void_is_left_out_and_told():
    line = cpu._cost_line("ours", [cost(20), STALLED, cost(30), cost(25)])
    assert (line.number, line.reached) == ("25.0 us", None)
    assert "void: floor 50.0 ms" in line.note


def test_servers_are_compared_round_by_round():
    """The second round was on a machine half as fast, and in the fourth something came between."""
    ours = [cost(10), cost(20), cost(12), cost(90, floor_ms=50)]
    theirs = [cost(10), cost(20), cost(10), cost(10)]
    assert costs.compared(ours, theirs) == (1.0, "of 1.00, 1.00, 1.20")


def test_fewer_than_three_rounds_that_count_on_both_sides_are_told():
    ours, theirs = [cost(12), cost(12), STALLED], [cost(10), STALLED, cost(10)]
    assert costs.compared(ours, theirs) == (1.2, "of 1.20, only 1 of 3 rounds count")
    assert costs.compared([cost(12)] * 2, [cost(10)] * 3) == (1.2, "of 1.20, 1.20, 2 rounds")
    assert costs.compared([STALLED], [cost(10)]) == (9.9, "of 9.90, all void, and counted")


@pytest.mark.parametrize(
    ("goal", "ours_us", "theirs_us", "number", "reached"),
    [
        (Goal("ours", "theirs", most=1.25), 25, 20, "1.25x", True),
        (Goal("ours", "theirs", most=1.25), 25.3, 20, "1.27x", False),
        (Goal("ours", "theirs", least=1.7), 10, 17, "1.70x", True),
        (Goal("ours", "theirs", least=1.7), 10, 16, "1.60x", False),
    ],
)
def test_goals(goal, ours_us, theirs_us, number, reached):
    line = goal.line({"ours": [cost(ours_us)] * 3, "theirs": [cost(theirs_us)] * 3})
    assert (line.number, line.reached) == (number, reached)


def test_a_stretch_is_told_and_fails_nothing(capsys):
    stretch = Goal("ours", "theirs", most=1.1, stretch=True)
    lines = [stretch.line({"ours": [cost(us)] * 3, "theirs": [cost(10)] * 3}) for us in (11, 12)]
    assert [line.verdict for line in lines] == ["reached", "not reached"]
    assert show([*lines, stretch.line({})])
    assert "ours by theirs, stretch" in capsys.readouterr().out


def test_goals_are_about_what_is_measured():
    assert {name for name, _ in cpu.SUBJECTS.values()} == set(SERVERS)
    assert {name for goal in cpu.GOALS for name in (goal.ours, goal.rival)} <= cpu.SUBJECTS.keys()
    assert {name for pair in cpu.INSIDE for name in pair} <= cpu.SUBJECTS.keys()
    assert set(in_turn(BARE)) <= SERVERS.keys()


def measured(monkeypatch, run, measure, module=cpu):
    """Return what has been measured, in order."""
    names = []

    def noted(name, *calls):
        names.append(name)
        return measure(name, len(names))

    monkeypatch.setattr(module, "measure", noted)
    run()
    return names


def test_a_goal_whose_rival_is_not_there_is_not_reached(monkeypatch, capsys):
    def measure(name, calls):
        if name == "FastAPI":
            raise served.NotInstalledError("no module")
        return cost(10)

    monkeypatch.setattr(cpu, "measure", measure)
    assert not cpu.run(names=("phonewire", "FastAPI"))[0]
    assert "not measured" in capsys.readouterr().out


@pytest.mark.parametrize(("void", "time", "rounds"), [(False, True, 4), (True, True, 5), (True, False, 4)])
def test_there_is_one_round_more_where_one_was_void_and_there_is_time(monkeypatch, void, time, rounds):
    def measure(name, number):
        return cost(10, floor_ms=20.0 if void and number == 1 else 1.0)

    pair = ("phonewire", "bare websockets")
    names = measured(monkeypatch, lambda: cpu.run(lambda seconds: time, pair), measure)
    assert names == [*pair] * rounds


def test_what_has_no_goal_is_measured_in_fewer_rounds(monkeypatch):
    names = measured(monkeypatch, cpu.run, lambda name, number: cost(10))
    assert (names.count("bare picows"), names.count("picows with a handler")) == (4, 2)


# Workers


def shared(pair_us, split=(), floor_ms=1.0):
    return Shared(pair_us, 1.0, 0.2, floor_ms, list(split))


def test_workers_are_measured_in_turn():
    with pytest.MonkeyPatch.context() as patch:
        counts = measured(patch, workers.run, lambda count, number: shared(10, [50] * count), workers)
    assert counts == [1, 2] * 5


def test_two_workers_are_compared_with_one_round_by_round():
    """The medians are 20 and 20, and the second measurement of two was on a machine that stalled."""
    one = [shared(10), shared(20), shared(40)]
    two = [shared(12, [50, 50]), shared(20, [64, 36], floor_ms=30), shared(48, [60, 40])]
    first, second, ratio, split = workers._lines(one, two)
    assert (first.number, second.number) == ("20.0 us", "30.0 us")
    assert "void: floor 30.0 ms" in second.note
    assert (ratio.number, ratio.reached, ratio.note) == ("1.20x", False, "of 1.20, 1.20, only 2 of 3 rounds count")
    assert (split.number, split.reached) == ("36%", True)


def test_a_worker_without_a_call_is_no_split():
    assert not workers._lines([shared(10)] * 3, [shared(10, [100])] * 3)[-1].reached


# The servers


@pytest.mark.skipif(sys.platform != "linux", reason="servers are kept on their core, and read /proc: Linux")
def test_a_server_answers_what_it_uses_and_echoes():
    with served.EchoServer("bare websockets") as server:
        before, after = server.used(), server.used(settled=True)
    assert 0 < before["cpu_s"] <= after["cpu_s"]
    assert after["resident_bytes"] > 10**7
    assert {"descriptors", "tasks"} <= after.keys()


@pytest.mark.skipif(sys.platform != "linux", reason="servers are kept on their core, and read /proc: Linux")
def test_processes_of_the_bare_echo_share_a_port():
    with profile._serving("bare websockets, two processes") as (url, processes, cpu_s):
        assert len({*processes}) == 2
        port = f"{urlsplit(url).port:04X}"
        listening = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines() if " 0A " in line]
        assert listening.count(f"0100007F:{port}") == 2
        assert cpu_s() > 0


@pytest.mark.skipif(sys.platform != "linux", reason="servers are kept on their core: Linux")
def test_a_server_that_cannot_be_says_why():
    with pytest.raises(served.NotInstalledError, match="KeyError"), served.EchoServer("none of them"):
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="limits are asked of the system: resource, Linux")
def test_as_many_descriptors_as_the_system_allows(monkeypatch):
    import resource

    limits = [(1024, 4096)]
    monkeypatch.setattr(resource, "getrlimit", lambda which: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda which, pair: limits.append(pair))
    assert served.allow_descriptors(1000)
    assert limits == [(1024, 4096)]
    assert served.allow_descriptors(2100)
    assert limits[-1] == (2100, 4096)
    assert not served.allow_descriptors(5000)
    assert limits[-1] == (4096, 4096)
