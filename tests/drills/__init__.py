"""Drills: what a test cannot tell, because it needs real processes, real time or thousands of peers.

``make drill``, or ``python -m tests.drills [name…]``. A drill is a file ``drill_<name>.py`` with a docstring and a
function ``run() -> list[Line]``; copy a neighbour.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Line"]


@dataclass(frozen=True)
class Line:
    """One line of the table.

    Attributes:
        what: was tried.
        number: what came of it.
        goal: what should.
        reached: whether it did.
    """

    what: str
    number: str
    goal: str
    reached: bool
