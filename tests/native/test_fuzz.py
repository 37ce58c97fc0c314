"""A few seconds of each fuzz target: that they build, run, and find nothing near the corpus."""

import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
RUNS = 20_000


def test_every_target_for_a_moment() -> None:
    if not shutil.which("make"):
        pytest.skip("make is not installed")
    if not any(shutil.which(name) for name in ("clang", *(f"clang-{version}" for version in range(14, 20)))):
        pytest.skip("clang is not installed: libFuzzer is part of it")
    probe = subprocess.run(["make", "-C", HERE, "fuzz", f"RUNS={RUNS}"], capture_output=True, text=True, check=False)
    if "libclang_rt" in probe.stderr:
        pytest.skip("clang is installed without its run-time library: libFuzzer is part of that")
    assert probe.returncode == 0, probe.stdout + probe.stderr
    targets = list((HERE / "fuzz").glob("fuzz_*.c"))
    assert probe.stdout.count(f"number_of_executed_units: {RUNS}") == len(targets) >= 7
