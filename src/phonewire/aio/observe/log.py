"""Lines about peers: structured, escaped, and few.

Every record carries what it is about as attributes (``extra``): ``event``, a word that does not change, and fields
such as ``peer``, ``call_id`` or ``reason``; a JSON formatter needs nothing else. What came from a peer is escaped and
cut, so that nobody writes lines of their own, and one peer gets ten lines a second.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

__all__ = ["PeerLog", "escape"]

_MOST_CHARACTERS = 128
_MOST_LINES = 10  # a second and peer
_MOST_PEERS = 1000  # that are remembered; the oldest is forgotten first


def escape(text: str) -> str:
    """Return *text* in at most 128 printable ASCII characters: the rest is written as Python escapes, or cut off."""
    escaped = text[:_MOST_CHARACTERS].encode("unicode_escape").decode("ascii")
    whole = len(escaped) <= _MOST_CHARACTERS and len(text) <= _MOST_CHARACTERS
    return escaped if whole else escaped[: _MOST_CHARACTERS - 3] + "..."


class PeerLog:
    """A logger for what peers do.

    Attributes:
        suppressed: lines that were left out, since the start.
    """

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._second: dict[str, _Second] = {}
        self.suppressed = 0

    def write(
        self, level: int, event: str, host: str, message: str, fields: Mapping[str, Any], *, exc_info: bool = False
    ) -> None:
        """Write a line, unless there have been too many about its peer in this second.

        Args:
            level: of the logging module.
            event: what happened, in a word.
            host: address of the peer, by which lines are counted: its port is no way around the limit.
            message: the line, with names of fields in braces.
            fields: what the line is about; strings are escaped.
            exc_info: append the exception that is being handled.
        """
        if not self._logger.isEnabledFor(level):
            return
        second = self._second.get(host) or self._begin(host)
        if second.lines >= _MOST_LINES:
            second.suppressed += 1
            self.suppressed += 1
            return
        second.lines += 1
        safe = {name: escape(value) if isinstance(value, str) else value for name, value in fields.items()}
        self._logger.log(level, "%s", message.format_map(safe), exc_info=exc_info, extra={"event": event, **safe})

    def close(self) -> None:
        """Say what was left out, and stop counting."""
        for host in list(self._second):
            self._end(host)

    def _begin(self, host: str) -> _Second:
        if len(self._second) >= _MOST_PEERS:
            self._end(next(iter(self._second)))
        second = self._second[host] = _Second(asyncio.get_running_loop().call_later(1.0, self._end, host))
        return second

    def _end(self, host: str) -> None:
        second = self._second.pop(host)
        second.timer.cancel()
        if second.suppressed:
            extra = {"event": "lines_suppressed", "peer": escape(host), "lines": second.suppressed}
            self._logger.warning("%d more lines about %s", second.suppressed, escape(host), extra=extra)


class _Second:
    """A second of one peer's lines."""

    __slots__ = ("lines", "suppressed", "timer")

    def __init__(self, timer: asyncio.TimerHandle) -> None:
        self.timer = timer
        self.lines = self.suppressed = 0
