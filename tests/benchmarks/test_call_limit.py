"""The time that ``make bench-calls`` may take, and its exit status, on a clock of ours."""

import re

import pytest

from benchmarks.calls import __main__ as bench
from benchmarks.calls.limit import MOST_S, USUAL_S, Limit


class Clock:
    def __init__(self):
        self.now_s = 1_000.0

    def __call__(self):
        return self.now_s


def test_what_is_still_to_come_has_its_time():
    clock = Clock()
    run = Limit(["cpu", "pacing"], clock)
    run.begin("cpu")
    assert run.allows(MOST_S - USUAL_S["pacing"])
    assert not run.allows(MOST_S - USUAL_S["pacing"] + 1)
    clock.now_s += 100
    assert not run.allows(MOST_S - USUAL_S["pacing"])
    run.begin("pacing")
    assert run.allows(MOST_S - 100)
    assert not run.allows(MOST_S - 99)


def test_the_parts_have_time_for_all_of_it():
    assert set(USUAL_S) == set(bench.USUAL)
    assert sum(USUAL_S.values()) <= MOST_S


def test_the_last_line():
    clock = Clock()
    run = Limit(["cpu"], clock)
    clock.now_s += 900
    assert (run.line().number, run.line().goal, run.line().reached) == ("900 s", "<= 900 s", True)
    clock.now_s += 0.6
    assert (run.line().number, run.line().reached) == ("901 s", False)


@pytest.fixture
def parts(monkeypatch):
    clock = Clock()

    def part(good, seconds):
        def run(allows):
            clock.now_s += seconds
            return good, {"good": good}

        return run

    def broken(allows):
        raise RuntimeError("the server did not get its calls")

    monkeypatch.setattr(bench, "Limit", lambda parts: Limit(parts, clock))
    monkeypatch.setattr(bench, "ALONE", set())
    made = {"cpu": part(True, 1), "carry": part(False, 1), "pacing": part(True, 900), "memory": broken}
    monkeypatch.setattr(bench, "PARTS", made)


@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize(
    ("names", "good"),
    [(["cpu"], True), (["cpu", "carry"], False), (["carry", "cpu"], False), (["pacing"], True)],
)
def test_every_part_has_to_reach_its_goals(names, good):
    assert bench.measure(names) == (good, {name: {"good": name != "carry"} for name in names})


@pytest.mark.usefixtures("parts")
def test_too_long_a_run_has_missed_a_goal(capsys):
    assert not bench.measure(["cpu", "pacing"])[0]
    assert re.fullmatch("all of it +901 s +<= 900 s +MISSED", capsys.readouterr().out.splitlines()[-1])


@pytest.mark.usefixtures("parts")
def test_what_the_others_have_found_is_not_lost_with_a_part(capsys):
    assert bench.measure(["memory", "cpu"]) == (False, {"cpu": {"good": True}})
    assert "did not get its calls" in capsys.readouterr().err
