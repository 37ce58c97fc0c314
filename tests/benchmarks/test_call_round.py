"""A round of ``make bench-calls`` in small: the processes understand each other. How late anything is says nothing."""

import contextlib
import types

import pytest

from benchmarks.calls import pacing as bench
from benchmarks.floor import Lateness


@contextlib.contextmanager
def no_floor():
    yield types.SimpleNamespace(lateness=Lateness(1, 0.1, 0.2, 0.3, 0.4))


@pytest.fixture(autouse=True)
def _without_a_probe(monkeypatch):
    monkeypatch.setattr(bench, "Floor", no_floor)
    monkeypatch.setattr(bench, "SETTLE_S", 0)


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
