"""As much of a WebSocket client as a load generator needs: one connection, messages in one piece, masks of zeros.

RFC 6455 asks for masks that nobody can foresee, to protect proxies from web pages; here nothing is to be hidden, and a
mask of zeros leaves the bytes as they were made. To the server it is a mask like any other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from phonewire.aio.client.header_fields import checked_fields

__all__ = ["BINARY", "CLOSE", "PING", "PONG", "TEXT", "Refused", "WebSocketLine", "header", "masked", "request"]

TEXT, BINARY, CLOSE, PING, PONG = 0x81, 0x82, 0x88, 0x89, 0x8A

_MOST_HEAD = 16_384
_MOST_MESSAGE = 1 << 20
_UPGRADED = b"HTTP/1.1 101"


class Refused(Exception):  # noqa: N818 - an outcome that is counted
    """The server's answer is no WebSocket's.

    Attributes:
        status: of HTTP.
    """

    def __init__(self, status: int) -> None:
        super().__init__(f"refused with HTTP status {status}")
        self.status = status


def request(host: str, target: str, headers: Mapping[str, str]) -> bytes:
    """Return the request for a WebSocket.

    Raises:
        ValueError: the target has a line break in it, or a header is none.
    """
    fields = {
        "Host": host,
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        **headers,
    }
    if "\r" in target or "\n" in target:
        raise ValueError("a URL has no line breaks")
    lines = [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in checked_fields(fields).items())]
    return "\r\n".join([*lines, "", ""]).encode()


def header(first: int, size: int) -> bytes:
    """Return what precedes *size* bytes that are a whole message of a client."""
    if size < 126:
        return bytes([first, 0x80 | size, 0, 0, 0, 0])
    if size < 65_536:
        return bytes([first, 0xFE]) + size.to_bytes(2, "big") + bytes(4)
    return bytes([first, 0xFF]) + size.to_bytes(8, "big") + bytes(4)


def masked(first: int, payload: bytes) -> bytes:
    """Return a whole message of a client."""
    return header(first, len(payload)) + payload


class WebSocketLine(asyncio.Protocol):
    """The client's end of a connection.

    Args:
        request: as `request` makes it.
        take: told of each message, (data, text).

    Attributes:
        opened: done when the server has upgraded; raises `Refused` when it has not, ConnectionError when it is gone.
        ended: done when the connection is over, with its close code; 1006 where the server said none.
        full: the server does not read what was written.
    """

    transport: asyncio.Transport

    def __init__(self, request: bytes, take: Callable[[bytes, bool], None]) -> None:
        loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[int] = loop.create_future()
        self._request = request
        self._take = take
        self._rest = b""
        self._close_code = 1006
        self._leaving = False
        self.full = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a WebSocket."""
        self.transport = transport  # type: ignore[assignment]  # of TCP or TLS
        self.transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end."""
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("the connection ended before the answer"))
        self.ended.set_result(self._close_code)

    def pause_writing(self) -> None:
        """Take note that the server does not read."""
        self.full = True

    def resume_writing(self) -> None:
        """Take note that it does again."""
        self.full = False

    def data_received(self, data: bytes) -> None:
        """Take bytes that came, cut anywhere: the answer to the request, then frames."""
        if self._rest:
            data = self._rest + data
        start = 0
        if not self.opened.done():
            start = self._take_answer(data)
            if not start:
                self._rest = data
                return
        size = len(data)
        while size - start >= 2:
            length, body = data[start + 1], start + 2
            if length >= 126:
                body += 2 if length == 126 else 8
                if body > size:
                    break
                length = int.from_bytes(data[start + 2 : body], "big")
            if length > _MOST_MESSAGE:
                self.transport.abort()
            if body + length > size:
                break
            self._take_frame(data[start], data[body : body + length])
            start = body + length
        self._rest = data[start:]

    def goodbye(self) -> None:
        """Begin to close; the server ends the connection."""
        if not self._leaving and not self.transport.is_closing():
            self._leaving = True
            self.transport.write(masked(CLOSE, (1000).to_bytes(2, "big")))

    def _take_answer(self, data: bytes) -> int:
        """Read the answer; return where frames begin, 0 while it is not whole."""
        end = data.find(b"\r\n\r\n")
        if end < 0:
            if len(data) > _MOST_HEAD:
                self.transport.abort()
            return 0
        if data.startswith(_UPGRADED):
            self.opened.set_result(None)
            return end + 4
        status = data[9:12]
        self.opened.set_exception(Refused(int(status) if status.isdigit() else 0))
        self.transport.abort()
        return len(data)

    def _take_frame(self, first: int, payload: bytes) -> None:
        if first in (TEXT, BINARY):
            self._take(payload, first == TEXT)
        elif first == PING:
            self.transport.write(masked(PONG, payload))
        elif first == CLOSE:
            self._close_code = int.from_bytes(payload[:2], "big") or 1005
            if not self._leaving:
                self._leaving = True
                self.transport.write(masked(CLOSE, payload[:2]))
        elif first != PONG:
            self.transport.abort()  # a fragment, or nothing that there is
