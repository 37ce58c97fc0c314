"""What a process and its children have used, as the system tells: also of a server that is nobody's child here."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

__all__ = ["Usage"]

_PROC = Path("/proc")


class Usage:
    """What a process uses together with all that it has started, as workers are; Linux.

    Args:
        pid: of the process.

    Raises:
        OSError: there is no such process, or no ``/proc``.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._ticks, self._page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
        self.cpu_s()

    def cpu_s(self) -> float:
        """Return for how long they have kept processors busy, those included that have ended."""
        return self._sum(_cpu_ticks) / self._ticks

    def resident_bytes(self) -> int:
        """Return how much of their memory is in the machine's; what they share counts for each."""
        return self._sum(_resident_pages) * self._page

    def _sum(self, count: Callable[[int], int]) -> int:
        total = count(self._pid)
        for pid in _started_by(self._pid):
            with suppress(OSError):  # it has just ended
                total += count(pid)
        return total


def _started_by(pid: int) -> Iterator[int]:
    for thread in (_PROC / f"{pid}/task").iterdir():
        children = ""
        with suppress(OSError):  # a thread that has just ended
            children = (thread / "children").read_text()
        for child in map(int, children.split()):
            yield child
            with suppress(OSError):
                yield from _started_by(child)


def _cpu_ticks(pid: int) -> int:
    fields = (_PROC / f"{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15]))  # its own, as user and as system, and those of its children that have ended


def _resident_pages(pid: int) -> int:
    return int((_PROC / f"{pid}/statm").read_text().split()[1])
