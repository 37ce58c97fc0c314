"""Somebody who looks at the monitor's page: what he wants to see and hear, and what waits for him."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import msgspec
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from phonewire.aio.monitor.overheard import Overheard
from phonewire.aio.monitor.views import Detail, Listening
from phonewire.aio.monitor.watched_call import WatchedCall, track_name
from phonewire.protocols.payload import encoder

__all__ = ["Watcher"]

_encode = msgspec.json.Encoder().encode
_little_endian = encoder("s16le")


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the page says: all that it wants from now on.

    Attributes:
        detail: key of the call to tell everything about; None for none.
        listen: key of the call to hear; None for none.
    """

    detail: int | None = None
    listen: int | None = None


class Watcher:
    """One connection of the page.

    Nothing waits for it: of snapshots only the newest is kept, of audio one second, and the rest is left out.

    Args:
        websocket: the connection.
        find: returns a call by its key, None when it is over.
    """

    def __init__(self, websocket: ServerConnection, find: Callable[[int], WatchedCall | None]) -> None:
        self._websocket = websocket
        self._find = find
        self._wish = Wish()
        self._listening: tuple[WatchedCall, Overheard] | None = None
        self._snapshot = self._detail = b""
        self._queue: deque[tuple[bytes, bool]] = deque()  # audio, and text that says whose it is
        self._queued_bytes = self._most_bytes = 0
        self._something = asyncio.Event()
        self._skipped = 0

    async def run(self) -> None:
        """Obey what the page says, and send what there is for it, until it is closed."""
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(self._send())
            try:
                async for message in self._websocket:
                    self._obey(msgspec.json.decode(message, type=Wish))
            except ConnectionClosed:
                pass
            except msgspec.DecodeError:
                await self._websocket.close(1008, "not understood")
            finally:
                self._stop_listening()
                sending.cancel()

    async def close(self, code: int, reason: str) -> None:
        """Send the page away."""
        await self._websocket.close(code, reason)

    # What there is for it

    def tell(self, snapshot: bytes) -> None:
        """Show a snapshot, in the place of one that has not been taken."""
        if self._snapshot:
            self._skipped += 1
        self._snapshot = snapshot
        watched = None if self._wish.detail is None else self._find(self._wish.detail)
        if watched is not None:
            self._detail = _encode(Detail(watched.key, watched.call.stats(), self._skipped))
        self._something.set()

    def pass_on_audio(self, now_ns: int) -> None:
        """Let what is listened to be heard, as far as there is room; the end of the call ends that."""
        if self._listening is None:
            return
        watched, overheard = self._listening
        for number, samples in enumerate(overheard.take(now_ns)):
            if samples and self._queued_bytes < self._most_bytes:
                self._put(number.to_bytes(2, "little") + _little_endian(samples))
        if watched.call.end_reason is not None:
            self._stop_listening()
            self._put(_encode(Listening(None)), text=True)

    # What it wants

    def _obey(self, wish: Wish) -> None:
        before, self._wish = self._wish, wish
        if wish.listen == before.listen and (self._listening is None) == (wish.listen is None):
            return
        self._stop_listening()
        self._queue.clear()
        self._queued_bytes = 0
        watched = None if wish.listen is None else self._find(wish.listen)
        if watched is None:
            self._put(_encode(Listening(None)), text=True)
            return
        overheard = Overheard(watched.call)
        self._listening = watched, overheard
        rate_hz = watched.call.media_format.sample_rate_hz
        self._most_bytes = 2 * rate_hz * len(overheard.tracks)
        names = list(map(track_name, overheard.tracks))
        self._put(_encode(Listening(watched.key, rate_hz, names)), text=True)

    def _stop_listening(self) -> None:
        if self._listening is not None:
            self._listening[1].stop()
            self._listening = None

    def _put(self, message: bytes, *, text: bool = False) -> None:
        self._queue.append((message, text))
        self._queued_bytes += len(message)
        self._something.set()

    # On its way

    async def _send(self) -> None:
        try:
            while True:
                await self._something.wait()
                self._something.clear()
                while await self._send_next():
                    pass
        except ConnectionClosed:
            pass  # whoever reads is told, too

    async def _send_next(self) -> bool:
        """Send what is most urgent; False when there is nothing."""
        if self._queue:
            message, text = self._queue.popleft()
            self._queued_bytes -= len(message)
            await self._websocket.send(message, text=text)
        elif self._detail:
            detail, self._detail = self._detail, b""
            await self._websocket.send(detail, text=True)
        elif self._snapshot:
            snapshot, self._snapshot = self._snapshot, b""
            await self._websocket.send(snapshot, text=True)
        else:
            return False
        return True
