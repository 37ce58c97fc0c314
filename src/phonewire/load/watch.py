"""What a load looks like second by second."""

from __future__ import annotations

import time

from phonewire.load.result import Second
from phonewire.load.tally import Tally
from phonewire.load.usage import Usage

__all__ = ["Watch"]


class Watch:
    """Looks at everything once a second.

    Args:
        tally: what is counted.
        pid: of the server; None where it is not watched.

    Attributes:
        timeline: what was seen.

    Raises:
        OSError: there is no such process. One that ends later is seen no more.
    """

    def __init__(self, tally: Tally, pid: int | None) -> None:
        self._tally = tally
        self._server = None if pid is None else Usage(pid)
        self._began_s = time.monotonic()
        self._before = self._look()
        self.timeline: list[Second] = []

    def _look(self) -> tuple[float, float, int, int, float | None, int | None]:
        counted = time.monotonic(), time.process_time(), self._tally.sent, self._tally.messages
        if self._server is not None:
            try:
                return *counted, self._server.cpu_s(), self._server.resident_bytes()
            except OSError:
                self._server = None
        return *counted, None, None

    def turn(self) -> Second:
        """End a second, which may be longer or shorter, and return what was in it."""
        last = self._tally.turn()
        before_s, cpu_before_s, sent_before, messages_before, server_before_s, _ = self._before
        now_s, cpu_s, sent, messages, server_s, server_bytes = self._before = self._look()
        took_s = max(now_s - before_s, 1e-9)
        second = Second(
            at_s=now_s - self._began_s,
            talking=self._tally.talking,
            sent=sent - sent_before,
            messages=messages - messages_before,
            p50_ms=last.percentile_ms(50),
            p99_ms=last.percentile_ms(99),
            generator_cpu=(cpu_s - cpu_before_s) / took_s,
            server_cpu=None if server_s is None or server_before_s is None else (server_s - server_before_s) / took_s,
            server_bytes=server_bytes,
        )
        self.timeline.append(second)
        return second
