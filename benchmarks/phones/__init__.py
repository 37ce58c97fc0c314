"""Many calls from a process of its own that takes little of a core: ``with Phones(url) as phones: ...``."""

from __future__ import annotations

import select
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import msgspec

__all__ = ["PROGRAM", "Counted", "Phones"]

#: Made of ``phones.c`` by the Makefile.
PROGRAM = Path(__file__).with_name("phones")
_ANSWER_S = 10


@dataclass(frozen=True)
class Counted:
    """What all calls together have come to.

    Attributes:
        at_s: when it was looked, on the monotonic clock.
        cpu_s: processor time of the generator up to then, by getrusage.
        behind_ms: by how much the generator is behind its own clock.
        talking: calls that are connected.
        overdue: frames that were sent more than 100 ms ago, and after the latest that has come back.
        sent, returned: frames, up to now.
        missing: that were overtaken by a later one, and have not come since.
        late: that came more than 40 ms after what had come before was played.
        duplicated, reordered: that came back again, or after a later one.
        strange: of another call, or never sent.
        held: that were not sent, because the server did not read.
        ended: calls that the server would not have, or has ended.
    """

    at_s: float = 0
    cpu_s: float = 0
    behind_ms: int = 0
    talking: int = 0
    overdue: int = 0
    sent: int = 0
    returned: int = 0
    missing: int = 0
    late: int = 0
    duplicated: int = 0
    reordered: int = 0
    strange: int = 0
    held: int = 0
    ended: int = 0


class Phones:
    """The calls, while the block lasts; none at first.

    Args:
        url: ``ws://127.0.0.1:PORT/twilio``.

    Raises:
        FileNotFoundError: it has not been compiled; ``make bench-calls`` does.
    """

    def __init__(self, url: str) -> None:
        self._port = urlsplit(url).port

    def __enter__(self) -> Self:
        command = [PROGRAM, str(self._port)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def add(self, calls: int) -> None:
        """Place more calls, one every 3 ms."""
        self._say(f"add {calls}\n")

    def drop(self, calls: int) -> None:
        """Cut off the last calls."""
        self._say(f"drop {calls}\n")

    def look(self) -> Counted:
        """Return what was counted up to now.

        Raises:
            TimeoutError: it has not answered within 10 s.
        """
        assert self._process.stdout is not None
        self._say("look\n")
        if not select.select([self._process.stdout], [], [], _ANSWER_S)[0]:
            raise TimeoutError(f"the phones have not answered within {_ANSWER_S} s")
        return msgspec.json.decode(self._process.stdout.readline(), type=Counted)

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line)
        self._process.stdin.flush()
