"""A client's connection, which no server can keep by saying goodbye and staying."""

from __future__ import annotations

import asyncio

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.server import broadcast

from phonewire.aio.transports.messages import MessageConnection

__all__ = ["BoundedConnection", "DialledConnection"]


class BoundedConnection(ClientConnection):
    """The library's connection; it is cut when it has not ended ``close_timeout`` after the server's goodbye."""

    _cut: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        """Take bytes from the socket."""
        super().data_received(data)
        # The library looks at its deadline while somebody closes or sends, but not while somebody only listens.
        if self._cut is None and self.close_deadline is not None:
            self._cut = self.loop.call_at(self.close_deadline, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end of the connection."""
        if self._cut is not None:
            self._cut.cancel()
        super().connection_lost(exc)


class DialledConnection(MessageConnection, BoundedConnection):
    """The same, for a call: its messages are handed on."""

    def send_message(self, data: bytes, text: bool) -> None:
        """Write a whole message to the socket; the library masks it."""
        broadcast([self], data, text=text)  # its one way to send without awaiting; a list of one costs nothing
