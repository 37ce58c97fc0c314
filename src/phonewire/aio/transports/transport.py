"""One small interface between a call and the library that carries its messages."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import struct
from collections.abc import Callable
from functools import lru_cache
from operator import methodcaller
from typing import TYPE_CHECKING, Any, Protocol

from websockets.exceptions import ConnectionClosed

from phonewire.aio import faults

if TYPE_CHECKING:
    from phonewire.aio.transports.messages import MessageConnection

__all__ = [
    "LIBRARY_LOG",
    "Take",
    "Transport",
    "TransportClosed",
    "WebSocketTransport",
    "closed_by",
    "format_address",
    "frame_header",
]

#: Where the WebSocket library logs to, by default nowhere: it logs handshakes of strangers with tracebacks and their
#: bytes, and with DEBUG every header, those with secrets too. What matters of them is logged by the call layer.
LIBRARY_LOG = logging.getLogger("phonewire.websockets")
LIBRARY_LOG.setLevel(logging.CRITICAL)


class TransportClosed(Exception):  # noqa: N818 - an outcome, not an error; it never leaves the call layer
    """The connection is over.

    Attributes:
        code: WebSocket close code that the peer sent; 1006 when it vanished without one. Where the peer broke the
            rules of WebSocket, the code with which it was cut off.
        cut_off: whether the peer broke the rules.
    """

    def __init__(self, code: int, *, cut_off: bool = False) -> None:
        super().__init__(f"connection closed with code {code}")
        self.code = code
        self.cut_off = cut_off


#: Takes a message (data, text) as it comes, or returns False when it has to wait.
Take = Callable[[bytes, bool], bool]


class Transport(Protocol):
    """What a call needs of a connection: whole messages in, whole messages out."""

    @property
    def peer(self) -> str:
        """Address of the far end, for logs."""

    @property
    def buffered_bytes(self) -> int:
        """Bytes that were written and that the socket has not taken yet."""

    async def receive(self, take: Take | None = None) -> tuple[bytes, bool]:
        """Return the next message as (data, text), or raise TransportClosed.

        Args:
            take: may be given messages while this waits, so that nobody has to be woken for each; the first one that
                it does not take is returned. What it raises is raised here. A transport may leave it alone.
        """

    def write(self, data: bytes, text: bool) -> bool:
        """Send a message without waiting; False when the connection is closing and nothing was sent."""

    async def drain(self) -> None:
        """Wait while the socket is full; return at once when the connection is over."""

    async def confirm(self) -> bool:
        """Wait until the far end has taken all that was written up to now; False when the connection ends first."""

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Say goodbye and wait until the connection is closed; may be called again."""


class WebSocketTransport:
    """A `Transport` over a connection of ``websockets``, server or client side.

    Args:
        websocket: the connection.
        peer: address of the far end, where a proxy stands between; by default the connection's.
    """

    def __init__(self, websocket: MessageConnection, peer: str | None = None) -> None:
        self._websocket = websocket
        self._peer = peer
        self._buffered_bytes = websocket.transport.get_write_buffer_size

    @property
    def peer(self) -> str:
        """Address of the far end, for logs."""
        return self._peer or format_address(self._websocket.remote_address)

    #: Bytes that were written and that the socket has not taken yet; without a function of Python for each frame.
    buffered_bytes = property(methodcaller("_buffered_bytes"))

    async def receive(self, take: Take | None = None) -> tuple[bytes, bool]:
        """Return the next message as (data, text), or raise TransportClosed."""
        return await self._websocket.messages.receive(take)

    def write(self, data: bytes, text: bool) -> bool:
        """Send a message without waiting; False when the connection is closing and nothing was sent."""
        websocket = self._websocket
        if websocket.protocol.close_sent is not None or websocket.transport.is_closing():  # as `state` says, but slower
            return False
        if faults.hook is not None:
            faults.hook("transport.write")
        websocket.send_message(data, text)
        return True

    async def drain(self) -> None:
        """Wait while the socket is full; return at once when the connection is over."""
        # Let the loop read as well: who sends without a pause would never see the far end close.
        await asyncio.sleep(0)
        with contextlib.suppress(OSError):
            faults.fault("transport.drain")
            await self._websocket.drain()

    async def confirm(self) -> bool:
        """Wait until the far end has taken all that was written up to now; False when the connection ends first."""
        try:
            await (await self._websocket.ping())  # it is answered in its turn (RFC 6455 section 5.5.3)
        except ConnectionClosed:
            return False
        return True

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Say goodbye and wait until the connection is closed; may be called again."""
        try:
            faults.fault("transport.close")
            # RFC 6455 section 5.5: a control frame carries at most 125 bytes, two of them the code.
            await self._websocket.close(code, reason.encode()[:123].decode(errors="ignore"))
        except OSError:
            self._websocket.transport.abort()
        except asyncio.CancelledError:
            self._websocket.transport.abort()  # nobody waits for the answer any more
            raise


@lru_cache(maxsize=64)  # frames of one length, as audio is, have one header
def frame_header(size: int, text: bool) -> bytes:
    """Return what precedes *size* bytes that are a whole message of a server: final, and not masked.

    Source: RFC 6455 section 5.2.
    """
    first = 0x81 if text else 0x82
    if size < 126:
        return bytes((first, size))
    if size < 65_536:
        return _MEDIUM(first, 126, size)
    return _LONG(first, 127, size)


_MEDIUM = struct.Struct("!BBH").pack
_LONG = struct.Struct("!BBQ").pack

# What the library closes with when a peer breaks RFC 6455, sends text that is not UTF-8, or a message that is too long.
_CUT_OFF = {1002, 1007, 1009}


def closed_by(exc: ConnectionClosed) -> TransportClosed:
    """Return what the library's exception says of the end."""
    if exc.sent is not None and not exc.rcvd_then_sent and exc.sent.code in _CUT_OFF:
        return TransportClosed(exc.sent.code, cut_off=True)
    return TransportClosed(1006 if exc.rcvd is None else exc.rcvd.code)


def format_address(address: Any) -> str:
    """Write a socket's address as host:port, or as what it is when it has no port."""
    if isinstance(address, tuple) and len(address) >= 2:
        host, port = address[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return str(address) if address else "unknown"
