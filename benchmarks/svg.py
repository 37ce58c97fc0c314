"""Plots of bars as one SVG file that needs nothing else: no scripts, no fonts, no network."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

__all__ = ["Bar", "Panel", "draw", "write"]

_WIDTH, _ROW, _TITLE, _LINE = 720, 22, 34, 18
_LEFT, _RIGHT = 256, 170  # of the bars: names on one side, numbers on the other
_STEPS = (1, 2, 2.5, 5, 10)
_GRID = 4
_OURS, _OTHERS, _BESIDE = "#1f6fb4", "#b8c1cc", "#d1602b"

# Colours of its own on white, because pages are read in the dark, too.
_STYLE = """text { font: 13px system-ui, sans-serif; fill: #1c2430 }
.title { font-weight: 600 } .note { font-size: 11px; fill: #5a6572 }"""


@dataclass(frozen=True)
class Bar:
    """One bar.

    Attributes:
        name: of what was measured.
        value: how long it is.
        text: the number, as it is to be read.
        ours: drawn in another colour.
        beside: another value to compare with, drawn as a line across; None for none.
    """

    name: str
    value: float
    text: str
    ours: bool = True
    beside: float | None = None


@dataclass(frozen=True)
class Panel:
    """Bars with one axis.

    Attributes:
        title: what they show, with the unit.
        bars: from top to bottom.
        logarithmic: the axis has decades, where values differ by more than a hundred times.
    """

    title: str
    bars: Sequence[Bar]
    logarithmic: bool = False


def draw(panels: Sequence[Panel], caption: Sequence[str]) -> str:
    """Return the file: panels below each other, and lines of text below them.

    Raises:
        ValueError: there is nothing to draw.
    """
    if not any(panel.bars for panel in panels):
        raise ValueError("there is nothing to draw")
    drawn, top = [], 8
    for panel in panels:
        drawn += _panel(panel, top)
        top += _TITLE + _ROW * len(panel.bars) + _LINE + 10
    for line in caption:
        top += _LINE - 2
        drawn.append(f'<text class="note" x="10" y="{top}">{escape(line)}</text>')
    height = top + 12
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" role="img">'
    title = escape("; ".join(panel.title for panel in panels))
    background = f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>'
    return "\n".join([head, f"<title>{title}</title>", f"<style>{_STYLE}</style>", background, *drawn, "</svg>"]) + "\n"


def write(picture: Callable[[dict[str, Any]], str], measured: Path, made_by: str, svg: Path) -> None:
    """Draw a file of a benchmark; end the process with a line where that cannot be done.

    Args:
        picture: makes the drawing, or raises ValueError.
        measured: the JSON.
        made_by: the command that makes it.
        svg: what is written.
    """
    try:
        drawn = picture(json.loads(measured.read_text()))
    except FileNotFoundError:
        sys.exit(f"{measured} is not there: {made_by} makes it")
    except ValueError as error:
        sys.exit(f"{measured}: {error}")
    svg.parent.mkdir(parents=True, exist_ok=True)
    svg.write_text(drawn, encoding="utf-8")
    print(f"written to {svg}")


def _panel(panel: Panel, top: int) -> Iterator[str]:
    axis = _Axis(panel)
    first, bottom = top + _TITLE, top + _TITLE + _ROW * len(panel.bars)
    yield f'<text class="title" x="10" y="{top + 20}">{escape(panel.title)}</text>'
    for mark in axis.marks:
        x = axis.place(mark)
        yield f'<line x1="{x:.1f}" y1="{first - 4}" x2="{x:.1f}" y2="{bottom}" stroke="#e3e7ec"/>'
        yield f'<text class="note" x="{x:.1f}" y="{bottom + 14}" text-anchor="middle">{mark:,g}</text>'
    for number, bar in enumerate(panel.bars):
        yield from _bar(bar, axis, first + _ROW * number)


def _bar(bar: Bar, axis: _Axis, y: int) -> Iterator[str]:
    end = axis.place(bar.value)
    colour = _OURS if bar.ours else _OTHERS
    yield f'<text x="{_LEFT - 8}" y="{y + 14}" text-anchor="end">{escape(bar.name)}</text>'
    yield f'<rect x="{_LEFT}" y="{y + 3}" width="{max(end - _LEFT, 0):.1f}" height="{_ROW - 7}" fill="{colour}"/>'
    right = end
    if bar.beside is not None:
        x = axis.place(bar.beside)
        right = max(end, x)
        yield f'<line x1="{x:.1f}" y1="{y}" x2="{x:.1f}" y2="{y + _ROW - 2}" stroke="{_BESIDE}" stroke-width="2"/>'
    yield f'<text x="{right + 6:.1f}" y="{y + 14}">{escape(bar.text)}</text>'


class _Axis:
    """From values to places, and where to put marks.

    Attributes:
        marks: round values.
    """

    def __init__(self, panel: Panel) -> None:
        values = [bar.value for bar in panel.bars] + [bar.beside for bar in panel.bars if bar.beside is not None]
        self._logarithmic = panel.logarithmic
        if panel.logarithmic:
            positive = [value for value in values if value > 0] or [1.0]
            first = math.floor(math.log10(min(positive)))
            last = max(math.ceil(math.log10(max(positive))), first + 1)
            self.marks = [10.0**power for power in range(first, last + 1)]
        else:
            step = _step(max(values, default=1.0))
            self.marks = [step * number for number in range(_GRID + 1)]

    def place(self, value: float) -> float:
        """Return where a value is, in the units of the picture."""
        low, high = self.marks[0], self.marks[-1]
        decades = math.log10(high / low) if self._logarithmic else 0.0
        share = math.log10(max(value, low) / low) / decades if decades else value / high
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def _step(most: float) -> float:
    """Return a round number of which four are no less than *most*."""
    power = 10.0 ** math.floor(math.log10(max(most, 1e-9) / _GRID))
    return next(step * power for step in _STEPS if step * power * _GRID >= most * (1 - 1e-9))
