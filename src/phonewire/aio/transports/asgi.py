"""A call's connection over ASGI.

Specification: https://asgi.readthedocs.io/en/latest/specs/www.html, section "WebSocket", read 2026-11.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from phonewire.aio import faults
from phonewire.aio.transports.guest import GuestTransport
from phonewire.aio.transports.transport import Take, TransportClosed

__all__ = ["AsgiTransport", "Receive", "Scope", "Send"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class AsgiTransport(GuestTransport):
    """A `Transport` over a WebSocket that has been accepted.

    Args:
        receive: the server's.
        send: the server's.
        peer: address of the far end, for logs.
    """

    def __init__(self, receive: Receive, send: Send, peer: str) -> None:
        super().__init__(peer)
        self._server_receive, self._server_send = receive, send

    async def _read(self, take: Take | None = None) -> tuple[bytes, bool]:
        receive = self._server_receive
        while True:  # here and not above: a coroutine less for every frame of every call
            if faults.hook is not None:
                faults.hook("transport.receive")
            message = await receive()
            if (text := message.get("text")) is not None:
                data, is_text = text.encode(), True
            elif (data := message.get("bytes")) is not None:
                is_text = False
            else:
                raise TransportClosed(message.get("code") or 1005)
            if take is None or not take(data, is_text):
                return data, is_text

    def _send(self, data: bytes, text: bool) -> Awaitable[None]:
        if text:
            return self._server_send({"type": "websocket.send", "text": data.decode()})
        return self._server_send({"type": "websocket.send", "bytes": data})

    async def _say_goodbye(self, code: int, reason: str) -> None:
        await self._server_send({"type": "websocket.close", "code": code, "reason": reason})
