"""Measure calls in real time, and print each figure beside its goal. Exit status: 1 when a goal was missed."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.__main__ import CALL_RIVALS, surroundings
from benchmarks.calls import carry, cpu, crowd, memory, pacing, workers
from benchmarks.calls.served import CORES

PARTS: dict[str, Callable[[], tuple[bool, dict[str, Any]]]] = {
    "cpu": cpu.run,
    "carry": carry.run,
    "crowd": crowd.run,
    "memory": memory.run,
    "workers": workers.run,
    "pacing": pacing.run,
    "pacing-picows": partial(pacing.run, loops=("uvloop",), under="picows"),
    "pacing-uvicorn": partial(pacing.run, loops=("uvloop",), under="uvicorn"),
}
#: What is measured where nothing is asked for, in less than 15 minutes.
USUAL = ("pacing", "cpu", "carry", "crowd", "memory", "workers")
#: Those whose load this process is, and which need a core for it.
ALONE = {"cpu", "carry", "crowd", "memory", "workers"}
JSON = Path(".benchmarks/calls.json")


def attempt(part: str) -> tuple[bool, dict[str, Any]]:
    """Run one part."""
    if part not in ALONE:
        return PARTS[part]()
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {CORES[1]})
    try:
        return PARTS[part]()
    finally:
        os.sched_setaffinity(0, everywhere)


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
    results, good, began_s = {}, True, time.monotonic()
    for part in arguments.part or USUAL:
        module = importlib.import_module(f"benchmarks.calls.{part.partition('-')[0]}")
        print(f"\n{part}: {module.__doc__}", flush=True)
        reached, results[part] = attempt(part)
        good = good and reached
    print(f"\n{time.monotonic() - began_s:.0f} s in all")
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps({"surroundings": about} | results, indent=2) + "\n")
    print(f"written to {arguments.json}; python -m benchmarks.calls.plot draws it")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
