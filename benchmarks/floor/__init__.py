"""The floor probe beside a measurement in real time: ``with Floor() as floor: ...``, then ``floor.lateness``."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["TOO_LATE_MS", "Floor", "Lateness"]

#: Made of ``floor.c`` by the Makefile.
PROGRAM = Path(__file__).with_name("floor")
#: A machine that has woken the probe as late as this says nothing of what was measured meanwhile.
TOO_LATE_MS = 10


@dataclass(frozen=True)
class Lateness:
    """How late the machine woke a process that slept for 1 ms again and again; as text p50 / p99 / p99.9 / max."""

    sleeps: int
    p50_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float

    def __str__(self) -> str:
        return f"{self.p50_ms:.2f} / {self.p99_ms:.2f} / {self.p999_ms:.2f} / {self.max_ms:.2f}"


class Floor:
    """The probe, which runs while the block does.

    Args:
        core: that it keeps to; None is any.

    Attributes:
        lateness: what it found, once the block has been left.

    Raises:
        FileNotFoundError: it has not been compiled; ``make drill`` and ``make bench-calls`` do.
    """

    lateness: Lateness

    def __init__(self, core: int | None = None) -> None:
        self._core = core

    def __enter__(self) -> Self:
        self._began_s = time.monotonic()
        self._process = subprocess.Popen([PROGRAM], stdout=subprocess.PIPE, text=True)
        if self._core is not None:
            os.sched_setaffinity(self._process.pid, {self._core})
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.terminate()
        told = self._process.communicate(timeout=10)[0]
        if not told:  # it has not even begun, and so was late for all that time
            self.lateness = Lateness(0, *[(time.monotonic() - self._began_s) * 1000] * 4)
            return
        found = json.loads(told)
        times_ms = {name.replace("_us", "_ms"): us / 1000 for name, us in found.items() if name != "sleeps"}
        self.lateness = Lateness(sleeps=found["sleeps"], **times_ms)
