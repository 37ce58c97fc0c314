"""The floor probe as others see it: what it found, or that it did not get to it."""

import os
import shutil
import types

import pytest

from benchmarks import floor

ANSWERS = """#!/bin/sh
trap 'echo "{\\"sleeps\\": 9, \\"p50_us\\": 100, \\"p99_us\\": 200, \\"p999_us\\": 300, \\"max_us\\": 4000}"; exit' TERM
echo > "$0.runs"  # waits for a reader
while :; do sleep 0.01; done
"""


@pytest.fixture
def program(tmp_path, monkeypatch):
    if shutil.which("sh") is None or not hasattr(os, "mkfifo"):
        pytest.skip("a script stands for the probe: sh, mkfifo")

    def make(text):
        path = tmp_path / "floor"
        path.write_text(text)
        path.chmod(0o755)
        monkeypatch.setattr(floor, "PROGRAM", path)
        return path

    return make


def test_what_it_found_is_in_ms(program):
    path = program(ANSWERS)
    os.mkfifo(path.with_name("floor.runs"))
    with floor.Floor() as probe:
        path.with_name("floor.runs").read_text()
    assert probe.lateness == floor.Lateness(9, 0.1, 0.2, 0.3, 4.0)
    assert str(probe.lateness) == "0.10 / 0.20 / 0.30 / 4.00"


def test_a_probe_that_never_began_was_late_for_all_of_it(program, monkeypatch):
    program("#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setattr(floor, "time", types.SimpleNamespace(monotonic=iter([5.0, 5.25]).__next__))
    with floor.Floor() as probe:
        pass
    assert probe.lateness == floor.Lateness(0, 250, 250, 250, 250)
