"""Print the table of goals: every row of every question, median of three passes, and write it as JSON."""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import platform
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any

import benchmarks
from benchmarks.measure import Measurement, measure
from benchmarks.rows import Row
from phonewire import backend_info

PASSES = 3
#: A goal counts as reached from here on.
TOLERANCE = 0.97
RIVALS = ("audioop-lts", "pybase64", "orjson", "msgspec", "aiortc", "soxr", "numpy")
#: What servers of calls are made of.
CALL_RIVALS = ("websockets", "uvloop", "picows", "uvicorn", "fastapi", "starlette", "pipecat-ai")


def questions() -> Iterator[Any]:
    """Yield the modules that ask something."""
    for module in sorted(pkgutil.iter_modules(benchmarks.__path__), key=lambda module: module.name):
        if module.name.startswith("test_"):
            yield importlib.import_module(f"benchmarks.{module.name}")


def processor() -> str:
    """Return the name of the processor."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def surroundings() -> dict[str, Any]:
    """Return what the numbers depend on."""
    installed = {distribution.name: distribution.version for distribution in metadata.distributions()}
    return {
        "processor": processor(),
        "system": platform.platform(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "phonewire": metadata.version("phonewire"),
        "backend": backend_info().backend,
        "isa": backend_info().isa,
        "rivals": {name: installed[name] for name in RIVALS + CALL_RIVALS if name in installed},
    }


def time_text(ns: float) -> str:
    """Return a time with three digits or so and a unit."""
    return f"{ns:.0f} ns" if ns < 10_000 else f"{ns / 1e3:.1f} us" if ns < 1e7 else f"{ns / 1e6:.1f} ms"


def verdict(row: Row, ratio: float) -> str:
    """Say whether the goal of a row is reached."""
    if row.goal is None:
        return ""
    return "reached" if ratio >= TOLERANCE * row.goal else "MISSED"


def line(row: Row, passes: list[Measurement]) -> dict[str, Any]:
    """Return one line of the table: the pass with the median ratio."""
    middle = sorted(passes, key=lambda measurement: measurement.ratio)[len(passes) // 2]
    ratio = median(measurement.ratio for measurement in passes)
    return {
        "operation": row.operation,
        "size": row.size,
        "rival": row.rival,
        "ours_ns": round(middle.ours_ns, 1),
        "theirs_ns": round(middle.theirs_ns, 1),
        "ratio": round(ratio, 3),
        "goal": row.goal,
        "verdict": verdict(row, ratio),
    }


def print_line(result: dict[str, Any]) -> None:
    """Print one line of the table."""
    goal = f">= {result['goal']:.3g}x" if result["goal"] is not None else ""
    print(
        f"{result['operation']:34} {result['size']:>7} {time_text(result['ours_ns']):>9}  {result['rival']:24}"
        f" {time_text(result['theirs_ns']):>9} {result['ratio']:>7.2f}x  {goal:>9}  {result['verdict']}"
    )


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("question", nargs="*", help="only files whose name contains this")
    parser.add_argument("--json", type=Path, default=Path(".benchmarks/goals.json"))
    arguments = parser.parse_args()

    about = surroundings()
    print(f"{about['processor']}, {about['system']}, {about['python']}")
    print(f"phonewire {about['phonewire']}, backend {about['backend']}, isa {about['isa']}")
    print(", ".join(f"{name} {version}" for name, version in about["rivals"].items()), end="\n\n")
    results = []
    for module in questions():
        if arguments.question and not any(word in module.__name__ for word in arguments.question):
            continue
        print(module.__doc__)
        for note in getattr(module, "SKIPPED", ()):
            print(f"  not measured: {note}")
        for row in module.ROWS:
            result = line(row, [measure(row) for _ in range(PASSES)])
            print_line(result)
            results.append(result)
        print()
    missed = [result for result in results if result["verdict"] == "MISSED"]
    goals = [result for result in results if result["verdict"]]
    print(f"{len(goals) - len(missed)} of {len(goals)} goals reached (from {TOLERANCE} of the goal on)")
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps({"surroundings": about, "results": results}, indent=2) + "\n")
    print(f"written to {arguments.json}; python -m benchmarks.plot draws it")


if __name__ == "__main__":
    main()
