"""What the program says, on its way into the queue: whole frames, and no more milliseconds of them than may wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from itertools import chain

from phonewire.aio.outbound.framer import Framer
from phonewire.aio.outbound.mark import MarkOutcome
from phonewire.aio.outbound.send_queue import SendQueue
from phonewire.aio.outbound.settings import OutboundSettings
from phonewire.aio.outbound.source import Coder
from phonewire.errors import QueueFullError
from phonewire.protocols.connection import MediaFormat

__all__ = ["Writer"]

_NOBODY = -1  # bytes: no queue, and no frame, is as short as this
_LIVE_MS = 100  # of audio that is said as it is made: what waits longer is too late to be heard


class Writer:
    """Fills the queue with what is written; the remainder of a frame waits for the next write.

    Args:
        wire: how audio is coded.
        settings: the size of a frame and of the queue, and its policy.
        send: called when there is something new in the queue; may wait.
        disturbed: called when a write begins that is more than a frame with nothing before it.

    Attributes:
        queue: what is to be sent.
        ended: the call is over.
        cleared_bytes: audio that was written and dropped by `clear`.
        unsent_bytes: audio that was written and not sent, because the call ended first.
        dropped_bytes: audio that was written and dropped because newer audio needed its place in the queue.
    """

    def __init__(
        self,
        wire: MediaFormat,
        settings: OutboundSettings,
        send: Callable[[], Awaitable[None]],
        disturbed: Callable[[], None],
    ) -> None:
        self._wire = wire
        self._settings = settings
        self._send = send
        self._disturbed = disturbed
        self._coder = Coder(wire)
        self._framer = Framer(settings.frame_size, wire.encoding, pad=settings.pad)
        self._turn = asyncio.Lock()  # the audio of one write stays together
        self._progress = asyncio.Event()  # the queue got as short as somebody waits for, or everything ended
        self._awaited_bytes = _NOBODY  # how short that is
        self._live_bytes = wire.size_of(_LIVE_MS + (settings.message_rate.batch_ms if settings.message_rate else 0))
        self._clears = 0
        self._full_bytes = wire.size_of(settings.queue_ms)
        fits = wire.ms_of(settings.frame_size) <= settings.queue_ms
        self._frame_size = settings.frame_size if fits else _NOBODY  # of what needs no look at the queue's length
        self.queue = SendQueue()
        self.ended = False
        self.cleared_bytes = self.unsent_bytes = self.dropped_bytes = 0

    @property
    def queued_ms(self) -> int:
        """Audio that was written and has not been sent."""
        return self._wire.ms_of(self._waiting_bytes)

    @property
    def _waiting_bytes(self) -> int:
        return self.queue.audio_bytes + len(self._framer.remainder)

    async def write(self, payload: bytes) -> bool:
        """Queue audio coded as on the wire; when the queue is full, do what its policy says.

        Returns:
            False when a clear or the end of the call came first; the rest was dropped and counted.

        Raises:
            QueueFullError: the policy is to raise; nothing was queued.
        """
        if len(payload) == self._frame_size and self.at_rest:
            self.queue.append(payload)  # nothing to wait for
            await self._send()
            return True
        return await self._write(self._pieces(payload), len(payload))

    async def write_samples(self, samples: bytes, rate_hz: int) -> bool:
        """Queue whole groups of s16 samples of any rate that there is a conversion from; otherwise as `write`."""
        groups = len(samples) // (2 * self._wire.channels)
        size = groups * self._wire.sample_rate_hz // rate_hz * self._wire.group_bytes
        return await self._write(self._coder.code(samples, rate_hz), size)

    async def flush(self) -> None:
        """Queue what is left of a frame, filled up with silence where the protocol sends whole frames."""
        self.finish()
        await self._send()

    async def drain(self) -> None:
        """Wait until everything that was written has been sent, or until the call ends."""
        async with self._turn:  # what writes that wait have still to queue is to be heard, too
            await self.flush()
        while self.queue and not self.ended:
            await self.wait(0)

    def put_live(self, frame: bytes) -> None:
        """Queue a frame that is said as it is made; of what waits for longer, the oldest is dropped."""
        if self.queue.audio_bytes >= self._live_bytes:
            self.dropped_bytes += self.queue.drop_oldest()
        self.queue.append(frame)

    def finish(self) -> None:
        """Queue what waits for more to become a frame."""
        self._add(self._coder.flush())
        if last := self._framer.finish():
            self.queue.append(last)
        self.queue.finished = self.queue.audio_bytes > 0

    def clear(self) -> None:
        """Drop everything, and end the writes that wait."""
        self._clears += 1
        self._drop(MarkOutcome.CLEARED)

    def end(self) -> None:
        """Drop everything: the call is over."""
        self.ended = True
        self._drop(MarkOutcome.ENDED)

    def took_head(self) -> None:
        """Take out of the queue what went out."""
        self.queue.drop_head()
        if self.queue.audio_bytes <= self._awaited_bytes:
            self.wake()

    async def wait(self, queued_bytes: int = _NOBODY, timeout_s: float | None = None) -> None:
        """Wait until no more than *queued_bytes* are queued or somebody wakes, at most *timeout_s*."""
        self._awaited_bytes = max(self._awaited_bytes, queued_bytes)
        self._progress.clear()
        try:
            async with asyncio.timeout(timeout_s):
                await self._progress.wait()
        except TimeoutError:
            pass

    def wake(self) -> None:
        """Let everybody who waits look again."""
        self._awaited_bytes = _NOBODY  # who needs more will wait again
        self._progress.set()

    @property
    def at_rest(self) -> bool:
        """Whether no audio waits, nothing is left of other writes, and nobody writes."""
        left = self.queue.audio_bytes or self._framer.remainder or self._coder.resampler
        return not (left or self.ended or self._turn.locked())

    def _pieces(self, payload: bytes) -> Iterator[bytes]:
        if tail := self._coder.flush():
            yield tail
        size = self._settings.frame_size
        for start in range(0, len(payload), size):
            yield payload[start : start + size]

    async def _write(self, pieces: Iterator[bytes], size: int) -> bool:
        """Queue *pieces*, each made when it is its turn; together they have *size* bytes, give or take a sample."""
        clears = self._clears
        async with self._turn:
            self._disturbed()
            if self._settings.queue_policy == "raise" and self._goes_on(clears):
                self._require_room(size)
            while self._goes_on(clears):
                piece = next(pieces, None)
                if piece is None:
                    return True
                if await self._room(clears, size):
                    size -= self._fill(chain((piece,), pieces))
                    await self._send()
            self._count_dropped(max(size, 0))
            return False

    def _fill(self, pieces: Iterator[bytes]) -> int:
        """Queue *pieces* until the queue is full, and return how many bytes that were.

        Only one where nothing waits, or what does is gathered for a message: it may go out at once. Behind what waits
        for its time all of them wait.
        """
        size, waits = 0, bool(self.queue) and self._settings.message_rate is None
        for piece in pieces:
            self._add(piece)
            size += len(piece)
            if not waits or self._is_full():
                break
        return size

    def _add(self, piece: bytes) -> None:
        for frame in self._framer.add(piece):
            self.queue.append(frame)

    def _is_full(self) -> bool:
        return self.queue.audio_bytes + len(self._framer.remainder) >= self._full_bytes

    async def _room(self, clears: int, size: int) -> bool:
        """Wait until the queue takes more, or the policy makes room; *size* bytes are still to be written.

        A long write is woken when half of the queue is free, not for every frame.
        """
        while self.queue.audio_bytes and self._is_full() and self._goes_on(clears):
            if self._settings.queue_policy == "drop-oldest":
                self.dropped_bytes += self.queue.drop_oldest()
            else:
                await self.wait(self._full_bytes - min(size, self._full_bytes // 2))
        return self._goes_on(clears)

    def _require_room(self, size: int) -> None:
        added_ms, queued_ms = self._wire.ms_of(size), self.queued_ms
        if queued_ms + added_ms > self._settings.queue_ms:
            raise QueueFullError(added_ms, queued_ms, self._settings.queue_ms)

    def _goes_on(self, clears: int) -> bool:
        return self._clears == clears and not self.ended

    def _drop(self, outcome: MarkOutcome) -> None:
        self._count_dropped(self._waiting_bytes)
        self.queue.drop_all(outcome)
        self._coder.reset()
        self._framer.clear()
        self.wake()

    def _count_dropped(self, size: int) -> None:
        if self.ended:
            self.unsent_bytes += size
        else:
            self.cleared_bytes += size
