"""`python -m benchmarks.message_path` reaches into a call: what it times must be there."""

import asyncio

import pytest

pytest.importorskip("uvloop", reason="uvloop: the extra `fast`")

from benchmarks import message_path


def test_each_part_is_timed_and_its_functions_counted(monkeypatch, capsys):
    for name in ("RUNS", "MESSAGES", "COLD_RUNS"):
        monkeypatch.setattr(message_path, name, 2)
    asyncio.run(message_path.main())
    *parts, woken = capsys.readouterr().out.splitlines()
    assert woken.startswith("the task of the reader is woken")
    counts = {line[:45].strip(): int(line.split()[-1]) for line in parts}
    assert len(counts) == 9
    # Python functions: what a message costs in a call is little else.
    assert counts["bytes to audio in the queue of the reader"] <= 13
    assert counts["call.write: samples to the socket"] <= 21
