"""How much of a virtual machine's time its host has given to others, which is what makes a measurement late."""

from __future__ import annotations

from pathlib import Path
from typing import Self

__all__ = ["Stolen"]

STAT = Path("/proc/stat")


class Stolen:
    """The share of this machine's time, while the block runs, that a virtual machine's host gave to others.

    Attributes:
        share: of all processors; 0 where there is no host, or where it does not tell.

    Source: proc(5), /proc/stat: the eighth number of the first line.
    """

    share = 0.0

    def __enter__(self) -> Self:
        self._before = self._ticks()
        return self

    def __exit__(self, *exc_info: object) -> None:
        used = [after - before for before, after in zip(self._before, self._ticks(), strict=True)]
        self.share = used[7] / max(sum(used), 1)

    def _ticks(self) -> list[int]:
        # Eight of them: what comes after is the time of guests of this machine, and is in the others, too.
        return [int(number) for number in STAT.read_text().split(maxsplit=9)[1:9]] if STAT.exists() else [0] * 8
