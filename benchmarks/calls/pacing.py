"""How evenly 200 calls are paced for a minute on each transport, all of them in turn, each figure beside the probe's.

A round is void when the probe saw 10 ms, or the process of the receivers used over 85 % of its core; then there is one
more of the same, where there is time. The median of the rounds counts, of void ones only where there are no others. The
goals of intervals are about what is over the probe's own figure of the same round. A frame that was lost in any round
is lost.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.calls.limit import Allows, anytime
from benchmarks.calls.paced import Round, judge, show
from benchmarks.calls.stolen import Stolen
from benchmarks.floor import Floor

__all__ = ["SUBJECTS", "attempt", "measure", "run"]

CALLS, SECONDS = 200, 60
ROUNDS = 1

#: What is measured: an event loop, and who reads and writes.
Subject = tuple[str, str]
SUBJECTS: tuple[Subject, ...] = (
    ("asyncio", "websockets"),
    ("uvloop", "websockets"),
    ("uvloop", "picows"),
    ("uvloop", "uvicorn"),
)


def start(program: str, **options: object) -> subprocess.Popen[str]:
    """Start one of the neighbours of this file."""
    command = [sys.executable, "-m", f"benchmarks.calls.{program}"]
    command += [f"--{name}={value}" for name, value in options.items()]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def attempt(calls: int, seconds: int, loop: str, folder: Path, under: str = "websockets") -> Round:
    """Let the processes run, and read what they have written."""
    sent, received = folder / "sent.npz", folder / "received.npz"
    sender = start("sender", calls=calls, seconds=seconds, loop=loop, under=under, out=sent)
    receivers = None
    try:
        assert sender.stdin is not None
        assert sender.stdout is not None
        port = sender.stdout.readline().strip()
        messages = seconds * 50 + 10
        receivers = start("receivers", port=port, calls=calls, messages=messages, out=received)
        if sender.stdout.readline() != "ready\n":
            raise RuntimeError("the server did not get its calls")
        with Floor() as floor, Stolen() as stolen:
            sender.stdin.write("go\n")
            sender.stdin.flush()
            used = json.loads(sender.stdout.readline())
        sender.wait(timeout=60)
        receivers.wait(timeout=60)
    finally:
        for process in (sender, receivers):
            if process is not None:
                process.kill()
                process.communicate()
    return judge(np.load(sent), np.load(received), used, stolen.share, floor.lateness)


def measure(
    allows: Allows, calls: int, seconds: int, rounds: int, subjects: Sequence[Subject]
) -> dict[Subject, list[Round]]:
    """Measure all of them in turn; once more those of which a round was void, those with most of them first."""
    found: dict[Subject, list[Round]] = {subject: [] for subject in subjects}
    took_s = 0.0
    with tempfile.TemporaryDirectory() as folder:

        def once_more(subject: Subject) -> None:
            nonlocal took_s
            began_s = time.monotonic()
            found[subject].append(attempt(calls, seconds, subject[0], Path(folder), subject[1]))
            took_s = max(took_s, time.monotonic() - began_s)

        for subject in [*subjects] * rounds:
            once_more(subject)
        void = {subject: sum(bool(each.void) for each in attempts) for subject, attempts in found.items()}
        for subject in sorted(filter(void.get, void), key=lambda subject: -void[subject]):
            if allows(took_s):
                once_more(subject)
    return found


def run(
    allows: Allows = anytime,
    calls: int = CALLS,
    seconds: int = SECONDS,
    rounds: int = ROUNDS,
    subjects: Sequence[Subject] = SUBJECTS,
) -> tuple[bool, dict[str, Any]]:
    """Measure and print; return whether every goal was reached, and every round."""
    results, good = {}, True
    for (loop, under), found in measure(allows, calls, seconds, rounds, subjects).items():
        print(f"\n{calls} calls of {seconds} s, {under}, {loop}, {len(found)} rounds", flush=True)
        good = show(found) and good
        results[f"{under}, {loop}"] = [asdict(each) | {"void": each.void} for each in found]
    return good, {"calls": calls, "seconds": seconds, "servers": results}
