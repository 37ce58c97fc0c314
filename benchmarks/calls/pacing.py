"""Measure many paced calls in real time, in rounds beside the floor probe, and print each figure beside the floor's.

A round is void when the probe saw 10 ms; then there is one more. What is void is left out where there are others.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.calls import figures
from benchmarks.calls.stolen import Stolen
from benchmarks.floor import TOO_LATE_MS, Floor, Lateness

LEAD_FRAMES = 9  # Twilio plays from a buffer; the frames that fill it go out at once, and the next one joins the grid
LONG_MS = 40.0
ROUNDS = 2
AGAIN = 1


@dataclass(frozen=True)
class Round:
    """What one round has shown; times in ms where nothing else is said."""

    drift: float
    p50: float
    p99: float
    p999: float
    longest: float
    over_40: int
    late_p50: float
    late_p99: float
    jitter: float
    shifts: int
    lost: int
    cpu: float
    cpu_frame_us: float
    stolen: float
    floor: Lateness

    @property
    def void(self) -> str:
        """Why it says nothing; empty when it does."""
        return f"floor {self.floor.max_ms:.1f} ms" if self.floor.max_ms >= TOO_LATE_MS else ""


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
            sys.exit("the server did not get its calls")
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


def judge(sent: Any, received: Any, used: dict[str, Any], stolen: float, floor: Lateness) -> Round:
    """Make figures of times."""
    frames = int(sent["count"].min())
    sent_ns, schedule_ns = sent["sent_ns"][:, LEAD_FRAMES:frames], sent["plays_ns"][:, LEAD_FRAMES:frames]
    deviations = figures.interval_deviations_ms(sent_ns)
    late = figures.lateness_ms(sent_ns, schedule_ns)
    arrived_ns = received["times_ns"][:, LEAD_FRAMES : int(received["count"].min())]
    p50, p99, p999 = np.percentile(deviations, [50, 99, 99.9])
    return Round(
        drift=float(np.abs(figures.drifts_ms(sent_ns, schedule_ns)).max()),
        p50=float(p50),
        p99=float(p99),
        p999=float(p999),
        longest=float(deviations.max()),
        over_40=int((np.diff(sent_ns, axis=1) > LONG_MS * 1e6).sum()),
        late_p50=float(np.percentile(late, 50)),
        late_p99=float(np.percentile(late, 99)),
        jitter=float(figures.jitters_ms(arrived_ns).mean()),
        shifts=int(used["shifts"]),
        lost=int(sent["count"].sum() - received["count"].sum()),
        cpu=used["cpu_s"] / used["seconds"],
        cpu_frame_us=used["cpu_s"] * 1e6 / int(sent["count"].sum()),
        stolen=stolen,
        floor=floor,
    )


def table(rounds: list[Round]) -> list[tuple[str, str, str, str, bool | None]]:
    """Return lines of what, number, goal, floor, and whether the goal is reached; each the median of the rounds."""
    mid = {name: median(getattr(r, name) for r in rounds) for name in Round.__annotations__ if name != "floor"}
    floor = {name: median(getattr(r.floor, name) for r in rounds) for name in Lateness.__annotations__}
    p50_goal, p99_goal = floor["p50_ms"] + 0.2, floor["p99_ms"] + 2.0
    return [
        ("drift of the worst call in 60 s", f"{mid['drift']:.3f} ms", "<= 1 ms", "", mid["drift"] <= 1),
        (
            "interval, deviation from 20 ms, p50",
            f"{mid['p50']:.3f} ms",
            f"<= {p50_goal:.3f} ms",
            f"{floor['p50_ms']:.3f} ms",
            mid["p50"] <= p50_goal,
        ),
        (
            "interval, deviation from 20 ms, p99",
            f"{mid['p99']:.3f} ms",
            f"<= {p99_goal:.3f} ms",
            f"{floor['p99_ms']:.3f} ms",
            mid["p99"] <= p99_goal,
        ),
        ("interval, deviation from 20 ms, p99.9", f"{mid['p999']:.3f} ms", "", f"{floor['p999_ms']:.3f} ms", None),
        ("interval, deviation from 20 ms, most", f"{mid['longest']:.3f} ms", "", f"{floor['max_ms']:.3f} ms", None),
        ("intervals over 40 ms", f"{mid['over_40']:g}", "", "", None),
        ("lateness on the grid, p50", f"{mid['late_p50']:.3f} ms", "", f"{floor['p50_ms']:.3f} ms", None),
        ("lateness on the grid, p99", f"{mid['late_p99']:.3f} ms", "", f"{floor['p99_ms']:.3f} ms", None),
        ("jitter at the receivers, RFC 3550, mean", f"{mid['jitter']:.3f} ms", "", "", None),
        ("times that a schedule moved", f"{mid['shifts']:g}", "", "", None),
        ("frames sent and not received", f"{mid['lost']:g}", "0", "", mid["lost"] == 0),
        ("CPU of the server's process", f"{mid['cpu']:.0%} of a core", "", "", None),
        ("the same for each frame", f"{mid['cpu_frame_us']:.1f} us", "", "", None),
        ("time that the host took for others", f"{mid['stolen']:.1%}", "", "", None),
    ]


def show(rounds: list[Round]) -> bool:
    """Print the table, of the rounds that are not void where there are any; return whether all goals are reached."""
    counted = [each for each in rounds if not each.void] or rounds
    lines = table(counted)
    for what, number, goal, floor, reached in lines:
        verdict = "" if reached is None else "reached" if reached else "MISSED"
        print(f"{what:40} {number:>16}  {goal:>12}  {floor and 'floor ' + floor:16} {verdict}".rstrip())
    if voids := [each.void for each in rounds if each.void]:
        print(f"void: {'; '.join(voids)}" + (", all of them, and counted" if len(voids) == len(rounds) else ""))
    return all(reached is not False for *_, reached in lines)


def run(
    calls: int = 200,
    seconds: int = 60,
    rounds: int = ROUNDS,
    loops: Sequence[str] = ("asyncio", "uvloop"),
    under: str = "websockets",
) -> tuple[bool, dict[str, Any]]:
    """Measure and print; return whether no goal was missed, and every round."""
    results, good = {}, True
    for loop in loops:
        print(f"\n{calls} calls of {seconds} s, {under}, {loop}, {rounds} rounds", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            found = [attempt(calls, seconds, loop, Path(folder), under) for _ in range(rounds)]
            if any(each.void for each in found):
                found += [attempt(calls, seconds, loop, Path(folder), under) for _ in range(AGAIN)]
        good = show(found) and good
        results[loop] = [asdict(each) | {"void": each.void} for each in found]
    return good, {"calls": calls, "seconds": seconds, "loops": results}
