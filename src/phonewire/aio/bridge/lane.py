"""One direction of a bridge: what is heard on one call is said on another."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from typing import Any

import msgspec

from phonewire.aio.bridge.mark_echo import MarkEcho
from phonewire.aio.call.call import Call
from phonewire.aio.inbound.reframing import UnbrokenLine
from phonewire.aio.outbound.framer import SILENCE
from phonewire.aio.outbound.mark import Mark as SentMark
from phonewire.aio.pacing import PTIME_MS
from phonewire.aio.sample_rate import check_rate, rechannel
from phonewire.errors import CallEndedError, LocalProtocolError, QueueFullError
from phonewire.protocols.connection import Clear, Dtmf, Mark, Media
from phonewire.protocols.payload import decoder

__all__ = ["Carried", "Lane"]

_log = logging.getLogger("phonewire.bridge")

_AHEAD_MS = 300_000  # a bot's answer, which comes as fast as it was made and waits here for its time
_BEHIND_MS = 10_000  # for a consumer that takes audio as fast as it can
_MARKS = 1000  # that may wait to be played


class Carried(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one direction's audio, keys and marks.

    Attributes:
        heard_ms: audio that one side said.
        filled_ms: silence that was added, because media time says that some is missing.
        sent_ms: audio that went out to the other side.
        dropped_ms: audio that was left out, because the other side did not take it in time.
        cleared_ms: audio that one side took back before it was heard (barge-in).
        unsent_ms: audio that was still waiting when the other side ended.
        keys: keys that were passed on.
        keys_dropped: keys that the other side's protocol cannot carry.
        marks: marks that were played, and said to be.
        marks_dropped: marks that nobody will hear of, because more than 1,000 waited.
    """

    heard_ms: int = 0
    filled_ms: int = 0
    sent_ms: int = 0
    dropped_ms: int = 0
    cleared_ms: int = 0
    unsent_ms: int = 0
    keys: int = 0
    keys_dropped: int = 0
    marks: int = 0
    marks_dropped: int = 0


class Lane:
    """Carries one direction, from when it is made.

    Audio that is coded alike is passed on as it is. A far end that speaks in real time is never held up: where more
    than *max_delay_ms* wait for the other side, audio is left out until half of that waits. Who sends in advance is
    played when it is time; who sends as fast as possible is made to wait.

    Args:
        heard: the call that is listened to.
        said: the call that is spoken on.
        track: whose voice; None where there is only one.
        max_delay_ms: audio that may wait, where both sides go in real time.

    Raises:
        ValueError: *said* takes no audio, there is no such track, or no conversion between the two rates.
    """

    def __init__(self, heard: Call, said: Call, *, track: str | None, max_delay_ms: int) -> None:
        if not said.may_send:
            raise ValueError(f"{said.protocol} takes no audio from this side")
        if track is not None and track not in heard.tracks:
            raise ValueError(f"the call has the tracks {', '.join(map(repr, heard.tracks))}, got {track!r}")
        wire = heard.media_format
        check_rate(wire.sample_rate_hz, said.media_format.sample_rate_hz)
        rechannel(b"", wire.channels, said.media_format.channels)
        self._heard, self._said, self._wire = heard, said, wire
        several = len(heard.tracks) > 1
        self._track = track or heard.tracks[0] if several else None
        self._decode = None if wire == said.media_format else decoder(wire.encoding)
        # In real time the clock fills gaps: the other side was given nothing meanwhile, and silence would come late.
        self._line = None if said.settings.outbound.paced else UnbrokenLine(self._track, wire)
        self._silence = SILENCE[wire.encoding] * wire.group_bytes
        self._live = not (heard.settings.lossless or heard.settings.buffers) and said.settings.outbound.paced
        self._limit_ms = max_delay_ms if self._live else _AHEAD_MS if heard.settings.buffers else _BEHIND_MS
        self._piece_bytes = wire.size_of(PTIME_MS)
        self._items: deque[bytes | Mark] = deque()
        self._waiting_bytes = self._waiting_marks = self._in_hand_bytes = 0
        self._heard_bytes = self._filled_bytes = self._dropped_bytes = self._cleared_bytes = 0
        self._keys = self._keys_dropped = self._marks_dropped = 0
        self._attached = self._dropping = self._ended = False
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._clearing: asyncio.Task[None] | None = None
        self._echo = MarkEcho(heard)
        self._before = said.stats()

    # What is heard: nothing here waits

    def attach(self) -> None:
        """Begin to listen; of what came before anybody did, a live call's last words are kept."""
        self._heard.tap(self)
        self._attached = True
        while self._live and self._waiting_ms > self._limit_ms // 2:
            item = self._items.popleft()
            if isinstance(item, bytes):
                self._waiting_bytes -= len(item)
                self._dropped_bytes += len(item)

    def detach(self) -> None:
        """Listen no more."""
        self._heard.untap(self)

    def heard(self, media: Media) -> None:
        """Take a piece of audio, or leave it out when too much waits."""
        if self._track is not None and media.track != self._track:
            return
        payload = media.payload
        self._heard_bytes += len(payload)
        if self._line is not None:
            groups, _ = self._line.take(media, int(asyncio.get_running_loop().time() * 1e9))
            silence = self._silence * groups
            self._filled_bytes += len(silence)
            payload = silence + payload
        for start in range(0, len(payload), self._piece_bytes):
            self._queue(payload[start : start + self._piece_bytes])

    def told(self, event: Any) -> None:
        """Take a key, or what a server says to a phone platform."""
        if isinstance(event, Dtmf):
            self._press(event)
        elif not self._heard.settings.buffers:
            return  # a mark is the echo of one of ours
        elif isinstance(event, Clear):
            self._clear()
        elif isinstance(event, Mark):
            self._take_mark(event)

    def _take_mark(self, mark: Mark) -> None:
        if self._waiting_marks + self._echo.waiting < _MARKS:
            self._waiting_marks += 1
            self._add(mark)
        else:
            self._marks_dropped += 1

    async def room(self) -> None:
        """Wait until there is room for more, where the far end can be made to wait."""
        await self._room.wait()

    def end(self) -> None:
        """Take note that nothing more comes."""
        self._ended = True
        self._room.set()
        self._changed.set()

    def _queue(self, piece: bytes) -> None:
        if not self._has_room():
            self._dropped_bytes += len(piece)
            return
        self._add(piece)
        self._waiting_bytes += len(piece)
        if self._heard.settings.lossless and self._waiting_ms > self._limit_ms and not self._ended:
            self._room.clear()

    def _has_room(self) -> bool:
        if self._heard.settings.lossless or not self._attached:
            return True
        limit_ms = self._limit_ms // 2 if self._dropping else self._limit_ms
        self._dropping = self._waiting_ms + self._said.queued_ms >= limit_ms
        return not self._dropping

    @property
    def _waiting_ms(self) -> int:
        return self._wire.ms_of(self._waiting_bytes)

    def _add(self, item: bytes | Mark) -> None:
        self._items.append(item)
        self._changed.set()

    def _press(self, key: Dtmf) -> None:
        try:
            self._said.send(key)
            self._keys += 1
        except LocalProtocolError:
            if not self._keys_dropped:
                _log.info("call %s: keys are dropped, %s takes none", self._heard.id, self._said.protocol)
            self._keys_dropped += 1

    def _clear(self) -> None:
        """Forget what has not been heard; its marks come back at once."""
        for item in self._items:
            if isinstance(item, Mark):
                self._echo.expect(item, None)
        self._items.clear()
        self._cleared_bytes += self._waiting_bytes
        self._waiting_bytes = self._waiting_marks = 0
        if self._clearing is None or self._clearing.done():
            self._clearing = asyncio.create_task(self._clear_far_end())

    async def _clear_far_end(self) -> None:
        with contextlib.suppress(LocalProtocolError):  # over, or it takes none
            await self._said.clear()

    # What is said

    async def run(self) -> None:
        """Say what is heard, until the call that is heard has ended and all of it was said, or the other one ended."""
        echoing = asyncio.create_task(self._echo.run())
        try:
            with contextlib.suppress(CallEndedError):
                while (item := await self._next()) is not None:
                    await self._say(item)
                await self._said.drain()
        finally:
            tasks = [echoing] if self._clearing is None else [echoing, self._clearing]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _next(self) -> bytes | Mark | None:
        """Return what is to be said next; None when nothing more comes."""
        self._in_hand_bytes = 0
        while True:
            if self._clearing is not None and not self._clearing.done():
                await asyncio.wait([self._clearing])  # what comes behind a clear must not be cleared
            elif self._items:
                return self._taken(self._items.popleft())
            elif self._ended:
                return None
            else:
                self._changed.clear()
                await self._changed.wait()

    def _taken(self, item: bytes | Mark) -> bytes | Mark:
        if isinstance(item, Mark):
            self._waiting_marks -= 1
        else:
            self._in_hand_bytes = len(item)
            self._waiting_bytes -= len(item)
            if self._waiting_ms <= self._limit_ms // 2:
                self._room.set()
        return item

    async def _say(self, item: bytes | Mark) -> None:
        if isinstance(item, Mark):
            self._echo.expect(item, self._mark(item))
            return
        try:
            if self._decode is None:
                await self._said.write_payload(item)
            else:
                samples = rechannel(self._decode(item), self._wire.channels, self._said.media_format.channels)
                await self._said.write(samples, sample_rate_hz=self._wire.sample_rate_hz)
        except QueueFullError:
            self._dropped_bytes += len(item)

    def _mark(self, mark: Mark) -> SentMark | None:
        try:
            return self._said.mark(mark.name)
        except (LocalProtocolError, ValueError):
            return None  # nobody will say when it was played

    def carried(self) -> Carried:
        """Return what has been counted so far."""
        ms_of, before, after = self._wire.ms_of, self._before, self._said.stats()
        return Carried(
            heard_ms=ms_of(self._heard_bytes),
            filled_ms=ms_of(self._filled_bytes),
            sent_ms=after.ms_out - before.ms_out,
            dropped_ms=ms_of(self._dropped_bytes) + after.dropped_ms - before.dropped_ms,
            cleared_ms=ms_of(self._cleared_bytes) + after.cleared_ms - before.cleared_ms,
            unsent_ms=ms_of(self._waiting_bytes + self._in_hand_bytes) + after.unsent_ms - before.unsent_ms,
            keys=self._keys,
            keys_dropped=self._keys_dropped,
            marks=self._echo.played,
            marks_dropped=self._marks_dropped,
        )
