"""What `thousand_calls.py` and `thousand_dials.py` ask, in a process of its own.

Python's own allocator takes memory by the MiB, and one object that stays keeps a MiB, which is all that a thousand
calls may leave. malloc gives back each free page when it is asked to.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.own_memory import needs_smaps

FILES = [Path(__file__).with_name(name) for name in ("thousand_calls.py", "thousand_dials.py")]


@needs_smaps
@pytest.mark.timeout(1200)  # it is eight tests
def test_a_thousand_calls_of_each_kind_leave_nothing():
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *FILES],
        env=os.environ | {"PYTHONMALLOC": "malloc"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
