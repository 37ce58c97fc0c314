"""A client's connection, which no server can keep by saying goodbye and staying."""

from __future__ import annotations

import asyncio

from websockets.asyncio.client import ClientConnection

__all__ = ["BoundedConnection"]


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
