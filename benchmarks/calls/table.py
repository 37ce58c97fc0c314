"""The lines that every part of ``make bench-calls`` prints."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Line", "show"]


@dataclass(frozen=True)
class Line:
    """One line.

    Attributes:
        what: was measured.
        number: what came of it.
        goal: what should; empty where it is only printed.
        reached: whether it did, None where there is no goal or the measurement is void.
        note: what else is to be known.
    """

    what: str
    number: str
    goal: str = ""
    reached: bool | None = None
    note: str = ""


def show(lines: list[Line]) -> bool:
    """Print a table; return whether no goal was missed."""
    for line in lines:
        verdict = "" if line.reached is None else "reached" if line.reached else "MISSED"
        print(f"{line.what:58} {line.number:>20}  {line.goal:>12}  {verdict:7} {line.note}".rstrip(), flush=True)
    return all(line.reached is not False for line in lines)
