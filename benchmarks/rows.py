"""What a benchmark is: two statements about the same work, and by how much ours should be faster."""

from __future__ import annotations

import random
import warnings
from array import array
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import pytest

#: Samples, codewords or bytes: 20 ms, 200 ms and 60 s at 8 kHz.
SIZES = (160, 1600, 480_000)


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        operation: what is measured.
        rival: what it is measured against.
        ours: the statement that does it with phonewire.
        theirs: the statement that does the same with the rival.
        names: what the two statements refer to.
        size: items in the input.
        goal: how many times as fast ours should be; None: only to be printed.
    """

    operation: str
    rival: str
    ours: str
    theirs: str
    names: dict[str, Any] = field(repr=False)
    size: int
    goal: float | None = None

    def __str__(self) -> str:
        return f"{self.operation}, {self.size}, against {self.rival}"


def noise(size: int) -> bytes:
    """Return *size* samples of Gaussian noise, sigma 6000, clipped: the same in every run."""
    source = random.Random(1)
    return array("h", (max(-32768, min(32767, round(source.gauss(0, 6000)))) for _ in range(size))).tobytes()


def optional(name: str) -> ModuleType | None:
    """Import a rival; None where it is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # audioop, below 3.13
        try:
            return __import__(name)
        except ImportError:
            return None


def both_sides(rows: list[Row]) -> pytest.MarkDecorator:
    """Parametrise a pytest-benchmark test with ours and theirs of every row."""
    sides = [
        pytest.param(statement, row.names, id=f"{row.operation}-{row.size}-{side}")
        for row in rows
        for side, statement in (("phonewire", row.ours), (row.rival, row.theirs))
    ]
    return pytest.mark.parametrize(("statement", "names"), sides)


def compiled(statement: str, names: dict[str, Any]) -> Any:
    """Return a function that runs the statement."""
    return eval(f"lambda: ({statement})", names)
