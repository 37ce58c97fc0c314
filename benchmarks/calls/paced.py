"""What a round of paced calls has shown, and the lines of several of one server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from benchmarks.calls import figures
from benchmarks.calls.table import Line
from benchmarks.calls.table import show as show_lines
from benchmarks.calls.void import why_void
from benchmarks.floor import Lateness

__all__ = ["Round", "judge", "show", "table"]

LEAD_FRAMES = 9  # Twilio plays from a buffer; the frames that fill it go out at once, and the next one joins the grid
LONG_MS = 40.0
MOST_DRIFT_MS, OVER_P50_MS, OVER_P99_MS = 1.0, 0.2, 2.0


@dataclass(frozen=True)
class Round:
    """What one round has shown; times in ms where nothing else is said.

    Attributes:
        drift: of the worst call, in a minute.
        p50, p99, p999, longest: by how much an interval between two frames is off 20 ms.
        over_40: intervals that are longer than 40 ms.
        late_p50, late_p99: of frames on the grid of their call.
        jitter: at the receivers, mean.
        shifts: times that a schedule moved.
        lost: frames by which a call's receiver has others than its sender, fewer or more.
        cpu: share of a core that the server's process used.
        cpu_frame_us: the same for each frame.
        stolen: share of the machine's time that its host gave to others.
        receivers: share of a core that their process used.
        floor: what the probe saw meanwhile.
    """

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
        lost=int(np.abs(np.sort(sent["count"]) - np.sort(received["count"])).sum()),
        cpu=used["cpu_s"] / used["seconds"],
        cpu_frame_us=used["cpu_s"] * 1e6 / int(sent["count"].sum()),
        stolen=stolen,
        receivers=float(received["core"]),
        floor=floor,
    )


def _counted(rounds: Sequence[Round]) -> Sequence[Round]:
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
    return float(median(getattr(each, name) for each in _counted(rounds)))


def _floor_ms(rounds: Sequence[Round], name: str) -> float:
    return float(median(getattr(each.floor, name) for each in _counted(rounds)))


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

    number = median(over(each) for each in _counted(rounds))
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
