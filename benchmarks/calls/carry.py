"""How many calls a core carries both ways, all frames back once and in order, none waited for for more than 40 ms.

The most with which a second is clean, and then three seconds (`climb`); all servers in turn, three times, from a
generator that takes less of its core than a server does. The median counts. A round is void when the generator used
over 85 % of its core, or a probe on one of the cores saw 10 ms in each of three tries; then it has carried at least so
many, and "reached" is not said.
"""

from __future__ import annotations

import math
import resource
import time
from contextlib import ExitStack
from dataclasses import asdict
from statistics import median
from typing import Any

from benchmarks.calls.climb import FINE, MOST, Climb, Window, climb, faults, judge
from benchmarks.calls.served import CORES, EchoServer, NotInstalledError
from benchmarks.calls.servers import there
from benchmarks.calls.table import NOT_MEASURED, Line, show
from benchmarks.floor import Floor
from benchmarks.phones import Counted, Phones

__all__ = ["LEAST_SHARE", "PAIRS", "Core", "run"]

FIRST, GROWTH = 200, 1.25
ROUNDS = 3
LEAST_SHARE = 0.75
SETTLE_S = 1.5
CALM_S = 0.2
PLACE_S = 0.003  # of a call, by the phones

#: Ours by the bare transport below it.
PAIRS = {
    "phonewire": "bare websockets",
    "phonewire on picows": "bare picows",
    "phonewire under uvicorn": "bare ASGI",
}


class Core:
    """A server under calls.

    Args:
        phones: that call it.
    """

    def __init__(self, phones: Phones) -> None:
        self._phones = phones
        self._calls = 0

    def hold(self, calls: int, seconds: float) -> Window:
        """Bring the calls to a number, and look at them for so many seconds."""
        before = self._bring(calls)
        with ExitStack() as probes:
            floors = [probes.enter_context(Floor(core)) for core in sorted({*CORES})]
            time.sleep(seconds)
            after = self._phones.look()
        return judge(calls, before, after, max(floor.lateness.max_ms for floor in floors))

    def _bring(self, calls: int) -> Counted:
        """Wait until what that stirred up is over, or it shows that it will not be."""
        if calls < self._calls:  # all of them are others: what waits for those that were too many goes with them
            self._phones.drop(self._calls)
            self._calls = 0
        more, self._calls = calls - self._calls, calls
        self._phones.add(more)
        until_s = time.monotonic() + more * PLACE_S + SETTLE_S
        now = self._phones.look()
        while time.monotonic() < until_s:
            before = now
            time.sleep(CALM_S)
            now = self._phones.look()
            if not faults(calls, before, now):
                break
        return now


def _climbed(name: str, before: Climb | None) -> Climb:
    """Climb; begin near to what was carried before."""
    first, growth = (FIRST, GROWTH) if not before or not before.carried else (round(before.carried * 0.9), FINE)
    with EchoServer(name) as server, Phones(server.url) as phones:
        return climb(Core(phones).hold, first, growth)


def run(rounds: int = ROUNDS) -> tuple[bool, dict[str, Any]]:
    """Measure, and print; return whether every goal was reached, and what each carried."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    most = MOST + 100 if hard == resource.RLIM_INFINITY else min(MOST + 100, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))  # server and phones inherit it
    climbs: dict[str, list[Climb]] = {name: [] for name in there(PAIRS)}
    for name in [*climbs] * rounds:
        if name not in climbs:
            continue
        try:
            climbs[name].append(_climbed(name, climbs[name][-1] if climbs[name] else None))
        except NotInstalledError as error:
            print(f"{name} is left out: {error}", flush=True)
            del climbs[name]
    lines = [_line(name, found) for name, found in climbs.items()]
    lines += [_share(*pair, climbs) for pair in PAIRS.items()]
    return show(lines), {name: _summary(found) for name, found in climbs.items()}


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

    Where the bare server could have carried more, the share is at most what it looks like: that it is too small can be
    said, that it is not cannot. Where ours could have, nothing can.
    """
    what, goal = f"{ours} by {bare}, calls", f">= {LEAST_SHARE:g}x"
    if not {ours, bare} <= climbs.keys():
        return Line(what, NOT_MEASURED, goal)
    pairs = list(zip(climbs[ours], climbs[bare], strict=True))
    most = median(math.inf if one.void or not other.carried else one.carried / other.carried for one, other in pairs)
    sure = [one.carried / other.carried for one, other in pairs if not one.void and not other.void and other.carried]
    note = f"of {', '.join(f'{share:.2f}' for share in sure)}" if sure else "void"
    if len(sure) > len(pairs) / 2:
        return Line(what, f"{median(sure):.2f}x", goal, median(sure) >= LEAST_SHARE, note)
    if most < LEAST_SHARE:
        return Line(what, f"<= {most:.2f}x", goal, False, note)
    return Line(what, "as far as it is known" if sure else "no verdict", goal, None, note)
