"""An aiohttp application's connections. Needs the extra ``aiohttp``; `mounted.aiohttp_handler` says so."""

from __future__ import annotations

from collections.abc import Awaitable

from aiohttp import WebSocketError, WSMessage, WSMsgType, web

from phonewire.aio.faults import fault
from phonewire.aio.mounted.mounted import Asked, Guest, Mounted
from phonewire.aio.server.pages import Page
from phonewire.aio.transports.guest import GuestTransport
from phonewire.aio.transports.transport import Take, TransportClosed, format_address

__all__ = ["AiohttpHandler"]


class AiohttpHandler(Mounted):
    """Takes calls in an aiohttp application; made by `phonewire.aiohttp_handler`."""

    _prefix = ""

    def add_to(self, app: web.Application, prefix: str = "") -> None:
        """Take everything below a path of *app*, from its start until it shuts down.

        Args:
            app: that is not running yet.
            prefix: path in front of the endpoints' own; such as ``"/voice"``.

        Raises:
            ValueError: the prefix is no path.
        """
        if prefix and (not prefix.startswith("/") or prefix.endswith("/")):
            raise ValueError(f"a prefix begins with a slash and does not end with one, got {prefix!r}")
        self._prefix = prefix
        app.router.add_route("*", prefix + r"/{path:[\s\S]*}", self.handle)
        app.on_startup.append(self._start)
        app.on_shutdown.append(self._stop)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Take a connection or a request."""
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return await self._serve_page(request)
        websocket = web.WebSocketResponse(
            compress=False,  # audio hardly compresses, and a decompressor can be bombed
            max_msg_size=self._message_limit(self._asked(request)) + 1,  # what is as long as that is refused
        )
        answer: list[web.StreamResponse] = []
        await self._host(self._take(request, websocket, answer))
        return answer[0] if answer else websocket

    async def _take(
        self, request: web.Request, websocket: web.WebSocketResponse, answer: list[web.StreamResponse]
    ) -> None:
        fault("handshake.check")
        guest, asked = self._guest(request), self._asked(request)
        try:
            if (refusal := await self._admit(guest, asked)) is not None:
                answer.append(_response(Page(refusal.status, f"{refusal.status.phrase}.\n")))
                return
            fault("handshake.upgrade")
            await websocket.prepare(request)
            await self._carry(guest, asked, AiohttpTransport(websocket, guest.peer))
        finally:
            self._gate.left(guest)

    async def _serve_page(self, request: web.Request) -> web.Response:
        async def body() -> bytes | None:
            read = bytearray()
            async for piece in request.content.iter_any():
                read += piece
                if len(read) > self._limits.form_bytes:
                    return None
            return bytes(read)

        return _response(await self._answer(self._guest(request), self._asked(request), body))

    def _guest(self, request: web.Request) -> Guest:
        peername = None if request.transport is None else request.transport.get_extra_info("peername")
        return Guest(self._gate, peername[0] if isinstance(peername, tuple) else "", format_address(peername))

    def _asked(self, request: web.Request) -> Asked:
        headers = [(name.lower(), value) for name, value in request.headers.items()]
        return Asked(request.method, request.path.removeprefix(self._prefix), request.raw_path, headers)

    def _message_limit(self, asked: Asked) -> int:
        """Return how long a message may be, so that no more of it is read."""
        route = self._routes.find(asked.path)
        return self._limits.message_bytes if route is None else route.endpoint.message_limit(self._limits)

    async def _start(self, app: web.Application) -> None:
        await self.__aenter__()

    async def _stop(self, app: web.Application) -> None:
        await self.__aexit__(None, None, None)


class AiohttpTransport(GuestTransport):
    """A `Transport` over an aiohttp WebSocket that has been accepted.

    Args:
        websocket: the connection.
        peer: address of the far end, for logs.
    """

    def __init__(self, websocket: web.WebSocketResponse, peer: str) -> None:
        super().__init__(peer)
        self._websocket = websocket
        self._own_code: int | None = None  # of our goodbye; what aiohttp tells a reader then is always 1000

    async def _read(self, take: Take | None = None) -> tuple[bytes, bool]:
        while True:
            fault("transport.receive")
            message = await self._websocket.receive()
            is_text = message.type is WSMsgType.TEXT
            if is_text:
                data = message.data.encode()
            elif message.type is WSMsgType.BINARY:
                data = message.data
            else:
                raise self._closed(message)
            if take is None or not take(data, is_text):
                return data, is_text

    def _closed(self, message: WSMessage) -> TransportClosed:
        if message.type is WSMsgType.ERROR and isinstance(message.data, WebSocketError):
            return TransportClosed(message.data.code, cut_off=True)
        return TransportClosed(self._own_code or self._websocket.close_code or 1005)

    def _send(self, data: bytes, text: bool) -> Awaitable[None]:
        return self._websocket.send_frame(data, WSMsgType.TEXT if text else WSMsgType.BINARY)

    async def _say_goodbye(self, code: int, reason: str) -> None:
        self._own_code = code
        await self._websocket.close(code=code, message=reason.encode())


def _response(page: Page) -> web.Response:
    headers = {"Content-Type": page.content_type} | ({"Retry-After": "5"} if page.status == 503 else {})
    return web.Response(status=page.status, text=page.text, headers=headers)
