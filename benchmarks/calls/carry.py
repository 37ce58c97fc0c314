"""How many calls a core carries both ways, all frames back once and in order, none waited for for more than 40 ms.

The most with which a second and a half is clean (`climb`), from a generator that takes less of its core than a server
does. All servers in turn, three times, and once more where there is time. The median counts, and two servers are
compared round by round. A round is void when the generator used over 85 % of its core, or a probe on one of the cores
saw 10 ms, in each of three tries; then the server has carried at least so many. What is void is left out where there
are others; where there are none, "reached" is not said.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from statistics import median
from typing import Any

from benchmarks.calls.climb import MOST, Climb, Window, climb, faults, judge
from benchmarks.calls.limit import Allows, anytime
from benchmarks.calls.served import CORES, EchoServer, NotInstalledError, allow_descriptors
from benchmarks.calls.servers import BARE, in_turn
from benchmarks.calls.table import NOT_MEASURED, Line, show
from benchmarks.floor import Floor
from benchmarks.phones import Counted, Phones
from phonewire.load.usage import Usage

__all__ = ["LEAST_SHARE", "Core", "run"]

FIRST = 300
ROUNDS = 3
AGAIN = 1
LEAST_SHARE = 0.75
LOOK_S = 1.5
ARRIVE_S = 3.0  # all of them, on a machine that has other work
SETTLE_S = 1.0  # when they are there
CALM_S = 0.2
PLACE_S = 0.003  # of a call, by the phones
DESCRIPTORS = MOST + 100


class Core:
    """A server under calls.

    Args:
        server: its process.
        phones: that call it.
    """

    def __init__(self, server: Usage, phones: Phones) -> None:
        self._server = server
        self._phones = phones
        self._calls = 0

    def hold(self, calls: int) -> Window:
        """Bring the calls to a number, and look at them; only for a moment where they do not come to rest."""
        with ExitStack() as probes:
            before, calm = self._bring(calls)
            server_s = self._server.cpu_s()
            floors = [probes.enter_context(Floor(core)) for core in sorted({*CORES})]
            time.sleep(LOOK_S if calm else CALM_S)
            after = self._phones.look()
            server_s = self._server.cpu_s() - server_s
        return judge(calls, before, after, worst_ms(floors), server_s)

    def _bring(self, calls: int) -> tuple[Counted, bool]:
        """Wait until all are there and what that stirred up is over; return a look, and whether it is."""
        if calls < self._calls:  # all of them are others: what waits for those that were too many goes with them
            self._phones.drop(self._calls)
            self._calls = 0
        more, self._calls = calls - self._calls, calls
        self._phones.add(more)
        until_s = time.monotonic() + (more * PLACE_S + ARRIVE_S if more else SETTLE_S)
        now = self._phones.look()
        while time.monotonic() < until_s:
            before = now
            time.sleep(CALM_S)
            now = self._phones.look()
            if not faults(calls, before, now):
                return now, True
            if before.talking < calls <= now.talking:
                until_s = time.monotonic() + SETTLE_S
        return now, False


def worst_ms(floors: Sequence[Floor]) -> float:
    """Return the longest that one of the probes was late."""
    return max(floor.lateness.max_ms for floor in floors)


def _climbed(name: str, before: Climb | None) -> Climb:
    """Climb; begin with what was carried before."""
    first = before.carried if before and before.carried else FIRST
    with EchoServer(name) as server, Phones(server.url) as phones:
        return climb(Core(Usage(server.pid), phones).hold, first)


def run(allows: Allows = anytime, rounds: int = ROUNDS) -> tuple[bool, dict[str, Any]]:
    """Measure, and print; return whether every goal was reached, and what each carried."""
    if not allow_descriptors(DESCRIPTORS):
        return show([Line("calls on a core", NOT_MEASURED, f"{DESCRIPTORS} descriptors", False)]), {}
    climbs = _rounds(allows, rounds)
    lines = [_line(name, found) for name, found in climbs.items()]
    lines += [_share(*pair, climbs) for pair in BARE.items()]
    return show(lines), {name: _summary(found) for name, found in climbs.items()}


def _rounds(allows: Allows, rounds: int) -> dict[str, list[Climb]]:
    climbs: dict[str, list[Climb]] = {name: [] for name in in_turn(BARE)}
    took_s = 0.0
    for number in range(rounds + AGAIN):
        if number >= rounds and not allows(took_s):
            break
        began_s = time.monotonic()
        for name in list(climbs):
            try:
                climbs[name].append(_climbed(name, climbs[name][-1] if climbs[name] else None))
            except NotInstalledError as error:
                print(f"{name} is left out: {error}", flush=True)
                del climbs[name]
        took_s = time.monotonic() - began_s
    return climbs


def _summary(found: list[Climb]) -> dict[str, Any]:
    """Return the median of those that are not void, where there are any."""
    counted = [each for each in found if not each.void] or found
    void = "; ".join(each.void for each in counted if each.void)
    return {"carried": round(median(each.carried for each in counted)), "void": void, "rounds": [*map(asdict, found)]}


def _line(name: str, found: list[Climb]) -> Line:
    rounds = [f"at least {each.carried:,} (void: {each.void})" if each.void else f"{each.carried:,}" for each in found]
    summary = _summary(found)
    number = f"{'>= ' if summary['void'] else ''}{summary['carried']:,}"
    return Line(f"{name}, calls on a core", number, note=f"of {', '.join(rounds)}")


def _share(ours: str, bare: str, climbs: dict[str, list[Climb]]) -> Line:
    """Return the line of the goal.

    Where all is void and the bare server could have carried more, the share is at most what it looks like: that it is
    too small can be said, that it is not cannot. Where ours could have, nothing can.
    """
    what, goal = f"{ours} by {bare}, calls", f">= {LEAST_SHARE:g}x"
    if not {ours, bare} <= climbs.keys():
        return Line(what, NOT_MEASURED, goal)
    pairs = list(zip(climbs[ours], climbs[bare], strict=True))
    sure = [_by(one, other) for one, other in pairs if not one.void and not other.void]
    if sure:
        few = "" if len(sure) == len(pairs) else f", {len(sure)} of {len(pairs)} rounds count"
        note = f"of {', '.join(f'{share:.2f}' for share in sure)}{few}"
        return Line(what, f"{median(sure):.2f}x", goal, median(sure) >= LEAST_SHARE, note)
    most = median(math.inf if one.void else _by(one, other) for one, other in pairs)
    if most < LEAST_SHARE:
        return Line(what, f"<= {most:.2f}x", goal, False, "all void")
    return Line(what, "no verdict", goal, None, "all void")


def _by(ours: Climb, bare: Climb) -> float:
    return ours.carried / bare.carried if bare.carried else math.inf
