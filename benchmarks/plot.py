"""Draw what ``python -m benchmarks`` has measured: one SVG file, with the machine and the command below it.

Two panels: beside others' code, of each operation the fastest, and beside our own slow twins in plain Python. Both with
frames of 20 ms, however they are wrapped; the table that was printed has the other sizes and rivals.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.svg import Bar, Panel, draw, write

__all__ = ["picture"]

JSON, SVG = Path(".benchmarks/goals.json"), Path("docs/plots/core.svg")
#: Items in the input: from 20 ms at 8 kHz to the same as a message of Twilio's.
LEAST, MOST = 160, 400
#: What our slow twins are called as rivals.
TWIN = "pure"
#: Begins the names of rivals that are another protocol of ours.
OURS = "Twilio"

Rows = list[dict[str, Any]]


def picture(measured: dict[str, Any]) -> str:
    """Return the file: how many times as fast each operation is as its rival.

    Args:
        measured: as the JSON has it.

    Raises:
        ValueError: nothing was measured for frames of 20 ms.
    """
    about = measured["surroundings"]
    rows = [row for row in measured["results"] if LEAST <= row["size"] <= MOST]
    others = [row for row in rows if row["rival"] != TWIN and not row["rival"].startswith(OURS)]
    twins = [row for row in rows if row["rival"] == TWIN]
    caption = [
        f"{about['processor']}, {about['system']}, {about['python']}",
        f"phonewire {about['phonewire']}, {about['backend']} ({about['isa']})",
        "python -m benchmarks && python -m benchmarks.plot",
    ]
    return draw(
        [
            _panel("Times as fast as the fastest of others' code, frames of 20 ms; line: the goal", others),
            _panel("Times as fast as the same in plain Python, frames of 20 ms", twins),
        ],
        caption,
    )


def _panel(title: str, rows: Rows) -> Panel:
    bars = [
        Bar(row["operation"], row["ratio"], _text(row), row["ratio"] >= 1, beside=row["goal"])
        for row in sorted(_hardest(rows), key=lambda row: row["ratio"], reverse=True)
    ]
    return Panel(title, bars, logarithmic=True)


def _hardest(rows: Rows) -> Iterable[dict[str, Any]]:
    """Return of each operation the row with the fastest rival."""
    return {row["operation"]: row for row in sorted(rows, key=lambda row: row["ratio"], reverse=True)}.values()


def _text(row: dict[str, Any]) -> str:
    number = f"{row['ratio']:,.0f}" if row["ratio"] >= 100 else f"{row['ratio']:.3g}"
    return f"{number}x" if row["rival"] == TWIN else f"{number}x {row['rival']}"


def main() -> None:
    """Read, draw, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plot", description=__doc__)
    parser.add_argument("--json", type=Path, default=JSON, help="what was measured; by default %(default)s")
    parser.add_argument("--svg", type=Path, default=SVG, help="what is written; by default %(default)s")
    arguments = parser.parse_args()
    write(picture, arguments.json, "python -m benchmarks", arguments.svg)


if __name__ == "__main__":
    main()
