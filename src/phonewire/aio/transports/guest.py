"""What the transports over other web servers' connections have in common."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable
from operator import attrgetter

from phonewire.aio import faults
from phonewire.aio.transports.async_send import AsyncSend
from phonewire.aio.transports.transport import Take, TransportClosed

__all__ = ["GuestTransport"]

# Who has no call is not waited for longer: an honest peer closes within a round trip.
_CUT_OFF_S = 0.25


class GuestTransport(ABC):
    """A `Transport` over a connection that a web server has accepted.

    Args:
        peer: address of the far end, for logs.

    Attributes:
        close_s: for the far end to answer a goodbye.
        write: sends a message (data, text) without waiting; False when the connection is closing and nothing was sent.
    """

    def __init__(self, peer: str) -> None:
        self._peer = peer
        self._out = AsyncSend(self._send)
        self.write = self._out.put  # and no method that calls it, for every frame of every call
        self._reader: asyncio.Future[tuple[bytes, bool]] | None = None  # waits for a message
        self._over: int | None = None  # the close code
        self._gone = asyncio.Event()
        self.close_s = _CUT_OFF_S

    # What a web server has

    @abstractmethod
    async def _read(self, take: Take | None = None) -> tuple[bytes, bool]:
        """Return the next message that *take* does not take as (data, text), or raise TransportClosed."""

    @abstractmethod
    def _send(self, data: bytes, text: bool) -> Awaitable[None]:
        """Send a message."""

    @abstractmethod
    async def _say_goodbye(self, code: int, reason: str) -> None:
        """Begin to close the connection."""

    # What a call asks for

    @property
    def peer(self) -> str:
        """Address of the far end, for logs."""
        return self._peer

    #: Bytes that were written and that the web server has not taken yet; without a function of Python for each frame.
    buffered_bytes = property(attrgetter("_out.buffered_bytes"))

    async def receive(self, take: Take | None = None) -> tuple[bytes, bool]:
        """Return the next message that *take* does not take as (data, text), or raise TransportClosed."""
        if self._over is not None:
            raise TransportClosed(self._over)
        # A task of its own: or else each message that is taken goes through all coroutines that wait for another.
        self._reader = asyncio.ensure_future(self._read(take))
        try:
            return await self._reader
        except TransportClosed as closed:
            self._end(closed.code)
            raise
        except asyncio.CancelledError:
            self._tell_if_cut()
            raise
        finally:
            self._reader = None

    async def drain(self) -> None:
        """Wait while the web server takes no more; return at once when the connection is over."""
        await asyncio.sleep(0)  # let the loop read as well
        faults.fault("transport.drain")
        if self._out.buffered_bytes:
            await self._out.drain()

    async def confirm(self) -> bool:
        """Return False at once: web servers do not let an application ask."""
        return False

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Say goodbye and wait until the connection is closed; may be called again."""
        first = not self._out.closed
        self._out.closed = True
        try:
            faults.fault("transport.close")
            async with asyncio.timeout(self.close_s):
                if first:
                    await self._out.drain()
                    await self._say_goodbye(code, reason.encode()[:123].decode(errors="ignore"))
                await self._until_gone()
        except TimeoutError:
            pass
        except Exception:  # each web server has its own for a connection that is gone
            self._end(1006)
        finally:
            self.abort()

    def abort(self) -> None:
        """Give up the connection, which the web server cuts when the application returns."""
        self._end(1006)
        self._out.stop()
        if self._reader is not None:
            self._reader.cancel()

    # How it ends

    async def _until_gone(self) -> None:
        if self._reader is not None:
            await self._gone.wait()
        try:
            while self._over is None:  # nobody reads: what comes now is too late
                await self._read()
        except TransportClosed as closed:
            self._end(closed.code)

    def _end(self, code: int) -> None:
        if self._over is None:
            self._over = code
        self._out.closed = True
        self._gone.set()

    def _tell_if_cut(self) -> None:
        """Tell the end of the connection, which stops the reader, from somebody's wish to stop the one who waits."""
        waits = asyncio.current_task()
        if self._over is not None and waits is not None and not waits.cancelling():
            raise TransportClosed(self._over) from None
