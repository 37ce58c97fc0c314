"""Draw what ``python -m benchmarks`` has measured: one SVG file, with the machine and the command below it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from benchmarks.svg import Bar, Panel, draw, write

__all__ = ["picture"]

JSON, SVG = Path(".benchmarks/goals.json"), Path("docs/plots/core.svg")
FRAME = 160  # items: 20 ms at 8 kHz


def picture(measured: dict[str, Any], size: int = FRAME) -> str:
    """Return the file: how many times as fast each operation is as its rival, for inputs of one size.

    Args:
        measured: as the JSON has it.
        size: items in the input.

    Raises:
        ValueError: nothing was measured for that size.
    """
    about = measured["surroundings"]
    rows = [row for row in measured["results"] if row["size"] == size]
    bars = [
        Bar(
            row["operation"], row["ratio"], f"{row['ratio']:.3g}x {row['rival']}", row["ratio"] >= 1, beside=row["goal"]
        )
        for row in sorted(rows, key=lambda row: row["ratio"], reverse=True)
    ]
    title = f"Times as fast as the rival, {size} items; line: the goal"
    caption = [
        f"{about['processor']}, {about['system']}, {about['python']}",
        f"phonewire {about['phonewire']}, {about['backend']} ({about['isa']})",
        "python -m benchmarks && python -m benchmarks.plot",
    ]
    return draw([Panel(title, bars, logarithmic=True)], caption)


def main() -> None:
    """Read, draw, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plot", description=__doc__)
    parser.add_argument("--json", type=Path, default=JSON, help="what was measured; by default %(default)s")
    parser.add_argument("--svg", type=Path, default=SVG, help="what is written; by default %(default)s")
    parser.add_argument("--size", type=int, default=FRAME, help="items in the input; by default %(default)s")
    arguments = parser.parse_args()
    write(lambda measured: picture(measured, arguments.size), arguments.json, "python -m benchmarks", arguments.svg)


if __name__ == "__main__":
    main()
