"""Audio and events on their way in: handed to everybody who reads or records, none of whom harms another."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from typing import Any, Protocol, TypeGuard

from phonewire.aio import faults
from phonewire.aio.events import Discontinuity
from phonewire.aio.inbound.key_finder import KeyFinder
from phonewire.aio.inbound.playout import Playout
from phonewire.aio.inbound.reframing import Reframer
from phonewire.aio.inbound.seam import Seam
from phonewire.aio.inbound.spread import Spread
from phonewire.aio.inbound.subscription import Fanout, Hearing
from phonewire.aio.recording.plan import RecordingPlan
from phonewire.aio.recording.recorder import Recording
from phonewire.protocols.connection import EndReason, Media, MediaFormat, RtpMedia

__all__ = ["Inbound", "Tap"]

_EVENTS = 1000  # events that may wait for a reader
_JUMPS = 64  # of timestamps, that several may tell of
_SLOW_READER_MS = 10_000  # audio that may wait for a reader of `frames` before real-time audio is dropped


class Tap(Protocol):
    """Somebody who takes all that the far end says, audio and events in the order in which they came."""

    def heard(self, media: Media) -> None:
        """Take a piece of audio; never waits."""

    def told(self, event: Any) -> None:
        """Take an event; never waits."""

    async def room(self) -> None:
        """Wait until there is room for more, where the far end can be made to wait."""

    def end(self) -> None:
        """Take note that nothing more comes."""


class Inbound:
    """The receiving half of a call.

    Args:
        media_format: how audio is coded on the wire.
        failed: told, in words, what of the call does not go on because of an error that is being handled.
        lossless: audio may come faster than real time: a slow reader makes the far end wait.
        spread: what comes faster than real time is spread over the time that it lasts.
        seamed: the call may go on over several connections, whose timestamps are joined.

    Attributes:
        frames: readers of audio.
        events: readers of everything else.
        hearing: hands audio to the one who reads, where nobody else is to be told; counts all that comes.
        playout: plays RTP packets out in time; idle where none come.
        spread: the same for audio that comes too early; None where that cannot be.
        may_wait: there may be somebody for whom the far end has to wait.
    """

    def __init__(
        self,
        media_format: MediaFormat,
        failed: Callable[[str], None],
        *,
        lossless: bool,
        spread: bool = False,
        seamed: bool = False,
    ) -> None:
        self._wire = media_format
        self._lossless = lossless
        self._seam = Seam(media_format, self.told) if seamed else None
        self._jumps: list[tuple[str | None, int]] = []
        self._recordings: list[Recording] = []
        self._taps: list[Tap] = []
        self._listeners: list[Callable[[Media], None]] = []
        self.hearing = Hearing()
        slow_bytes = media_format.bytes_per_ms * _SLOW_READER_MS
        self.frames: Fanout[Media] = Fanout(slow_bytes, lossless=lossless, changed=self.hearing.close)
        self.events: Fanout[Any] = Fanout(_EVENTS)
        self._keys: KeyFinder | None = None
        self.playout = Playout(media_format, self._publish, self.told, failed)
        self.spread = Spread(media_format, self._publish, self.told, failed) if spread else None
        self.may_wait = lossless or spread
        self._at_once = not seamed and not spread  # what is no RTP is handed on as it comes

    def heard(self, media: Media) -> None:
        """Take a piece of what the far end said; never waits. What may be lost or out of order is played out."""
        if faults.hook is not None:
            faults.hook("inbound.publish")
        self.hearing.frames += 1
        self.hearing.bytes += len(media.payload)
        if self._at_once and not isinstance(media, RtpMedia):
            self._publish(media)
            return
        if self._plays_out(media):
            self.playout.take(media)
        self._pass_on([media] if self._seam is None else self._seam.join(media, self._now_ns()))

    def _pass_on(self, pieces: list[Media]) -> None:
        for media in pieces:
            if self._plays_out(media):
                continue
            if self.spread is not None:
                self.spread.take(media)
            else:
                self._publish(media)

    def _plays_out(self, media: Media) -> TypeGuard[RtpMedia]:
        """Whether the jitter buffer plays it, which takes no packet that is too long to be one of many."""
        if not isinstance(media, RtpMedia) or self._lossless:
            return False
        return self.spread is None or not self.spread.is_long(media)

    def _publish(self, media: Media) -> None:
        size = len(media.payload)
        for reader in self.frames.subscriptions:
            reader.publish(media, size)
        for recording in self._recordings:
            recording.heard(media)
        for tap in self._taps:
            tap.heard(media)
        for listener in self._listeners:
            listener(media)
        if self._keys is not None:
            self._keys.heard(media)

    def hear(self, readers: tuple[Callable[[bytes], Any], ...]) -> None:
        """Have `hearing` make audio of what *readers* know, if the only one to be told of it is one who reads."""
        others = self._recordings or self._taps or self._listeners or self._keys is not None
        if self._at_once and not (self.may_wait or others) and len(self.frames.subscriptions) == 1:
            self.hearing.open(readers, self.frames.subscriptions[0])

    def torn(self) -> None:
        """Take note that the connection broke: the next audio comes over another one."""
        self.playout.tear()
        if self._seam is not None:
            self._pass_on(self._seam.tear())

    def told(self, event: Any) -> None:
        """Take an event that is not audio; never waits."""
        if isinstance(event, Discontinuity) and event.timestamp_ms is not None:
            place = event.track, event.timestamp_ms
            if place in self._jumps:
                return  # another who needs an unbroken line has told of it
            self._jumps.append(place)
            del self._jumps[:-_JUMPS]
        self.events.publish(event)
        for tap in self._taps:
            tap.told(event)

    async def read_track(self, track: str | None) -> AsyncGenerator[Media]:
        """Yield the messages of a track as they come, until the end; None for all tracks."""
        async with contextlib.aclosing(self.frames.read()) as messages:
            async for media in messages:
                if track is None or media.track == track:
                    yield media

    async def read_frames(self, track: str | None, wanted: MediaFormat, ptime_ms: int) -> AsyncGenerator[Media]:
        """Yield frames of one length, without gaps, until the end; None for all tracks, each by itself."""
        reframers: dict[str | None, Reframer] = {}
        async with contextlib.aclosing(self.read_track(track)) as messages:
            async for media in messages:
                reframer = reframers.get(media.track)
                if reframer is None:
                    reframer = Reframer(media.track, self._wire, wanted, ptime_ms, self.told)
                    reframers[media.track] = reframer
                for frame in reframer.take(media, self._now_ns()):
                    yield frame
        for reframer in reframers.values():
            for frame in reframer.finish():
                yield frame

    @property
    def holding_back(self) -> bool:
        """Whether the far end may be made to wait, so that its silence means nothing."""
        return self.frames.full or (self.spread is not None and self.spread.waits)

    @property
    def has_room(self) -> bool:
        """Whether `room` need not be asked: nobody who reads or records has to be waited for; taps always are asked."""
        if self._taps or (self.spread is not None and self.spread.full):
            return False
        return not self._lossless or not (self.frames.full or any(each.full for each in self._recordings))

    async def room(self) -> None:
        """Wait until everybody has room for more, where the far end can be made to wait; at once otherwise."""
        if self.spread is not None:
            await self.spread.room()
        await self.frames.room()
        for recording in self._recordings:
            await recording.room()
        for tap in tuple(self._taps):
            await tap.room()

    def listen(self, listener: Callable[[Media], None]) -> None:
        """Tell *listener* of each piece of audio as readers are; nobody ever waits for it."""
        self.hearing.close()
        self._listeners.append(listener)

    def unlisten(self, listener: Callable[[Media], None]) -> None:
        """Tell it no more."""
        self._listeners.remove(listener)

    def tap(self, tap: Tap) -> None:
        """Give *tap* everything from here on, and what came before anybody read."""
        self.hearing.close()
        for media in self.frames.kept():
            tap.heard(media)
        for event in self.events.kept():
            tap.told(event)
        self._taps.append(tap)
        self.may_wait = True
        self.frames.relax()

    def untap(self, tap: Tap) -> None:
        """Give *tap* nothing more."""
        self._taps.remove(tap)
        self.may_wait = self._lossless or self.spread is not None or bool(self._taps)

    def find_keys(self) -> None:
        """Tell the keys whose tones are in the audio from here on; not taps, which are given the tones themselves."""
        self.hearing.close()
        self._keys = KeyFinder(self._wire, self.events.publish)

    def record(self, plan: RecordingPlan) -> Recording:
        """Begin a recording; what came before anybody read is in it, too."""
        self.hearing.close()
        recording = Recording(plan, lossless=self._lossless, report=self.told)
        self._recordings.append(recording)
        for media in self.frames.kept():
            recording.heard(media)
        self.frames.relax()
        return recording

    def end(self, reason: EndReason) -> None:
        """Say that nothing more comes; what is queued can still be read, and is still written."""
        self.hearing.close()
        try:
            if self._seam is not None:
                self._pass_on(self._seam.settle())
            self.playout.flush()
            if self.spread is not None:
                self.spread.flush()
            if self._keys is not None:
                self._keys.end()
        finally:
            self.frames.end()
            self.events.end()
            for recording in self._recordings:
                recording.end(reason)
            for tap in self._taps:
                tap.end()

    async def finish_recordings(self) -> None:
        """Wait until every recording is complete, or has failed."""
        for recording in self._recordings:
            with contextlib.suppress(Exception):  # it has said so itself
                await recording.closed()

    def _now_ns(self) -> int:
        return int(asyncio.get_running_loop().time() * 1e9)
