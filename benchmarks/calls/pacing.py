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
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.calls import figures
from benchmarks.calls.limit import Allows, anytime
from benchmarks.calls.stolen import Stolen
from benchmarks.calls.table import Line
from benchmarks.calls.table import show as show_lines
from benchmarks.calls.void import why_void
from benchmarks.floor import Floor, Lateness

LEAD_FRAMES = 9  # Twilio plays from a buffer; the frames that fill it go out at once, and the next one joins the grid
LONG_MS = 40.0
CALLS, SECONDS = 200, 60
ROUNDS = 2
MOST_DRIFT_MS, OVER_P50_MS, OVER_P99_MS = 1.0, 0.2, 2.0

#: What is measured: an event loop, and who reads and writes.
Subject = tuple[str, str]
SUBJECTS: tuple[Subject, ...] = (
    ("asyncio", "websockets"),
    ("uvloop", "websockets"),
    ("uvloop", "picows"),
    ("uvloop", "uvicorn"),
)


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
    receivers: float
    floor: Lateness

    @property
    def void(self) -> str:
        """Why it says nothing; empty when it does."""
        return why_void(self.receivers, self.floor.max_ms, "receivers")


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
        receivers=float(received["core"]),
        floor=floor,
    )


def counted(rounds: Sequence[Round]) -> Sequence[Round]:
    """Return those that are not void, where there are any."""
    return [each for each in rounds if not each.void] or rounds


def table(rounds: Sequence[Round]) -> list[Line]:
    """Return the lines of one subject, those with goals first."""
    lost = sum(each.lost for each in rounds)  # no machine loses frames by being slow
    return [
        _drift(rounds),
        _over_probe(rounds, "p50", OVER_P50_MS),
        _over_probe(rounds, "p99", OVER_P99_MS),
        Line("frames sent and not received, in any round", f"{lost}", "0", lost == 0),
        _beside_probe(rounds, "interval off 20 ms, p99.9", "p999", "p999_ms"),
        _beside_probe(rounds, "interval off 20 ms, most", "longest", "max_ms"),
        _beside_probe(rounds, "lateness on the grid, p50", "late_p50", "p50_ms"),
        _beside_probe(rounds, "lateness on the grid, p99", "late_p99", "p99_ms"),
        _plain(rounds, "intervals over 40 ms", "over_40", "g"),
        _plain(rounds, "jitter at the receivers, RFC 3550, mean", "jitter", ".3f", " ms"),
        _plain(rounds, "times that a schedule moved", "shifts", "g"),
        _plain(rounds, "processor time of the server, of a core", "cpu", ".0%"),
        _plain(rounds, "the same for each frame", "cpu_frame_us", ".1f", " us"),
        _plain(rounds, "processor time of the receivers, of a core", "receivers", ".0%"),
        _plain(rounds, "time that the host took for others", "stolen", ".1%"),
    ]


def _middle(rounds: Sequence[Round], name: str) -> float:
    return float(median(getattr(each, name) for each in counted(rounds)))


def _floor_ms(rounds: Sequence[Round], name: str) -> float:
    return float(median(getattr(each.floor, name) for each in counted(rounds)))


def _each(rounds: Sequence[Round], text: Callable[[Round], str]) -> str:
    return f"of {', '.join(text(each) + ' (void)' * bool(each.void) for each in rounds)}"


def _drift(rounds: Sequence[Round]) -> Line:
    number, most_ms = _middle(rounds, "drift"), _floor_ms(rounds, "max_ms")
    note = f"{_each(rounds, lambda each: f'{each.drift:.3f}')}; floor at most {most_ms:.3f} ms"
    goal = f"<= {MOST_DRIFT_MS:g} ms"
    return Line("drift of the worst call in 60 s", f"{number:.3f} ms", goal, number <= MOST_DRIFT_MS, note)


def _over_probe(rounds: Sequence[Round], name: str, most_ms: float) -> Line:
    """Return the line of a goal: by how much intervals are further off than the probe, round by round."""

    def over(each: Round) -> float:
        return float(getattr(each, name) - getattr(each.floor, f"{name}_ms"))

    number = median(over(each) for each in counted(rounds))
    medians = f"{_middle(rounds, name):.3f} - floor {_floor_ms(rounds, f'{name}_ms'):.3f} ms"
    each = _each(rounds, lambda each: f"{getattr(each, name):.3f} - {getattr(each.floor, f'{name}_ms'):.3f}")
    what, goal = f"interval off 20 ms, {name}, over the floor's", f"<= {most_ms:g} ms"
    return Line(what, f"{number:+.3f} ms", goal, number <= most_ms, f"{medians}; {each}")


def _beside_probe(rounds: Sequence[Round], what: str, name: str, beside: str) -> Line:
    return Line(what, f"{_middle(rounds, name):.3f} ms", note=f"floor {_floor_ms(rounds, beside):.3f} ms")


def _plain(rounds: Sequence[Round], what: str, name: str, form: str, unit: str = "") -> Line:
    return Line(what, f"{_middle(rounds, name):{form}}{unit}")


def show(rounds: Sequence[Round]) -> bool:
    """Print the table; return whether every goal is reached."""
    good = show_lines(table(rounds))
    if voids := [each.void for each in rounds if each.void]:
        print(f"void: {'; '.join(voids)}" + (", all of them, and counted" if len(voids) == len(rounds) else ""))
    return good


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
