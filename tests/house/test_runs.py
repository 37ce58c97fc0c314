"""The runs of `make test` name what they repeat and what they leave out: a name that is none would go unnoticed."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NATIVE = ["test-native-calls", "test-native-commands", "test-native-rest", "test-native-faults"]
RUNS = [*NATIVE, "test-pure", "test-uvloop", "test-scalar"]


@pytest.mark.parametrize("run", RUNS)
def test_a_run_names_what_is_there(run):
    if shutil.which("make") is None:
        pytest.skip("make: apt-get install make")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    commands = subprocess.run(
        ["make", "-n", "--no-print-directory", run],
        cwd=ROOT,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    (command,) = (line for line in commands.splitlines() if " -m pytest" in line)
    named = re.findall(r"(?:^|[ ='])(tests/[^ ']+)", command)
    assert named
    assert [name for name in named if not list(ROOT.glob(name))] == []


def test_make_test_makes_all_of_them():
    makefile = (ROOT / "Makefile").read_text()
    (command,) = re.findall(r"^\t@\$\(MAKE\) .* (test-native-calls .*)$", makefile, re.MULTILINE)
    assert sorted(command.split()) == sorted(RUNS)
