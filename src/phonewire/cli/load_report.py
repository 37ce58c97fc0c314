"""The page that ``phonewire load --report`` writes: one file, which asks the network for nothing."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from html import escape

from phonewire import __version__
from phonewire.load.result import LoadResult, Percentiles, Second

__all__ = ["report_html"]

_WIDTH, _HEIGHT = 720, 200
_LEFT, _BOTTOM, _TOP = 56, 24, 12
_STEPS = (1, 2, 2.5, 5, 10)
_COLOURS = ("#1f6fb4", "#d1602b", "#3a8f4d")

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1c2430; background: #fff; max-width: 760px; margin: 2em auto;
       padding: 0 1em }
h1 { font-size: 1.4em } h2 { font-size: 1.05em; margin: 1.6em 0 .3em }
table { border-collapse: collapse } td, th { padding: .2em 1.2em .2em 0; text-align: right }
td:first-child, th:first-child { text-align: left } tr { border-bottom: 1px solid #e3e7ec }
.bad { color: #b3261e; font-weight: 600 } .note { color: #5a6572 }
svg { width: 100%; height: auto } svg text { font: 11px system-ui, sans-serif; fill: #5a6572 }
"""

#: A line of a plot: its name, and a value for each second, None where there is none.
_Line = tuple[str, Sequence[float | None]]


def report_html(found: LoadResult) -> str:
    """Return the page."""
    title = f"{found.calls} calls of {found.seconds:g} s, {found.protocol}"
    verdict = "all well" if found.good else "not all well"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>to {escape(found.target)}: <b{'' if found.good else ' class=bad'}>{verdict}</b></p>",
        '<p class="bad">The generator was too busy: times are as much its own as the server\'s.</p>' * found.busy,
        _table(_counts(found)),
        "<h2>Durations, ms</h2>",
        _durations(found),
        *_plots(found.timeline),
        f'<p class="note">phonewire {escape(__version__)}</p>',
    ]
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n' + "\n".join(parts) + "\n</body></html>\n"


def _counts(found: LoadResult) -> Iterable[tuple[str, str, bool]]:
    """Yield what was counted: words, number, whether it is a fault."""
    for end, number in sorted(found.ends.items()):
        yield f"calls {end}", f"{number:,}", end != "completed"
    yield "frames sent", f"{found.sent:,}", False
    yield "frames held back, because the server did not read", f"{found.held:,}", found.held > 0
    if found.stamped:
        yield "frames that came back", f"{found.returned:,}", False
        for name in ("lost", "duplicated", "reordered"):
            number = getattr(found, name)
            yield f"frames {name}", f"{number:,}", number > 0
        yield "frames of other calls", f"{found.strange:,}", found.strange > 0
        yield "frames over 40 ms late", f"{found.late:,}", False
    else:
        yield "messages that came back", f"{found.messages:,}", False
    yield "processor of the generator", f"{found.generator_cpu:.0%}", found.busy
    if found.server_cpu is not None:
        yield "processor of the server", f"{found.server_cpu:.0%}", False


def _table(rows: Iterable[tuple[str, str, bool]]) -> str:
    lines = (
        f"<tr><td>{escape(what)}</td><td{' class=bad' if bad else ''}>{escape(number)}</td></tr>"
        for what, number, bad in rows
    )
    return f"<table>{''.join(lines)}</table>"


def _durations(found: LoadResult) -> str:
    rows = [("from dialling to the answer", found.connecting_ms)]
    if found.stamped:
        rows.append(("from sending a frame to its return", found.latency_ms))
    head = "".join(f"<th>{name}</th>" for name in ("", "p50", "p90", "p99", "p99.9", "longest"))
    return f"<table><tr>{head}</tr>{''.join(_duration(*row) for row in rows)}</table>"


def _duration(what: str, found: Percentiles) -> str:
    values = (found.p50, found.p90, found.p99, found.p999, found.longest)
    cells = "".join(f"<td>{'–' if value is None else f'{value:.1f}'}</td>" for value in values)
    return f"<tr><td>{escape(what)}</td>{cells}</tr>"


# Plots


def _plots(timeline: Sequence[Second]) -> Iterable[str]:
    at_s = [second.at_s for second in timeline]
    rates = [max(after - before, 1e-9) for before, after in itertools.pairwise([0.0, *at_s])]
    yield _plot("Calls", at_s, [("calls", [second.talking for second in timeline])])
    yield _plot(
        "Return of a frame, ms", at_s, [("p50", [s.p50_ms for s in timeline]), ("p99", [s.p99_ms for s in timeline])]
    )
    sent = [second.sent / rate for second, rate in zip(timeline, rates, strict=True)]
    messages = [second.messages / rate for second, rate in zip(timeline, rates, strict=True)]
    yield _plot("Messages a second", at_s, [("out", sent), ("in", messages)])
    server = [None if second.server_cpu is None else 100 * second.server_cpu for second in timeline]
    generator = [100 * second.generator_cpu for second in timeline]
    yield _plot("Processor, %", at_s, [("server", server), ("generator", generator)])
    memory = [None if second.server_bytes is None else second.server_bytes / 2**20 for second in timeline]
    yield _plot("Memory of the server, MiB", at_s, [("resident", memory)])


def _plot(title: str, at_s: Sequence[float], lines: Sequence[_Line]) -> str:
    """Return a plot over time; nothing where there is nothing to show."""
    lines = [(name, values) for name, values in lines if any(value is not None for value in values)]
    if not lines:
        return ""
    step = _step(max(value for _, values in lines for value in values if value is not None))
    top = step * 4
    end_s = max(at_s[-1], 1e-9)

    def place(at: float, value: float) -> str:
        x = _LEFT + at / end_s * (_WIDTH - _LEFT - 8)
        return f"{x:.1f},{_HEIGHT - _BOTTOM - value / top * (_HEIGHT - _BOTTOM - _TOP):.1f}"

    drawn = [_grid(step * number, place(0, step * number), place(end_s, step * number)) for number in range(5)]
    for colour, (_, values) in zip(_COLOURS, lines, strict=False):
        points = " ".join(place(at, value) for at, value in zip(at_s, values, strict=True) if value is not None)
        drawn.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
    times = f'<text x="{_LEFT}" y="{_HEIGHT - 6}">0 s</text>'
    times += f'<text x="{_WIDTH - 8}" y="{_HEIGHT - 6}" text-anchor="end">{end_s:.0f} s</text>'
    names = " ".join(
        f'<span style="color:{colour}">&#9644; {escape(name)}</span>'
        for colour, (name, _) in zip(_COLOURS, lines, strict=False)
    )
    picture = (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">{"".join(drawn)}{times}</svg>'
    )
    return f"<h2>{escape(title)} <small>{names}</small></h2>\n{picture}"


def _grid(value: float, begin: str, end: str) -> str:
    (x1, y), (x2, _) = begin.split(","), end.split(",")
    line = f'<line x1="{x1}" y1="{y}" x2="{x2}" y2="{y}" stroke="#e3e7ec"/>'
    return f'{line}<text x="{_LEFT - 6}" y="{float(y) + 4:.1f}" text-anchor="end">{value:,g}</text>'


def _step(most: float) -> float:
    """Return a round number of which four are no less than *most*."""
    power = 1e-3
    while power * 10 * 4 < most:
        power *= 10
    return next(step * power for step in _STEPS if step * power * 4 >= most)
