"""What a message pair costs: a frame of Twilio's in, decoded, encoded, and out again, by ours and by others' servers.

Rounds of all servers in turn; each alone on its core, its processor time by getrusage, the frames from this process. A
measurement is void when this process used over 85 % of its core, or the probe of the machine saw 10 ms; then there is
one round more, where there is time. What is void is left out where there are others.

Two servers are compared round by round, and the median of that is what counts: a virtual machine is twice as slow in
one minute as in the next, and those that were measured next to each other have had the same one.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.calls.costs import Cost, compared, counted, pair_us
from benchmarks.calls.limit import Allows, anytime
from benchmarks.calls.served import EchoServer, NotInstalledError
from benchmarks.calls.servers import BARE, SERVERS
from benchmarks.calls.table import NOT_MEASURED, Line, show
from benchmarks.calls.window import look_at
from benchmarks.floor import Floor

__all__ = ["GOALS", "Goal", "measure", "run"]

RAMP_S = 1
SECONDS = 2
ROUNDS = 4
AGAIN = 1
#: What is to be tried with the transports of others, and fails nothing.
STRETCH = 1.1

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
        stretch: it fails nothing.
    """

    ours: str
    rival: str
    most: float | None = None
    least: float | None = None
    stretch: bool = False

    def line(self, costs: dict[str, list[Cost]]) -> Line:
        """Return the line, also of one whose rival is not there."""
        by_rival = self.most is not None
        more, less = (self.ours, self.rival) if by_rival else (self.rival, self.ours)
        what = f"{more} by {less}" + ", stretch" * self.stretch
        goal = f"<= {self.most:g}x" if by_rival else f">= {self.least:g}x"
        if not {more, less} <= costs.keys():
            return Line(what, NOT_MEASURED, goal, stretch=self.stretch)
        ratio, note = compared(costs[more], costs[less])
        reached = ratio <= self.most if self.most is not None else ratio >= (self.least or 0.0)
        return Line(what, f"{ratio:.2f}x", goal, reached, note, self.stretch)


GOALS = (
    Goal("phonewire", "bare websockets", most=1.25),
    Goal("phonewire", "FastAPI", least=1.7),
    Goal("phonewire on picows", "bare picows", most=1.4),
    Goal("phonewire on picows", "FastAPI", least=3.5),
    Goal("phonewire under uvicorn", "bare ASGI", most=1.25),
    Goal("phonewire under uvicorn", "FastAPI", most=0.95),
    Goal("phonewire, 20 calls", "pipecat, 20 calls", least=3),
    *(Goal(ours, bare, most=STRETCH, stretch=True) for ours, bare in BARE.items()),
)

#: Without a goal: the least that a handler costs on picows, and what the call adds to a handler with the engine.
INSIDE = (
    ("picows with a handler", "bare picows"),
    ("picows with a handler and the engine", "bare picows"),
    ("phonewire on picows", "picows with a handler and the engine"),
)


#: Those of them that are measured for that alone, in the first rounds.
ASIDE = {name for pair in INSIDE for name in pair} - {name for goal in GOALS for name in (goal.ours, goal.rival)}
ROUNDS_ASIDE = 2


def measure(name: str, calls: int, seconds: int = SECONDS) -> Cost:
    """Measure a server once.

    Raises:
        NotInstalledError: what it is made of is not there.
    """
    with EchoServer(name) as server, Floor() as floor:
        seen = look_at(server.url, calls, RAMP_S, seconds, lambda: float(server.used()["cpu_s"]))
    return Cost(seen.pair_us, seen.messages / max(seen.sent, 1), seen.generator, floor.lateness.max_ms)


def run(
    allows: Allows = anytime, names: tuple[str, ...] = tuple(SUBJECTS), rounds: int = ROUNDS
) -> tuple[bool, dict[str, Any]]:
    """Measure all of them in rounds, and print; return whether every goal was reached, and every measurement."""
    costs = _rounds(allows, names, rounds)
    lines = [_cost_line(name, costs[name]) for name in costs]
    lines += [goal.line(costs) for goal in GOALS if {goal.ours, goal.rival} <= {*names}]
    lines += [_inside_line(*pair, costs) for pair in INSIDE if set(pair) <= costs.keys()]
    return show(lines), {name: [asdict(cost) for cost in found] for name, found in costs.items()}


def _rounds(allows: Allows, names: tuple[str, ...], rounds: int) -> dict[str, list[Cost]]:
    """Measure in rounds, and in one more where something was void and there is time."""
    costs: dict[str, list[Cost]] = {name: [] for name in names}
    took_s = 0.0
    for number in range(rounds + AGAIN):
        if number >= rounds and not (any(cost.void for found in costs.values() for cost in found) and allows(took_s)):
            break
        began_s = time.monotonic()
        _measure_all(costs, [name for name in costs if name not in ASIDE or number < ROUNDS_ASIDE])
        took_s = time.monotonic() - began_s
    return costs


def _measure_all(costs: dict[str, list[Cost]], names: list[str]) -> None:
    for name in names:
        try:
            costs[name].append(measure(*SUBJECTS[name]))
        except NotInstalledError as error:
            print(f"{name} is left out: {error}", flush=True)
            del costs[name]


def _cost_line(name: str, costs: list[Cost]) -> Line:
    good = counted(costs)
    returned = min(cost.returned for cost in good)
    voids = [cost.void for cost in costs if cost.void]
    notes = [f"of {', '.join(f'{cost.pair_us:.1f}' for cost in good)}"]
    notes += [f"{returned:.0%} came back"] if returned < 0.99 else []
    notes += [f"void: {'; '.join(voids)}"] if voids else []
    return Line(f"{name}, a message pair", f"{pair_us(costs):.1f} us", note=", ".join(notes))


def _inside_line(more: str, less: str, costs: dict[str, list[Cost]]) -> Line:
    ratio, note = compared(costs[more], costs[less])
    return Line(f"{more} by {less}", f"{ratio:.2f}x", note=note)
