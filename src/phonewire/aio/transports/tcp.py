"""A call's connection over TCP, for protocols that are a stream of frames."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import deque
from typing import cast

from phonewire.aio.transports.transport import Take, TransportClosed, format_address

__all__ = ["TcpTransport"]

# What one read takes. asyncio by itself reads 256 KiB at once, which can be 87,000 frames without a payload.
_READ_BYTES = 4096

# A peer that sends faster than we read waits: TCP tells it to.
_MOST_UNREAD_BYTES = 65_536

# A peer that is gone without a word is found out: by probes when nothing is sent, by what it does not acknowledge when
# something is.
_GONE_AFTER_MS = 10_000
_PROBE_AFTER_S = 10
_PROBE_EVERY_S = 5
_PROBES = 3

# Names that not every system has are left out where they are missing.
_OPTIONS = [
    (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
    (socket.IPPROTO_TCP, "TCP_NODELAY", 1),  # a frame is whole: nothing is worth waiting for
    (socket.IPPROTO_TCP, "TCP_KEEPIDLE", _PROBE_AFTER_S),
    (socket.IPPROTO_TCP, "TCP_KEEPINTVL", _PROBE_EVERY_S),
    (socket.IPPROTO_TCP, "TCP_KEEPCNT", _PROBES),
    (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT", _GONE_AFTER_MS),
]


class TcpTransport(asyncio.BufferedProtocol):
    """A `Transport` over TCP: pieces of the stream in, one write for each frame out.

    Args:
        close_s: for the far end to take what was written before it is cut off.

    Attributes:
        address: where it comes from.
        peer: the same with the port, for logs.
    """

    def __init__(self, close_s: float = 10.0) -> None:
        self.close_s = close_s
        self.address = self.peer = "unknown"
        self._loop = asyncio.get_running_loop()
        self._socket: asyncio.Transport | None = None
        self._read_buffer = memoryview(bytearray(_READ_BYTES))
        self._pieces: deque[bytes] = deque()
        self._unread_bytes = 0
        self._over: int | None = None  # the close code that WebSocket would have for this end
        self._arrived = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._lost = asyncio.Event()

    # What a call asks for

    @property
    def buffered_bytes(self) -> int:
        """Bytes that were written and that the socket has not taken yet."""
        return 0 if self._socket is None else self._socket.get_write_buffer_size()

    async def receive(self, take: Take | None = None) -> tuple[bytes, bool]:
        """Return what came next, or raise TransportClosed with 1000 for a closed connection and 1006 for a lost one."""
        while not self._pieces:
            if self._over is not None:
                raise TransportClosed(self._over)
            self._arrived.clear()
            await self._arrived.wait()
        data = self._pieces.popleft()
        self._unread_bytes -= len(data)
        if self._pieces:
            await asyncio.sleep(0)  # who sends much lets others have their turn
        elif self._socket is not None and not self._socket.is_closing():
            self._socket.resume_reading()
        return data, False

    def write(self, data: bytes, text: bool) -> bool:
        """Send a whole frame in one write, without waiting; False when the connection is closing."""
        if self._socket is None or self._socket.is_closing():
            return False
        self._socket.write(data)
        return True

    async def drain(self) -> None:
        """Wait while the socket is full; return at once when the connection is over."""
        await asyncio.sleep(0)  # let the loop read as well
        await self._writable.wait()

    async def confirm(self) -> bool:
        """Return False at once: AudioSocket has nothing to ask with."""
        return False

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection in order and wait for that; may be called again. TCP carries neither code nor reason."""
        if self._socket is None:
            return
        self._end(1000)
        self._socket.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.close_s):
                await self._lost.wait()
        self._socket.abort()

    def abort(self) -> None:
        """Cut the connection; what was written may be lost."""
        if self._socket is not None:
            self._socket.abort()

    # What asyncio says

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socket."""
        self._socket = cast("asyncio.Transport", transport)  # uvloop's own is like it, and no such class
        address = transport.get_extra_info("peername")
        self.peer = format_address(address)
        self.address = address[0] if isinstance(address, tuple) else self.peer
        _prepare(transport.get_extra_info("socket"))

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where to read to."""
        return self._read_buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take what was read."""
        if self._over is not None:
            return
        self._pieces.append(bytes(self._read_buffer[:nbytes]))
        self._unread_bytes += nbytes
        if self._unread_bytes > _MOST_UNREAD_BYTES and self._socket is not None:
            self._socket.pause_reading()
        self._arrived.set()

    def eof_received(self) -> None:
        """Take the far end's goodbye; the connection closes when what was written is out."""
        self._end(1000)

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end of the connection.

        A reset is a goodbye, too: it is what a system sends for a program that closes a connection of which it has not
        read all, as Asterisk does while we speak. What is none is that nothing comes from the far end any more.
        """
        self._end(1000 if exc is None or isinstance(exc, ConnectionResetError | BrokenPipeError) else 1006)
        self._writable.set()
        self._lost.set()

    def pause_writing(self) -> None:
        """Take note that the socket is full."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Take note that it is no more."""
        self._writable.set()

    def _end(self, code: int) -> None:
        if self._over is None:
            self._over = code
        self._arrived.set()


def _prepare(endpoint: socket.socket | None) -> None:
    """Set what a socket of a call needs, as far as the system has it."""
    if endpoint is None or endpoint.family not in (socket.AF_INET, socket.AF_INET6):
        return
    for level, name, value in _OPTIONS:
        if hasattr(socket, name):
            endpoint.setsockopt(level, getattr(socket, name), value)
