"""What a server has counted since its start."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Protocol

from phonewire.aio.call.call import Call
from phonewire.aio.refusal import Refusal
from phonewire.stats import GAUGES, PEAKS, CallStats

__all__ = ["Sums", "Tally", "Watcher"]

#: Sums of the fields of `CallStats`, by (field, key); the key is empty but for fields that count by reason.
Sums = Counter[tuple[str, str]]


class Watcher(Protocol):
    """Somebody who wants to know which calls there are."""

    def entered(self, call: Call) -> None:
        """Take note of a call that begins, in the task of its handler; never waits."""

    def left(self, call: Call) -> None:
        """Take note that it is over, in the same task; never waits."""


class Tally:
    """The calls of a server, and counters.

    Attributes:
        calls: those that go on, and when they started, in the loop's seconds.
        ended: calls that are over, by protocol and end.
        seconds: how long those lasted together, by protocol.
        refused: peers that were sent away.
        handler_errors: handlers that raised.

    Args:
        watchers: are told of calls that begin and end.
    """

    def __init__(self, watchers: Sequence[Watcher]) -> None:
        self._watchers = watchers
        self.calls: dict[Call, float] = {}
        self.ended: Counter[tuple[str, str]] = Counter()
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.refused: Counter[Refusal] = Counter()
        self.handler_errors = 0
        self._finished: defaultdict[str, Sums] = defaultdict(Counter)

    def begin(self, call: Call) -> None:
        """Count a call that starts."""
        self.calls[call] = asyncio.get_running_loop().time()
        for watcher in self._watchers:
            watcher.entered(call)

    def end(self, call: Call) -> float:
        """Count a call that is over, and return how many seconds it lasted."""
        seconds = asyncio.get_running_loop().time() - self.calls.pop(call)
        for watcher in reversed(self._watchers):
            watcher.left(call)
        self.seconds[call.protocol] += seconds
        self.ended[call.protocol, str(call.end_reason)] += 1
        _add(self._finished[call.protocol], call.stats())
        return seconds

    def sums(self) -> Mapping[str, Sums]:
        """Return what all calls have counted, by protocol; those that go on count, too."""
        sums = {protocol: finished.copy() for protocol, finished in self._finished.items()}
        for call in self.calls:
            stats = call.stats()
            _add(live := sums.setdefault(call.protocol, Counter()), stats)
            for name in GAUGES:
                value = getattr(stats, name)
                live[name, ""] = max(live[name, ""], value) if name in PEAKS else live[name, ""] + value
        return sums


def _add(sums: Sums, stats: CallStats) -> None:
    for name in stats.__struct_fields__:
        value = getattr(stats, name)
        if isinstance(value, dict):
            for key, count in value.items():
                sums[name, key] += count
        elif name not in GAUGES:
            sums[name, ""] += value
