"""The event loop that commands run on which carry many calls."""

import asyncio
import sys
from pathlib import Path

import pytest

from phonewire.cli.event_loop import run_quickly
from tests.cli.test_workers import workers_of

pytest.importorskip("uvloop", reason="uvloop: the extra `fast`")


async def loop():
    return type(asyncio.get_running_loop()).__module__.partition(".")[0]


def test_uvloop_is_taken_where_it_is_installed(monkeypatch):
    assert run_quickly(loop()) == "uvloop"
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert run_quickly(loop()) == "asyncio"


def loads_uvloop(pid):
    return "/uvloop/" in Path(f"/proc/{pid}/maps").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="/proc: Linux")
def test_a_server_runs_on_it_and_so_do_its_workers(serving):
    with serving("--auth", "none") as served:
        assert loads_uvloop(served.process.pid)
        assert served.stop() == 0
    with serving("--auth", "none", "--twilio", "/twilio", "--workers", "2", ready="workers take calls") as served:
        assert [loads_uvloop(pid) for pid in workers_of(served.process)] == [True, True]
        assert served.stop() == 0
