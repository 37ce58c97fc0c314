"""A wheel in an empty environment: does it run what a user and the tests run?"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.wheels import ROOT, FailedError, run
from tests.wheels.building import environment
from tests.wheels.interpreters import Interpreter

__all__ = ["try_out"]

_TESTS = ["tests/core", "tests/rtp", "tests/protocols", "tests/wav/test_wav.py", "tests/cli/test_main.py"]
# These read the source tree or build it.
_LEFT_OUT = ["tests/core/test_build.py"]


def try_out(wheel: Path, interpreter: Interpreter, folder: Path, *, backend: str) -> str:
    """Install a wheel, and test what was installed; return what runs and pytest's last line."""
    run([interpreter.path, "-m", "venv", folder], environment())
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python]  # environments come with one that knows no groups
    run([*pip, "install", "-q", f"{wheel}[cli]", "--group", "trial"], environment())
    demanded = environment(PHONEWIRE_BACKEND=backend)
    facts = json.loads(run([folder / "bin" / "phonewire", "info", "--json"], demanded, folder))
    place = run([python, "-c", "import phonewire; print(phonewire.__file__)"], demanded).strip()
    if facts["backend"] != backend or not Path(place).is_relative_to(folder):
        raise FailedError(f"{facts['backend']} runs from {place}")
    tests = [
        python,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-x",
        *_TESTS,
        *(f"--ignore={each}" for each in _LEFT_OUT),
    ]
    last = run(tests, demanded, ROOT).strip().splitlines()[-1]
    return f"{facts['backend']} ({facts['isa']}), {last.strip('= ')}"
