"""The server: checks each handshake, waits for the stream to start, and gives each call to its handler."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Self, cast

from websockets.asyncio.server import Server as WebSocketServer
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websocket
from websockets.http11 import Request as HttpRequest
from websockets.http11 import Response

from phonewire.aio.call import Call
from phonewire.aio.endpoint import Endpoint, Handler, Limits
from phonewire.aio.engines import call_settings, make_engine
from phonewire.aio.transport import TransportClosed, WebSocketTransport
from phonewire.aio.webhook import Webhook, WebhookConnection
from phonewire.auth import Request
from phonewire.errors import AuthenticationError, CallEndedError, RemoteProtocolError
from phonewire.protocols.connection import MediaConnection, Side, State

__all__ = ["Server", "serve"]

_log = logging.getLogger("phonewire.server")

# The library logs handshakes of strangers with tracebacks and their bytes; what matters of them is logged here.
_library_log = logging.getLogger("phonewire.websockets")
_library_log.setLevel(logging.CRITICAL)


def serve(
    handler: Handler | None,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    endpoints: Sequence[Endpoint],
    webhooks: Sequence[Webhook] = (),
    tls: ssl.SSLContext | None = None,
    limits: Limits | None = None,
) -> Server:
    """Take calls: ``async with phonewire.serve(handler, ...) as server``.

    Args:
        handler: awaited for each call of an endpoint that has none of its own. When it returns, what is queued is
            heard to its end, then the call is closed. When it raises, its own call ends and nothing else.
        host: address to listen on; ``"0.0.0.0"`` for all.
        port: 0 for any that is free; see ``server.port``.
        endpoints: where calls come in, and what is spoken there.
        webhooks: HTTP forms that are answered on the same port, such as Twilio's voice webhook.
        tls: a server-side context; without it the server speaks ``ws``, for loopback or behind a proxy.
        limits: what is taken from a peer.

    Raises:
        ValueError: no endpoint, two of one path, or one without any handler.
    """
    return Server(handler, host, port, endpoints=endpoints, webhooks=webhooks, tls=tls, limits=limits or Limits())


class Server:
    """A server of calls; made by `serve`.

    Attributes:
        calls: the calls that are going on.
        handler_errors: handlers that raised, since the start.
        refused: handshakes answered with 401, since the start.
    """

    def __init__(
        self,
        handler: Handler | None,
        host: str,
        port: int,
        *,
        endpoints: Sequence[Endpoint],
        webhooks: Sequence[Webhook],
        tls: ssl.SSLContext | None,
        limits: Limits,
    ) -> None:
        self._handlers = _by_path(endpoints, handler)
        self._endpoints = {endpoint.path: endpoint for endpoint in endpoints}
        self._webhooks = {webhook.path: webhook for webhook in webhooks}
        self._host, self._port, self._tls, self._limits = host, port, tls, limits
        self._websockets: WebSocketServer | None = None
        self.calls: set[Call] = set()
        self.handler_errors = 0
        self.refused = 0

    @property
    def port(self) -> int:
        """The port that the server listens on."""
        return int(self._listening().sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        """The server's address as seen from this machine, without a path."""
        host = "127.0.0.1" if self._host in ("0.0.0.0", "", "::") else self._host  # noqa: S104 - compared, not bound
        return f"{'wss' if self._tls else 'ws'}://{f'[{host}]' if ':' in host else host}:{self.port}"

    async def __aenter__(self) -> Self:
        self._websockets = await serve_websocket(
            self._take_connection,
            self._host,
            self._port,
            ssl=self._tls,
            process_request=self._check_request,
            create_connection=cast("type[ServerConnection]", self._connection),
            # Audio hardly compresses, and a decompressor per connection costs memory and can be bombed.
            compression=None,
            max_size=self._limits.message_bytes,
            open_timeout=self._limits.handshake_s,
            server_header=None,
            logger=_library_log,
        )
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def serve_forever(self) -> None:
        """Take calls until this is cancelled or the server is closed."""
        await self._listening().wait_closed()

    async def close(self) -> None:
        """Stop listening, end every call with its protocol's goodbye, and wait for the handlers."""
        listening = self._listening()
        listening.close(close_connections=False)
        await asyncio.gather(*(call.close(1001, "the server is shutting down") for call in self.calls))
        try:
            async with asyncio.timeout(self._limits.drain_s):
                await listening.wait_closed()
        except TimeoutError:
            for task in listening.handler_tasks:
                task.cancel()
            await listening.wait_closed()

    def _listening(self) -> WebSocketServer:
        if self._websockets is None:
            raise RuntimeError("the server has not been started: use `async with phonewire.serve(...)`")
        return self._websockets

    # Before the upgrade

    def _connection(self, *args: Any, **kwargs: Any) -> WebhookConnection:
        return WebhookConnection(*args, webhooks=self._webhooks, form_bytes=self._limits.form_bytes, **kwargs)

    def _check_request(self, connection: ServerConnection, http: HttpRequest) -> Response | None:
        """Answer what is no call: 404 for unknown paths, 401 for handshakes that are not genuine."""
        path = http.path.partition("?")[0]
        if path in self._webhooks and "Upgrade" not in http.headers:
            return self._webhooks[path].answer_get(connection, http)
        endpoint = self._endpoints.get(path)
        if endpoint is None:
            return connection.respond(404, "Not found.\n")
        if endpoint.auth is not None:
            try:
                endpoint.auth.verify(Request("GET", http.path, http.headers.raw_items()), time.time())
            except AuthenticationError as exc:
                self.refused += 1
                _log.warning("refused a handshake on %s from %s: %s", path, WebSocketTransport(connection).peer, exc)
                return connection.respond(401, "Unauthorized.\n")
        return None

    # After the upgrade

    async def _take_connection(self, websocket: ServerConnection) -> None:
        endpoint = self._endpoints[cast("HttpRequest", websocket.request).path.partition("?")[0]]
        transport = WebSocketTransport(websocket)
        engine = make_engine(
            endpoint.protocol,
            Side.SERVER,
            media_format=endpoint.media_format,
            message_bytes=self._limits.message_bytes,
        )
        early = await self._start(engine, transport)
        if early is None:
            return
        if not await endpoint.expects(engine.call_id):
            _log.warning("closed %s on %s: its call is not expected", transport.peer, endpoint.path)
            await transport.close(1008, "this call is not expected")
            return
        settings = call_settings(
            endpoint.protocol,
            engine,
            Side.SERVER,
            queue_ms=endpoint.queue_ms,
            queue_policy=endpoint.queue_policy,
        )
        call = Call(engine, transport, settings)
        for event in early:
            call.dispatch(event)
        await self._run(call, self._handlers[endpoint.path])

    async def _start(self, engine: MediaConnection, transport: WebSocketTransport) -> list[Any] | None:
        """Return the events up to the stream's start; None when it did not start and the connection is closed."""
        early: list[Any] = []
        try:
            async with asyncio.timeout(self._limits.start_s):
                while engine.state is State.OPENING:
                    data, text = await transport.receive()
                    early += engine.receive(data, text=text)
        except TimeoutError:
            await transport.close(1008, f"no stream started within {self._limits.start_s:g} s")
        except TransportClosed:
            pass
        except RemoteProtocolError as exc:
            await transport.close(exc.close_code, exc.close_reason)
        else:
            return early
        _log.info("%s closed before a stream started", transport.peer)
        return None

    async def _run(self, call: Call, handler: Handler) -> None:
        self.calls.add(call)
        reader = asyncio.create_task(call.run())
        try:
            await handler(call)
            await self._drain(call)
            await call.close()
        except Exception as exc:
            if not _hung_up(exc):
                self.handler_errors += 1
                _log.error("call %s: its handler raised", call.id, exc_info=True)
                await call.close(1011, "internal error")
        finally:
            await call.close()
            await reader
            self.calls.discard(call)

    async def _drain(self, call: Call) -> None:
        try:
            async with asyncio.timeout(self._limits.drain_s):
                await call.drain()
        except TimeoutError:
            _log.warning("call %s: closed with %d ms unsent", call.id, call.stats().queued_ms)


def _hung_up(exc: Exception) -> bool:
    """Whether the handler ended only because the far end hung up while it was speaking, in a task group or not."""
    if isinstance(exc, ExceptionGroup):
        return exc.split(CallEndedError)[1] is None
    return isinstance(exc, CallEndedError)


def _by_path(endpoints: Iterable[Endpoint], default: Handler | None) -> dict[str, Handler]:
    handlers: dict[str, Handler] = {}
    for endpoint in endpoints:
        handler = endpoint.handler or default
        if handler is None:
            raise ValueError(f"the endpoint {endpoint.path} has no handler")
        if endpoint.path in handlers:
            raise ValueError(f"two endpoints have the path {endpoint.path}")
        handlers[endpoint.path] = handler
    if not handlers:
        raise ValueError("a server needs at least one endpoint")
    return handlers
