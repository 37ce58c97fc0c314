"""What a recording has still to write: gathered without waiting, taken in batches."""

from __future__ import annotations

import asyncio
from collections import deque

from phonewire.aio.recording.file import Piece
from phonewire.aio.timeline import SENT
from phonewire.protocols.connection import Media, MediaFormat

__all__ = ["Intake"]

_BATCH_S = 0.25  # half of what a killed process may lose; the other half is the disk's
_BATCH_MS = 500  # audio that comes faster than life is not kept longer either
_WAITING_MS = 10_000  # audio that waits for a slow disk before some is lost
_AHEAD_FRAMES = 64  # sent and not played yet: more than any far end buffers is a call without pacing


class Intake:
    """Audio between the event loop, which must not wait, and the disk, which may be slow.

    Args:
        wire: how audio comes.
        tracks: how many there are.
        lossless: audio comes faster than real time, and its sender can be made to wait.

    Attributes:
        lost: sample groups that found no room, because the disk was too slow.
    """

    def __init__(self, wire: MediaFormat, tracks: int, *, lossless: bool) -> None:
        self._wire = wire
        self._batch_bytes = _BATCH_MS * wire.bytes_per_ms * tracks
        self._max_bytes = _WAITING_MS * wire.bytes_per_ms * tracks
        self._lossless = lossless
        self._pieces: list[Piece] = []
        self._size = 0
        self._ahead: deque[Piece] = deque()  # sent, and not played yet: a clear may still take it back
        self._next_time: dict[str | None, int] = {}  # by track: media time of the next piece
        self._loop = asyncio.get_running_loop()
        self._something = asyncio.Event()
        self._enough = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._ended = False
        self.lost = 0

    def heard(self, media: Media) -> None:
        """Take what the far end said; without a timestamp it follows the last."""
        rate_hz, timestamp_ms = self._wire.sample_rate_hz, media.timestamp_ms
        track, payload = media.track, media.payload
        time = self._next_time.get(track, 0) if timestamp_ms is None else timestamp_ms * rate_hz // 1000
        self._next_time[track] = time + len(payload) // self._wire.group_bytes
        self._add(Piece(track, payload, time, self._now_ns()), keep=self._lossless)

    def sent(self, payload: bytes, played_ns: int) -> None:
        """Take what this side said and when the far end plays it; or of nothing, when it stopped playing."""
        if not payload:
            self._take_back(played_ns)
            return
        if len(self._ahead) >= _AHEAD_FRAMES:
            self._add(self._ahead.popleft())
        self._ahead.append(Piece(SENT, payload, None, played_ns))
        self._something.set()

    @property
    def full(self) -> bool:
        """Whether `room` would wait."""
        return not self._room.is_set()

    async def room(self) -> None:
        """Wait until more may come, where the sender can be made to wait."""
        await self._room.wait()

    def end(self) -> None:
        """Take nothing more."""
        self._release(None)
        self._ended = True
        self._something.set()
        self._enough.set()
        self._room.set()

    async def batch(self) -> list[Piece] | None:
        """Return what has come, 250 ms after the first of it, or when it is much; None when that was all."""
        await self._something.wait()
        try:
            async with asyncio.timeout(_BATCH_S):
                await self._enough.wait()
        except TimeoutError:
            pass
        if not self._ended:
            self._release(self._now_ns())
            self._enough.clear()
            if not self._ahead:
                self._something.clear()
        pieces, self._pieces, self._size = self._pieces, [], 0
        self._room.set()
        return None if self._ended and not pieces else pieces

    def _add(self, piece: Piece, *, keep: bool = False) -> None:
        size = len(piece.payload)
        if self._ended:
            return
        if self._size + size > self._max_bytes and not keep:
            self.lost += size // self._wire.group_bytes
            return
        self._pieces.append(piece)
        self._size += size
        self._something.set()
        if self._size >= self._batch_bytes:
            self._enough.set()
            if self._lossless:
                self._room.clear()

    def _release(self, now_ns: int | None) -> None:
        """Add what is being played by *now_ns*; None for all that was sent."""
        while self._ahead and (now_ns is None or self._ahead[0].at_ns <= now_ns):
            self._add(self._ahead.popleft())

    def _take_back(self, stopped_ns: int) -> None:
        """Forget what the far end did not play."""
        while self._ahead and self._ahead[-1].at_ns >= stopped_ns:
            self._ahead.pop()
        if self._ahead:
            last = self._ahead.pop()
            played = (stopped_ns - last.at_ns) * self._wire.sample_rate_hz // 1_000_000_000
            self._ahead.append(last._replace(payload=last.payload[: played * self._wire.group_bytes]))

    def _now_ns(self) -> int:
        return int(self._loop.time() * 1e9)
