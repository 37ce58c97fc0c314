"""What ``make bench-calls`` makes of measurements: which count, and which goal is missed."""

import sys

import pytest

from benchmarks.calls import carry, cpu, memory, served
from benchmarks.calls.cpu import Cost, Goal
from benchmarks.calls.servers import SERVERS


def cost(pair_us, generator=0.2, floor_ms=1.0):
    return Cost(pair_us=pair_us, returned=1.0, generator=generator, floor_ms=floor_ms)


def test_a_busy_generator_and_a_stalled_machine_make_a_measurement_void():
    assert cost(10).void == ""
    assert cost(10, generator=0.86).void == "generator at 86% of its core"
    assert cost(10, floor_ms=10.0).void == "floor 10.0 ms"


def test_what_is_void_is_left_out_and_told():
    line = cpu._cost_line("ours", [cost(20), cost(99, floor_ms=50), cost(30), cost(25)])
    assert (line.number, line.reached) == ("25.0 us", None)
    assert "void: floor 50.0 ms" in line.note
    goal = Goal("ours", "theirs", most=1.25).line([cost(99, floor_ms=50)], [cost(10)])
    assert (goal.number, goal.note) == ("9.90x", "of 9.90, all void")


def test_servers_are_compared_round_by_round():
    """The second round was on a machine half as fast, and in the fourth something came between."""
    ours = [cost(10), cost(20), cost(12), cost(90, floor_ms=50)]
    theirs = [cost(10), cost(20), cost(10), cost(10)]
    assert cpu.compared(ours, theirs) == (1.0, "of 1.00, 1.00, 1.20")


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
    line = goal.line([cost(ours_us)], [cost(theirs_us)])
    assert (line.number, line.reached) == (number, reached)


def test_goals_are_about_what_is_measured():
    assert {name for name, _ in cpu.SUBJECTS.values()} == set(SERVERS)
    assert {name for goal in cpu.GOALS for name in (goal.ours, goal.rival)} <= cpu.SUBJECTS.keys()
    assert {name for pair in cpu.INSIDE for name in pair} <= cpu.SUBJECTS.keys()
    assert {name for pair in memory.PAIRS.items() for name in pair} <= SERVERS.keys()
    assert carry.PAIRS.items() <= memory.PAIRS.items()


def test_a_goal_whose_rival_is_not_there_is_not_reached(monkeypatch, capsys):
    def measure(name, calls):
        if name == "FastAPI":
            raise served.NotInstalledError("no module")
        return cost(10)

    monkeypatch.setattr(cpu, "measure", measure)
    assert not cpu.run(("phonewire", "FastAPI"))[0]
    assert "not measured" in capsys.readouterr().out


# The servers


@pytest.mark.skipif(sys.platform != "linux", reason="servers are kept on their core, and read /proc: Linux")
def test_a_server_answers_what_it_uses_and_echoes():
    with served.EchoServer("bare websockets") as server:
        before, after = server.used(), server.used(settled=True)
    assert 0 < before["cpu_s"] <= after["cpu_s"]
    assert after["resident_bytes"] > 10**7
    assert {"descriptors", "tasks"} <= after.keys()


@pytest.mark.skipif(sys.platform != "linux", reason="servers are kept on their core: Linux")
def test_a_server_that_cannot_be_says_why():
    with pytest.raises(served.NotInstalledError, match="KeyError"), served.EchoServer("none of them"):
        pass
