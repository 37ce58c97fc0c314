"""Building where there is no compiler: a warning and plain Python, or an error where the compiled core is required."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def build(folder: Path, **environment: str) -> subprocess.CompletedProcess:
    clean = {name: value for name, value in os.environ.items() if name != "PHONEWIRE_REQUIRE_NATIVE"}
    command = [sys.executable, "setup.py", "build_ext", "--build-temp", folder / "temp", "--build-lib", folder / "lib"]
    return subprocess.run(
        command, cwd=ROOT, env=clean | environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(autouse=True)
def _needs() -> None:
    for module in ("setuptools", "Cython"):
        pytest.importorskip(module, reason=f"{module} builds the compiled core")
    if os.name != "posix":
        pytest.skip("POSIX only: CC names the compiler")


def test_without_a_compiler_the_build_warns_and_goes_on(tmp_path: Path) -> None:
    done = build(tmp_path, CC="false")
    assert done.returncode == 0
    assert 'building extension "phonewire._native.kernels" failed' in done.stderr
    assert not list(tmp_path.rglob("*.so"))


def test_without_a_compiler_a_required_core_is_an_error(tmp_path: Path) -> None:
    done = build(tmp_path, CC="false", PHONEWIRE_REQUIRE_NATIVE="1")
    assert done.returncode != 0
    assert re.search(r"error: Command '?\[?'false'", done.stderr)
