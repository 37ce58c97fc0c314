"""Measure calls in real time, and print each figure beside its goal. Exit status: 1 when a goal was missed."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.__main__ import CALL_RIVALS, surroundings
from benchmarks.calls import carry, cpu, crowd, memory, pacing, workers
from benchmarks.calls.limit import Allows, Limit
from benchmarks.calls.served import CORES
from benchmarks.calls.table import show

PARTS: dict[str, Callable[[Allows], tuple[bool, dict[str, Any]]]] = {
    "cpu": cpu.run,
    "carry": carry.run,
    "crowd": crowd.run,
    "memory": memory.run,
    "workers": workers.run,
    "pacing": pacing.run,
    "pacing-picows": partial(pacing.run, subjects=[("uvloop", "picows")]),
    "pacing-uvicorn": partial(pacing.run, subjects=[("uvloop", "uvicorn")]),
}
#: What is measured where nothing is asked for; the longest is the last, so that it has what time the others leave.
USUAL = ("cpu", "carry", "crowd", "memory", "workers", "pacing")
#: Those whose load this process is, and which need a core for it.
ALONE = {"cpu", "carry", "crowd", "memory", "workers"}
JSON = Path(".benchmarks/calls.json")


def attempt(part: str, allows: Allows) -> tuple[bool, dict[str, Any]]:
    """Run one part."""
    if part not in ALONE:
        return PARTS[part](allows)
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {CORES[1]})
    try:
        return PARTS[part](allows)
    finally:
        os.sched_setaffinity(0, everywhere)


def measure(parts: Sequence[str]) -> tuple[bool, dict[str, Any]]:
    """Run the parts; return whether every goal was reached, that of the time included, and what each has found."""
    limit, good, results = Limit(parts), True, {}
    for part in parts:
        module = importlib.import_module(f"benchmarks.calls.{part.partition('-')[0]}")
        print(f"\n{part}: {module.__doc__}", flush=True)
        limit.begin(part)
        began_s = time.monotonic()
        try:
            reached, results[part] = attempt(part, limit.allows)
        except Exception:  # what the other parts have found is not lost with it
            traceback.print_exc()
            reached = False
        good = good and reached
        print(f"{time.monotonic() - began_s:.0f} s")
    print()
    return show([limit.line()]) and good, results


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calls", description=__doc__)
    parser.add_argument("part", nargs="*", help=f"what to measure: {', '.join(PARTS)}; by default {', '.join(USUAL)}")
    parser.add_argument("--json", type=Path, default=JSON)
    arguments = parser.parse_args()
    if unknown := set(arguments.part) - set(PARTS):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    about = surroundings()
    print(f"{about['processor']}, {about['system']}, {about['python']}, phonewire {about['phonewire']}")
    print(", ".join(f"{name} {about['rivals'][name]}" for name in CALL_RIVALS if name in about["rivals"]))
    good, results = measure(arguments.part or USUAL)
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps({"surroundings": about} | results, indent=2) + "\n")
    print(f"written to {arguments.json}; python -m benchmarks.calls.plot draws it")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
