"""Audio that comes faster than it is spoken, such as a whole file at once: spread over the time that it lasts."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator

from phonewire.aio.events import Unpaced
from phonewire.aio.pacing import PTIME_MS, ticker
from phonewire.protocols.connection import Media, MediaFormat

__all__ = ["Spread"]

_MS = 1_000_000  # ns
_AHEAD_NS = 200 * _MS  # what a network may hold back and then give at once; and the longest message that stays whole
_TELL_NS = 500 * _MS
_FULL_NS = 1000 * _MS  # then the far end is made to wait, until half of it has been heard


class Spread:
    """Plays what is ahead of its time when that has come, and the rest at once; costs little where nothing is ahead.

    Args:
        media_format: how audio is coded.
        play: takes the audio, each piece when it is due; long ones are cut into frames of 20 ms.
        tell: takes `Unpaced`, once.
        failed: told, in words, what of the call does not go on because of an error that is being handled.

    Attributes:
        spread_bytes: audio that had to wait.
    """

    def __init__(
        self,
        media_format: MediaFormat,
        play: Callable[[Media], None],
        tell: Callable[[object], None],
        failed: Callable[[str], None],
    ) -> None:
        self._media_format = media_format
        self._play = play
        self._tell = tell
        self._failed = failed
        self._waiting: deque[tuple[Media, int]] = deque()
        self._waiting_ns = 0
        self._until_ns = 0  # how far what was played reaches
        self._told = False
        self._room = asyncio.Event()
        self._room.set()
        self.spread_bytes = 0

    @property
    def waits(self) -> bool:
        """Whether there is audio whose time has not come."""
        return bool(self._waiting)

    def take(self, media: Media) -> None:
        """Take a piece as it comes."""
        now_ns = ticker().now_ns()
        for piece in self._cut(media):
            duration_ns = self._media_format.ns_of(len(piece.payload))
            self._waiting.append((piece, duration_ns))
            self._waiting_ns += duration_ns
            self._play_due(now_ns)
            if self._waiting:
                self.spread_bytes += len(piece.payload)
        if self._waiting:
            ticker().join(self)
            self._look_how_much_waits()

    def is_long(self, media: Media) -> bool:
        """Whether a piece is longer than a packet may be, by RFC 3551 section 4.2."""
        return self._media_format.ns_of(len(media.payload)) > _AHEAD_NS

    @property
    def full(self) -> bool:
        """Whether `room` would wait."""
        return not self._room.is_set()

    async def room(self) -> None:
        """Wait while more waits than should; at once otherwise."""
        await self._room.wait()

    def tick(self, due_ns: int) -> bool:
        """Play what is due; False when nothing waits any more."""
        self._play_due(due_ns)
        return bool(self._waiting)

    def tick_failed(self) -> None:
        """Give up the call: nobody would hear the far end any more."""
        self._waiting.clear()
        self._failed("playing out")

    def flush(self) -> None:
        """Play what waits, at once: nothing more comes."""
        ticker().leave(self)
        while self._waiting:
            self._play_next()
        self._room.set()

    def _cut(self, media: Media) -> Iterator[Media]:
        payload = media.payload
        if not self.is_long(media):
            yield media
            return
        size, first_ms = self._media_format.size_of(PTIME_MS), media.timestamp_ms
        for number, start in enumerate(range(0, len(payload), size)):
            at_ms = None if first_ms is None else first_ms + number * PTIME_MS
            yield Media(payload[start : start + size], media.track, at_ms, self._media_format)

    def _play_due(self, now_ns: int) -> None:
        self._until_ns = max(self._until_ns, now_ns)
        while self._waiting and self._until_ns - now_ns < _AHEAD_NS:
            self._play_next()

    def _play_next(self) -> None:
        piece, duration_ns = self._waiting.popleft()
        self._until_ns += duration_ns
        self._waiting_ns -= duration_ns
        if self._waiting_ns <= _FULL_NS // 2:
            self._room.set()
        self._play(piece)

    def _look_how_much_waits(self) -> None:
        if self._waiting_ns > _FULL_NS:
            self._room.clear()
        if self._waiting_ns > _TELL_NS and not self._told:
            self._told = True
            self._tell(Unpaced(self._waiting_ns // _MS))
