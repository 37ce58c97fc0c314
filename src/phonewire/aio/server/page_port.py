"""A port where an operator's pages are read, and nothing else is answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from phonewire.aio.faults import fault
from phonewire.aio.transports.transport import LIBRARY_LOG

__all__ = ["PagePort"]

Answer = Callable[[ServerConnection, Request], Response | Awaitable[Response]]


class PagePort:
    """Answers GET requests: all that the WebSocket library reads besides WebSocket, and all that is needed.

    Args:
        answer: says what, whatever is asked.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._listening: Server | None = None

    @property
    def port(self) -> int | None:
        """The port that is listened on; None while there is none."""
        return None if self._listening is None else int(self._listening.sockets[0].getsockname()[1])

    async def open(self, host: str, port: int) -> None:
        """Listen."""
        fault("pages.listen")
        self._listening = await serve(
            _nobody,
            host,
            port,
            process_request=self._answer,
            open_timeout=5,
            close_timeout=1,
            compression=None,
            server_header=None,
            logger=LIBRARY_LOG,
        )

    async def close(self) -> None:
        """Listen no more."""
        if self._listening is not None:
            self._listening.close()
            await self._listening.wait_closed()


async def _nobody(connection: ServerConnection) -> None:
    """Take a WebSocket: nobody gets as far, every request is answered before."""
