"""What a message pair costs: a frame of Twilio's in, decoded, encoded, and out again, by ours and by others' servers.

Rounds of all servers in turn; each alone on its core, its processor time by getrusage, the frames from this process. A
measurement is void when this process used over 85 % of its core, or the probe of the machine saw 10 ms; then there is
one round more. What is void is left out where there are others.

Two servers are compared round by round, and the median of that is what counts: a virtual machine is twice as slow in
one minute as in the next, and those that were measured next to each other have had the same one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from benchmarks.calls.served import EchoServer, NotInstalledError
from benchmarks.calls.servers import SERVERS
from benchmarks.calls.table import NOT_MEASURED, Line, show
from benchmarks.calls.window import look_at
from benchmarks.floor import TOO_LATE_MS, Floor
from phonewire.load.result import BUSY

__all__ = ["GOALS", "Cost", "Goal", "measure", "pair_us", "run"]

RAMP_S = 1
SECONDS = 2
ROUNDS = 4
AGAIN = 1


CALLS = 100
FEW = 20  # pipecat cannot carry as many

#: What is measured, by its name: a server, and how many calls it has.
SUBJECTS = {name: (name, CALLS) for name in SERVERS if name != "pipecat"} | {
    f"{name}, {FEW} calls": (name, FEW) for name in ("pipecat", "phonewire")
}


@dataclass(frozen=True)
class Goal:
    """How two servers compare: ours costs at most so many times what the rival does, or the rival at least what ours.

    Attributes:
        ours, rival: of `SUBJECTS`.
        most: ours by theirs; None where the other counts.
        least: theirs by ours.
    """

    ours: str
    rival: str
    most: float | None = None
    least: float | None = None

    def line(self, ours: list[Cost], theirs: list[Cost]) -> Line:
        """Return the line of their measurements, one of each a round."""
        if self.most is not None:
            ratio, note = compared(ours, theirs)
            goal, reached = f"<= {self.most:g}x", ratio <= self.most
            return Line(f"{self.ours} by {self.rival}", f"{ratio:.2f}x", goal, reached, note)
        least = self.least or 0.0
        ratio, note = compared(theirs, ours)
        return Line(f"{self.rival} by {self.ours}", f"{ratio:.2f}x", f">= {least:g}x", ratio >= least, note)


GOALS = (
    Goal("phonewire", "bare websockets", most=1.25),
    Goal("phonewire", "FastAPI", least=1.7),
    Goal("phonewire on picows", "bare picows", most=1.4),
    Goal("phonewire on picows", "FastAPI", least=3.5),
    Goal("phonewire under uvicorn", "bare ASGI", most=1.25),
    Goal("phonewire under uvicorn", "FastAPI", most=0.95),
    Goal("phonewire, 20 calls", "pipecat, 20 calls", least=3),
)

#: Without a goal: the least that a handler costs on picows, and what the call adds to a handler with the engine.
INSIDE = (
    ("picows with a handler", "bare picows"),
    ("picows with a handler and the engine", "bare picows"),
    ("phonewire on picows", "picows with a handler and the engine"),
)


@dataclass(frozen=True)
class Cost:
    """One measurement.

    Attributes:
        pair_us: the server's processor time for a frame in and out.
        returned: share of the frames that came back meanwhile.
        generator: share of a core that this process used.
        floor_ms: the longest that the probe was late.
    """

    pair_us: float
    returned: float
    generator: float
    floor_ms: float

    @property
    def void(self) -> str:
        """Why it says nothing; empty when it does."""
        if self.generator > BUSY:
            return f"generator at {self.generator:.0%} of its core"
        return f"floor {self.floor_ms:.1f} ms" if self.floor_ms >= TOO_LATE_MS else ""


def measure(name: str, calls: int, seconds: int = SECONDS) -> Cost:
    """Measure a server once.

    Raises:
        NotInstalledError: what it is made of is not there.
    """
    with EchoServer(name) as server, Floor() as floor:
        seen = look_at(server.url, calls, RAMP_S, seconds, lambda: float(server.used()["cpu_s"]))
    return Cost(seen.pair_us, seen.messages / max(seen.sent, 1), seen.generator, floor.lateness.max_ms)


def run(names: tuple[str, ...] = tuple(SUBJECTS), rounds: int = ROUNDS) -> tuple[bool, dict[str, Any]]:
    """Measure all of them in rounds, and print; return whether every goal was reached, and every measurement."""
    costs: dict[str, list[Cost]] = {name: [] for name in names}
    for round_number in range(rounds + AGAIN):
        if round_number < rounds or any(cost.void for found in costs.values() for cost in found):
            _measure_all(costs)
    lines = [_cost_line(name, costs[name]) for name in costs]
    lines += [_goal_line(goal, costs) for goal in GOALS if {goal.ours, goal.rival} <= {*names}]
    lines += [_inside_line(*pair, costs) for pair in INSIDE if set(pair) <= costs.keys()]
    return show(lines), {name: [asdict(cost) for cost in found] for name, found in costs.items()}


def _measure_all(costs: dict[str, list[Cost]]) -> None:
    for name in list(costs):
        try:
            costs[name].append(measure(*SUBJECTS[name]))
        except NotInstalledError as error:
            print(f"{name} is left out: {error}", flush=True)
            del costs[name]


def compared(more: list[Cost], less: list[Cost]) -> tuple[float, str]:
    """Return the median of the rounds' ratios, and what to say of them; of void ones only where there are no others."""
    rounds = list(zip(more, less, strict=True))
    good = [pair for pair in rounds if not any(cost.void for cost in pair)]
    ratios = [one.pair_us / other.pair_us for one, other in good or rounds]
    void = "" if good else ", all void"
    return median(ratios), f"of {', '.join(f'{ratio:.2f}' for ratio in ratios)}{void}"


def _counted(costs: list[Cost]) -> list[Cost]:
    return [cost for cost in costs if not cost.void] or costs


def pair_us(costs: list[Cost]) -> float:
    return median(cost.pair_us for cost in _counted(costs))


def _cost_line(name: str, costs: list[Cost]) -> Line:
    counted = _counted(costs)
    returned = min(cost.returned for cost in counted)
    voids = [cost.void for cost in costs if cost.void]
    notes = [f"of {', '.join(f'{cost.pair_us:.1f}' for cost in counted)}"]
    notes += [f"{returned:.0%} came back"] if returned < 0.99 else []
    notes += [f"void: {'; '.join(voids)}"] if voids else []
    return Line(f"{name}, processor time a message pair", f"{pair_us(costs):.1f} us", note=", ".join(notes))


def _goal_line(goal: Goal, costs: dict[str, list[Cost]]) -> Line:
    """Return the line of a goal, also of one whose rival is not there."""
    if {goal.ours, goal.rival} <= costs.keys():
        return goal.line(costs[goal.ours], costs[goal.rival])
    wanted = f"<= {goal.most:g}x" if goal.most is not None else f">= {goal.least:g}x"
    return Line(f"{goal.ours} and {goal.rival}", NOT_MEASURED, wanted)


def _inside_line(more: str, less: str, costs: dict[str, list[Cost]]) -> Line:
    ratio, note = compared(costs[more], costs[less])
    return Line(f"{more} by {less}", f"{ratio:.2f}x", note=note)
