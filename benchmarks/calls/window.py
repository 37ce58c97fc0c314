"""A few seconds in the middle of a load: what a server has used in them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import uvloop

from phonewire.load.generator import Load, run_load
from phonewire.load.result import Second
from phonewire.load.tally import Tally

__all__ = ["Seen", "look_at"]


@dataclass(frozen=True)
class Seen:
    """What was in the window.

    Attributes:
        cpu_s: seconds of a processor that the server used.
        sent: frames to it.
        messages: from it.
        generator: share of a core that this process used.
    """

    cpu_s: float
    sent: int
    messages: int
    generator: float

    @property
    def pair_us(self) -> float:
        """The server's processor time for a frame in and out."""
        return self.cpu_s * 1e6 / max(self.messages, 1)


class _Window:
    def __init__(self, cpu_s: Callable[[], float], begin: int, end: int) -> None:
        self._cpu_s, self._at = cpu_s, (begin, end)
        self._looks: list[tuple[float, int, int]] = []
        self._seconds: list[Second] = []
        self.over = asyncio.Event()

    def on_second(self, second: Second, tally: Tally) -> None:
        self._seconds.append(second)
        if len(self._seconds) in self._at:
            self._looks.append((self._cpu_s(), tally.sent, tally.messages))
        if len(self._seconds) == self._at[1]:
            self.over.set()

    def seen(self) -> Seen:
        before, after = self._looks
        cpu_s, sent, messages = (later - earlier for earlier, later in zip(before, after, strict=True))
        generator = median(second.generator_cpu for second in self._seconds[slice(*self._at)])
        return Seen(cpu_s, int(sent), int(messages), generator)


def look_at(url: str, calls: int, ramp_s: int, seconds: int, cpu_s: Callable[[], float]) -> Seen:
    """Make calls; look when all have spoken for a second, and so many seconds later; hang up.

    Args:
        url: of the server.
        calls: how many.
        ramp_s: from the first to the last.
        seconds: between the looks.
        cpu_s: asks what the server has used up to now.
    """
    return uvloop.run(_look_at(Load(url=url, calls=calls, ramp_s=ramp_s, seconds=3600), seconds, cpu_s))


async def _look_at(load: Load, seconds: int, cpu_s: Callable[[], float]) -> Seen:
    begin = int(load.ramp_s) + 1
    window = _Window(cpu_s, begin, begin + seconds)
    calling = asyncio.create_task(run_load(load, window.on_second))
    async with asyncio.timeout(begin + seconds + 30):
        await window.over.wait()
    calling.cancel()
    await asyncio.wait([calling])
    return window.seen()
