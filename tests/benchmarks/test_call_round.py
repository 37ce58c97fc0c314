"""A round of ``make bench-calls`` in small: the processes understand each other. How late anything is says nothing."""

import contextlib
import dataclasses
import types

import numpy as np
import pytest

from benchmarks.calls import paced, receivers, stolen
from benchmarks.calls import pacing as bench
from benchmarks.floor import Lateness


@contextlib.contextmanager
def no_floor():
    yield types.SimpleNamespace(lateness=Lateness(1, 0.1, 0.2, 0.3, 0.4))


@pytest.fixture(autouse=True)
def _without_a_probe(monkeypatch):
    monkeypatch.setattr(bench, "Floor", no_floor)


@pytest.mark.parametrize(("loop", "under"), [bench.SUBJECTS[0], *bench.SUBJECTS[2:]])  # each loop and each transport
def test_every_frame_is_sent_timed_and_received(tmp_path, loop, under, capsys):
    if loop == "uvloop":
        pytest.importorskip("uvloop", reason="uvloop: the extra `fast`")
    if under == "picows":
        pytest.importorskip("picows", reason="picows: the extra of that name")
    if under == "uvicorn":
        pytest.importorskip("uvicorn", reason="uvicorn: what ASGI applications run under")
    found = bench.attempt(2, 1, loop, tmp_path, under)
    sent = np.load(tmp_path / "sent.npz")
    assert (found.lost, list(sent["count"])) == (0, [50, 50])
    assert (np.diff(sent["sent_ns"], axis=1) >= 0).all()
    assert found.receivers > 0
    paced.show([found])
    table = capsys.readouterr().out
    assert "interval off 20 ms, p99, over the floor's" in table
    assert "floor 0.200 ms" in table


def a_round(floor_max=1.0, floor_p99=0.2, **figures):
    numbers = dict.fromkeys((field.name for field in dataclasses.fields(paced.Round)), 0)
    return paced.Round(**numbers | figures | {"floor": Lateness(1, 0.1, floor_p99, 0.3, floor_max)})


def line(what, rounds):
    return next(each for each in paced.table(rounds) if what in each.what)


def test_what_is_void_counts_only_where_there_is_nothing_else(capsys):
    good, void = a_round(p99=2.1, floor_max=9.9), a_round(p99=50, floor_max=10.0)
    assert paced.show([void, good])
    told = capsys.readouterr().out
    assert "of 50.000 - 0.200 (void), 2.100 - 0.200" in told
    assert told.endswith("void: floor 10.0 ms\n")
    assert not paced.show([void, void])
    assert capsys.readouterr().out.endswith("all of them, and counted\n")


def test_receivers_that_are_busy_make_a_round_void():
    assert a_round(receivers=0.85).void == ""
    assert a_round(receivers=0.86).void == "receivers at 86% of its core"


def test_drift_stands_beside_the_probe():
    drift = line("drift", [a_round(drift=1.2, floor_max=9), a_round(drift=0.6, floor_max=3), a_round(drift=0.9)])
    assert (drift.number, drift.goal, drift.reached) == ("0.900 ms", "<= 1 ms", True)
    assert drift.note == "of 1.200, 0.600, 0.900; floor at most 3.000 ms"
    assert not line("drift", [a_round(drift=1.01)]).reached


def test_intervals_are_compared_with_the_probe_of_their_own_round():
    """The medians are 5 and 1 ms apart by 4, and yet two of three rounds were within 2 ms of their own probe."""
    rounds = [a_round(p99=5, floor_p99=4), a_round(p99=9, floor_p99=1), a_round(p99=2, floor_p99=0.5)]
    over = line("p99, over the floor's", rounds)
    assert (over.number, over.goal, over.reached) == ("+1.500 ms", "<= 2 ms", True)
    assert over.note == "5.000 - floor 1.000 ms; of 5.000 - 4.000, 9.000 - 1.000, 2.000 - 0.500"
    assert line("p50, over the floor's", [a_round(p50=0.3)]).reached
    assert not line("p50, over the floor's", [a_round(p50=0.31)]).reached


def test_a_frame_lost_in_one_round_is_lost():
    assert line("not received", [a_round(), a_round()]).reached
    lost = line("not received", [a_round(), a_round(lost=1, floor_max=99), a_round()])
    assert (lost.number, lost.reached) == ("1", False)


def test_a_frame_too_many_makes_up_for_none_that_is_lost():
    grid = np.arange(50) * 20_000_000
    sent = {"count": np.array([50, 50]), "sent_ns": np.array([grid, grid]), "plays_ns": np.array([grid, grid])}
    received = {"count": np.array([49, 51]), "times_ns": np.array([grid, grid]), "core": 0.1}
    used = {"cpu_s": 1.0, "seconds": 2.0, "shifts": 0}
    found = paced.judge(sent, received, used, 0.0, Lateness(1, 0.1, 0.2, 0.3, 1.0))
    assert (found.lost, found.drift, found.p99, found.cpu) == (2, 0, 0, 0.5)


ALL = [("x", "a"), ("x", "b"), ("x", "c")]


def attempted(monkeypatch, void, allows=bench.anytime):
    """Return what was measured, in order, where these are void, by their number."""
    made = []

    def attempt(calls, seconds, loop, folder, under):
        made.append(under)
        return a_round(floor_max=12.0 if len(made) in void else 1.0)

    monkeypatch.setattr(bench, "attempt", attempt)
    found = bench.measure(allows, 2, 1, 2, ALL)
    assert {under: len(rounds) for (_, under), rounds in found.items()} == {each: made.count(each) for each in "abc"}
    return "".join(made)


def test_all_take_turns(monkeypatch):
    assert attempted(monkeypatch, void={}) == "abcabc"


def test_one_more_round_is_of_what_was_void_most_of_it_first(monkeypatch):
    assert attempted(monkeypatch, void={1, 3, 6}) == "abcabcca"


def test_there_is_no_round_more_than_there_is_time_for(monkeypatch):
    left = [True, False]
    assert attempted(monkeypatch, {1, 2, 3}, lambda seconds: left.pop(0) if left else False) == "abcabca"


def test_receivers_count_from_the_first_message_to_the_last():

    def phone(*times_s):
        return types.SimpleNamespace(count=len(times_s), times_ns=[second * 10**9 for second in times_s] + [0, 0])

    assert receivers.heard_s([phone(2, 3), phone(), phone(1, 6, 7)]) == 6
    assert receivers.heard_s([phone()]) == 1


def test_what_the_host_took_is_its_share_of_all_time(tmp_path, monkeypatch):
    stat = tmp_path / "stat"
    monkeypatch.setattr(stolen, "STAT", stat)
    stat.write_text("cpu  10 0 10 100 0 0 0 5 7 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n")
    with stolen.Stolen() as took:
        stat.write_text("cpu  20 0 20 150 0 0 5 30 99 0\n")
    assert took.share == 0.25
    stat.unlink()
    with stolen.Stolen() as took:
        pass
    assert took.share == 0
