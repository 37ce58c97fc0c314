"""The lines that every part of ``make bench-calls`` prints."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["NOT_MEASURED", "Line", "show"]

#: The number of a goal whose rival is not there.
NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Line:
    """One line.

    Attributes:
        what: was measured.
        number: what came of it.
        goal: what should; empty where it is only printed.
        reached: whether it did, None where there is no goal or the measurement is void.
        note: what else is to be known.
        stretch: it is a goal to be tried, and fails nothing.
    """

    what: str
    number: str
    goal: str = ""
    reached: bool | None = None
    note: str = ""
    stretch: bool = False

    @property
    def verdict(self) -> str:
        """In a word; empty where there is no goal."""
        if self.reached is None:
            return "NONE" if self.goal else ""
        return "reached" if self.reached else "not reached" if self.stretch else "MISSED"


def show(lines: list[Line]) -> bool:
    """Print a table; return whether every goal was reached, but a stretch. One without a verdict was not."""
    for line in lines:
        print(f"{line.what:60} {line.number:>20}  {line.goal:>12}  {line.verdict:11} {line.note}".rstrip(), flush=True)
    return all(line.reached for line in lines if line.goal and not line.stretch)
