"""What perf has seen is told by the file that it was in."""

import shutil

import pytest

from benchmarks.calls import profile

SCRIPT = """\
 ffffffff81a2b3c4 ([kernel.kallsyms])
 7f0000000001 (/site-packages/uvloop/loop.cpython-311-x86_64-linux-gnu.so)
 7f0000000002 (/site-packages/picows/picows.cpython-311-x86_64-linux-gnu.so)
 7f0000000003 (/src/phonewire/_native/hearing.cpython-311-x86_64-linux-gnu.so)
 7f0000000004 (/usr/lib/libpython3.11.so.1.0)
 7f0000000005 (/usr/bin/python3.11)
 7f0000000006 (/usr/lib/libc.so.6)
 7f0000000007 ([unknown])

"""


def test_each_look_is_counted_once_in_its_column():
    found = profile.shares(SCRIPT)
    assert found == {
        "kernel": 1 / 8,
        "uvloop": 1 / 8,
        "picows": 1 / 8,
        "core": 1 / 8,
        "CPython": 2 / 8,
        "other C": 2 / 8,
    }
    assert list(found) == [*profile.COLUMNS, profile.OTHER]


def test_nothing_seen_is_nothing_everywhere():
    assert set(profile.shares("").values()) == {0}


def test_without_perf_it_says_what_is_missing(monkeypatch):
    monkeypatch.setattr("sys.argv", ["profile"])
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match="perf is not installed"):
        profile.main()


def test_a_server_that_there_is_not_is_told_before_any_is_started(monkeypatch):
    monkeypatch.setattr("sys.argv", ["profile", "three workers"])
    monkeypatch.setattr(shutil, "which", lambda name: name)
    with pytest.raises(SystemExit, match="there is no three workers; there are bare websockets"):
        profile.main()


def test_all_processes_of_a_server_are_looked_at(tmp_path):
    command = profile._recording([12, 34], tmp_path / "perf.data")[-1]
    assert " -p 12,34 " in command
