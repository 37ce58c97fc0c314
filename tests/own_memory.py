"""How much memory this process has for itself, on Linux."""

import gc
import re
from ctypes import CDLL
from pathlib import Path

import pytest

__all__ = ["kept_bytes", "needs_smaps", "own_bytes"]

_SMAPS = Path("/proc/self/smaps_rollup")

needs_smaps = pytest.mark.skipif(not _SMAPS.exists(), reason="/proc/self/smaps_rollup: Linux 4.14 or newer")


def own_bytes() -> int:
    """Return what is resident and this process's own.

    Pages of mapped libraries come and go with what else the system does. The kernel's counters, which `statm` and
    `status` print, may be off by 32 pages for each processor; here it looks at the pages.
    """
    (anonymous_kib,) = re.findall(r"^Anonymous:\s+(\d+) kB$", _SMAPS.read_text(), re.MULTILINE)
    return int(anonymous_kib) * 1024


def kept_bytes() -> int:
    """Return the same without garbage, and without what was freed and, for where it lay, not given back yet."""
    gc.collect()
    CDLL(None).malloc_trim(0)
    return own_bytes()
