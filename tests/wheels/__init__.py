"""Wheels are built here for each CPython of this machine, and proved: ``python -m tests.wheels``, or ``make wheels``.

What a release publishes is built by cibuildwheel in the same way; ``pyproject.toml`` says how.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

__all__ = ["ROOT", "FailedError", "run"]

ROOT = Path(__file__).parents[2]


class FailedError(Exception):
    """Something is not as it should be; says what."""


def run(command: Sequence[str | Path], environment: dict[str, str], folder: Path = ROOT) -> str:
    """Run a command and return what it printed; raise what it complained of."""
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()[-12:]
        raise FailedError("\n".join([f"{' '.join(map(str, command[:6]))} …", *said]))
    return done.stdout
