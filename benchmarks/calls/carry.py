"""How many calls a core carries both ways before a frame is lost, or a listener waits for one for more than 40 ms.

A tenth more calls each second, until frames are late in two seconds one after the other; the calls before the first
of them count. Void when this process used over 85 % of its core before that, or the probe of the machine saw 10 ms.
All servers in turn, twice; the time that carried the most counts, as a busy machine only ever makes it less.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import uvloop

from benchmarks.calls.served import EchoServer, NotInstalledError
from benchmarks.calls.servers import there
from benchmarks.calls.table import Line, show
from benchmarks.floor import Floor
from phonewire.load.generator import Load, run_load
from phonewire.load.result import BUSY, Second
from phonewire.load.tally import Tally

__all__ = ["Climb", "run"]

FIRST = 150
GROWTH = 1.1
MOST = 4_000
FLOOR_MS = 10
TIMES = 2
LEAST_SHARE = 0.75

#: Ours by the bare transport below it.
PAIRS = {"phonewire": "bare websockets", "phonewire on picows": "bare picows"}


@dataclass
class Climb:
    """More and more calls.

    Attributes:
        calls: that were made up to each step.
        late: steps in which frames were late, by their number.
        carried: calls that went well; None while more are made.
        generator: the largest share of a core that this process used up to then.
        floor_ms: the longest that the probe was late.
    """

    calls: list[int] = field(default_factory=list)
    late: list[int] = field(default_factory=list)
    carried: int | None = None
    generator: float = 0.0
    floor_ms: float = 0.0
    _tallies: dict[int, Tally] = field(default_factory=dict)
    _counted: int = 0

    @property
    def exhausted(self) -> bool:
        """Whether this process is what gives up."""
        return self.generator > BUSY

    @property
    def void(self) -> str:
        """Why it says less than it should; empty when it does not."""
        if self.exhausted:
            return f"generator at {self.generator:.0%} of its core; at least so many"
        return f"floor {self.floor_ms:.1f} ms" if self.floor_ms >= FLOOR_MS else ""

    def grow(self) -> int:
        """Return how many calls the next step adds."""
        before = self.calls[-1] if self.calls else 0
        self.calls.append(max(round(before * GROWTH), FIRST))
        return self.calls[-1] - before

    def take(self, step: int, second: Second, tally: Tally) -> None:
        """Take note of a second of the calls of one step."""
        self._tallies[step] = tally
        self.generator = max(self.generator, second.generator_cpu)

    def judge(self) -> None:
        """Look at the last step."""
        bad = sum(tally.late + tally.lost + tally.held + sum(tally.ends.values()) for tally in self._tallies.values())
        step = len(self.calls) - 1
        if bad > self._counted:
            self.late.append(step)
        self._counted = bad
        if {step - 1, step} <= set(self.late):
            self.carried = self.calls[step - 2] if step >= 2 else 0
        elif self.exhausted or self.calls[-1] >= MOST:
            self.carried = self.calls[step - 1] if step >= 1 else 0


async def climb(url: str) -> Climb:
    """Make more and more calls until it does not go well any more."""
    found = Climb()
    loads: list[asyncio.Task[Any]] = []
    while found.carried is None:
        step, more = len(found.calls), found.grow()
        load = Load(url=url, calls=more, ramp_s=0.9, seconds=120, stamped=True)

        def on_second(second: Second, tally: Tally, step: int = step) -> None:
            found.take(step, second, tally)

        loads.append(asyncio.create_task(run_load(load, on_second)))
        await asyncio.sleep(2 if step == 0 else 1)
        found.judge()
    for task in loads:
        task.cancel()
    await asyncio.wait(loads)
    return found


def _climbed(name: str) -> Climb:
    with EchoServer(name) as server, Floor() as floor:
        found = uvloop.run(climb(server.url))
    found.floor_ms = floor.lateness.max_ms
    return found


def run() -> tuple[bool, dict[str, Any]]:
    """Measure, and print; return whether no goal was missed, and what each carried."""
    climbs: dict[str, Climb] = {}
    names = [*there(PAIRS)]
    for name in names * TIMES:
        if name not in names:
            continue
        try:
            found = _climbed(name)
        except NotInstalledError as error:
            print(f"{name} is left out: {error}", flush=True)
            names.remove(name)
        else:
            climbs[name] = max(climbs.get(name, found), found, key=lambda each: each.carried or 0)
    lines = [_line(name, found) for name, found in climbs.items()]
    lines += [_share(*pair, climbs) for pair in PAIRS.items() if set(pair) <= climbs.keys()]
    return show(lines), {name: {"carried": c.carried, "generator": c.generator} for name, c in climbs.items()}


def _line(name: str, found: Climb) -> Line:
    return Line(f"{name}, calls on a core", f"{found.carried:,}", note=found.void and f"void: {found.void}")


def _share(ours: str, bare: str, climbs: dict[str, Climb]) -> Line:
    share = (climbs[ours].carried or 0) / max(climbs[bare].carried or 0, 1)
    void = climbs[ours].void or climbs[bare].void
    # Where the generator gave up first on the bare server, ours may have carried as many for all that is known.
    reached = None if climbs[bare].exhausted or climbs[ours].exhausted else share >= LEAST_SHARE
    return Line(f"{ours} by {bare}, calls", f"{share:.2f}x", f">= {LEAST_SHARE:g}x", reached, "void" if void else "")
