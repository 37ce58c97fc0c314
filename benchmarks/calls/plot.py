"""Draw what ``python -m benchmarks.calls`` has measured: one SVG file, with the machine and the commands below it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.__main__ import CALL_RIVALS
from benchmarks.calls.__main__ import JSON
from benchmarks.calls.costs import Cost, pair_us
from benchmarks.floor import Lateness
from benchmarks.svg import Bar, Panel, draw, write

__all__ = ["PANELS", "picture"]

SVG = Path("docs/plots/calls.svg")

Measured = dict[str, Any]


def picture(results: Measured) -> str:
    """Return the file.

    Args:
        results: as the JSON has them; parts that were not measured are left out.

    Raises:
        ValueError: none of them can be drawn.
    """
    there = [part for part in PANELS if results.get(part)]
    return draw([PANELS[part](results[part]) for part in there], _caption(results, there))


def _caption(results: Measured, parts: Sequence[str]) -> list[str]:
    about = results["surroundings"]
    rivals = about.get("rivals", {})
    servers = ", ".join(f"{name} {rivals[name]}" for name in CALL_RIVALS if name in rivals)
    lines = [
        f"{about['processor']}, {about['system']}, {about['python']}",
        f"phonewire {about['phonewire']}, {about['backend']} ({about['isa']})",
        f"beside {servers}",
        "Medians of the rounds; what is void is left out where there is anything else.",
        f"python -m benchmarks.calls {' '.join(parts)} && python -m benchmarks.calls.plot",
    ]
    if "pacing" in parts and (void := _void(results["pacing"])):
        lines.append(f"Pacing: {void} were void; those of a server are drawn only where all are.")
    return lines


def _is_ours(name: str) -> bool:
    return name.startswith("phonewire")


# The parts


def _cpu(found: Measured) -> Panel:
    costs = {name: pair_us([Cost(**each) for each in measured]) for name, measured in found.items()}
    bars = [
        Bar(name, us, f"{us:.0f} µs", _is_ours(name)) for name, us in sorted(costs.items(), key=lambda each: each[1])
    ]
    return Panel("Processor time of a message pair, µs (less is better)", bars)


def _pacing(found: Measured) -> Panel:
    bars = []
    for server, rounds in found["servers"].items():
        counted = [each for each in rounds if not each["void"]] or rounds
        for name, percentile in (("p50", "p50"), ("p99", "p99"), ("p999", "p99.9")):
            value = median(each[name] for each in counted)
            floor = median(Lateness(**each["floor"]).__dict__[f"{name}_ms"] for each in counted)
            bars.append(Bar(f"{server}, {percentile}", value, f"{value:.3g} ms", beside=floor))
    title = f"{found['calls']} calls: how far a frame is from 20 ms after the last, ms; line: a sleeping probe"
    return Panel(title, bars, logarithmic=True)


def _void(found: Measured) -> str:
    rounds = [each for measured in found["servers"].values() for each in measured]
    void = sum(bool(each["void"]) for each in rounds)
    return f"{void} of {len(rounds)} rounds" if void else ""


def _carry(found: Measured) -> Panel:
    bars = []
    for name, climb in found.items():
        least = ", at least" if climb["void"] else ""
        bars.append(Bar(name, climb["carried"], f"{climb['carried']:,}{least}", _is_ours(name)))
    return Panel("Calls on a core, both ways, no frame lost or late (more is better)", bars)


def _memory(found: Measured) -> Panel:
    bars = [Bar(name, kib, f"{kib:.1f} KiB", _is_ours(name)) for name, kib in found["kib"].items()]
    return Panel("Memory of an idle call, KiB (less is better)", bars)


#: What is drawn, by the part of the benchmark.
PANELS: dict[str, Callable[[Measured], Panel]] = {"pacing": _pacing, "cpu": _cpu, "carry": _carry, "memory": _memory}


def main() -> None:
    """Read, draw, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calls.plot", description=__doc__)
    parser.add_argument("--json", type=Path, default=JSON, help="what was measured; by default %(default)s")
    parser.add_argument("--svg", type=Path, default=SVG, help="what is written; by default %(default)s")
    arguments = parser.parse_args()
    write(picture, arguments.json, "python -m benchmarks.calls", arguments.svg)


if __name__ == "__main__":
    main()
