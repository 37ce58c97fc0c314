"""Run the drills, each beside the floor probe, and print one table. Exit status: 1 when a goal was missed."""

from __future__ import annotations

import argparse
import gc
import importlib
import pkgutil
import sys
import time
from collections.abc import Iterable
from types import ModuleType

from benchmarks.floor import Floor, Lateness
from tests import drills
from tests.drills import Line

PREFIX = "drill_"
MOST_S = 600


def modules(names: Iterable[str]) -> list[ModuleType]:
    """Return the drills of these names, all of them when there are none."""
    known = sorted(name for _, name, _ in pkgutil.iter_modules(drills.__path__) if name.startswith(PREFIX))
    chosen = [PREFIX + name for name in names] or known
    if unknown := set(chosen) - set(known):
        sys.exit(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    return [importlib.import_module(f"{drills.__name__}.{name}") for name in chosen]


def attempt(drill: ModuleType) -> tuple[list[Line], Lateness]:
    """Run one drill beside the probe; one that raises has missed its goal."""
    # A server begins without what the drills before have left, which the collector would walk in the middle of calls.
    gc.collect()
    gc.freeze()
    with Floor() as floor:
        try:
            lines = drill.run()
        except Exception as error:
            lines = [Line(drill.__name__.rpartition(".")[2], f"{type(error).__name__}: {error}", "an end", False)]
    return lines, floor.lateness


def show(rows: list[tuple[Line, str]]) -> None:
    """Print the table."""
    head = ("", "what", "number", "goal", "floor p50 / p99 / p99.9 / max, ms")
    cells = [head] + [
        ("reached" if line.reached else "MISSED", line.what, line.number, line.goal, floor) for line, floor in rows
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    print()
    for row in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def main() -> None:
    """Run them, and print what they found."""
    parser = argparse.ArgumentParser(prog="python -m tests.drills", description=__doc__)
    parser.add_argument("drill", nargs="*", help="its file is drill_<this>.py; by default all of them")
    began_s = time.monotonic()
    rows: list[tuple[Line, str]] = []
    for drill in modules(parser.parse_args().drill):
        print(f"{drill.__doc__}", flush=True)
        lines, lateness = attempt(drill)
        for line in lines:
            print(f"  {line.what}: {line.number}", flush=True)
        rows += [(line, str(lateness)) for line in lines]
    took_s = time.monotonic() - began_s
    rows.append((Line("all of these drills", f"{took_s:.0f} s", f"<= {MOST_S} s", took_s <= MOST_S), ""))
    show(rows)
    sys.exit(0 if all(line.reached for line, _ in rows) else 1)


if __name__ == "__main__":
    main()
