"""What a process has used, as the system tells: also that of a server that is nobody's child here."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["Usage"]


class Usage:
    """What a process uses; Linux.

    Args:
        pid: of the process.

    Raises:
        OSError: there is no such process, or no ``/proc``.
    """

    def __init__(self, pid: int) -> None:
        self._stat, self._statm = Path(f"/proc/{pid}/stat"), Path(f"/proc/{pid}/statm")
        self._ticks, self._page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
        self.cpu_s()

    def cpu_s(self) -> float:
        """Return for how long it has kept a processor busy."""
        fields = self._stat.read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / self._ticks

    def resident_bytes(self) -> int:
        """Return how much of its memory is in the machine's."""
        return int(self._statm.read_text().split()[1]) * self._page
