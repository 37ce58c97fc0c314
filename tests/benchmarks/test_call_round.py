"""A round of ``make bench-calls`` in small: the processes understand each other. How late anything is says nothing."""

import contextlib
import dataclasses
import types

import pytest

from benchmarks.calls import pacing as bench
from benchmarks.calls import stolen
from benchmarks.floor import Lateness


@contextlib.contextmanager
def no_floor():
    yield types.SimpleNamespace(lateness=Lateness(1, 0.1, 0.2, 0.3, 0.4))


@pytest.fixture(autouse=True)
def _without_a_probe(monkeypatch):
    monkeypatch.setattr(bench, "Floor", no_floor)


@pytest.mark.parametrize(("loop", "under"), [("asyncio", "websockets"), ("uvloop", "uvicorn")])
def test_every_frame_is_sent_timed_and_received(tmp_path, loop, under, capsys):
    if loop == "uvloop":
        pytest.importorskip("uvloop", reason="uvloop: the extra `fast`")
    if under == "uvicorn":
        pytest.importorskip("uvicorn", reason="uvicorn: what ASGI applications run under")
    found = bench.attempt(2, 1, loop, tmp_path, under)
    sent = bench.np.load(tmp_path / "sent.npz")
    assert (found.lost, list(sent["count"])) == (0, [50, 50])
    assert (bench.np.diff(sent["sent_ns"], axis=1) >= 0).all()
    bench.show([found])
    table = capsys.readouterr().out
    assert "deviation from 20 ms, p99" in table
    assert "floor 0.200 ms" in table


def a_round(p99, floor_max):
    numbers = dict.fromkeys((field.name for field in dataclasses.fields(bench.Round)), 0)
    return bench.Round(**numbers | {"p99": p99, "floor": Lateness(1, 0.1, 0.2, 0.3, floor_max)})


def test_what_is_void_counts_only_where_there_is_nothing_else(capsys):
    good, void = a_round(2.1, floor_max=9.9), a_round(50, floor_max=10.0)
    assert bench.show([void, good])
    told = capsys.readouterr().out
    assert "2.100 ms" in told
    assert told.endswith("void: floor 10.0 ms\n")
    assert not bench.show([void, void])
    assert capsys.readouterr().out.endswith("all of them, and counted\n")


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
