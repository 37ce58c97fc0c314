"""The server: listens, takes calls, and ends them all in time when it is stopped."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Collection, Sequence
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Any, cast

from websockets.asyncio.server import Server as WebSocketServer
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websocket
from websockets.http11 import Request as HttpRequest

from phonewire.aio.cluster.local import Cluster
from phonewire.aio.faults import fault
from phonewire.aio.recording.retention import Retention
from phonewire.aio.server.connection import Connection
from phonewire.aio.server.endpoint import Endpoint, Handler, Limits
from phonewire.aio.server.options import ServerOptions
from phonewire.aio.server.pages import Observe
from phonewire.aio.server.reception import Reception
from phonewire.aio.server.routes import Route
from phonewire.aio.server.serving import serve_until
from phonewire.aio.server.transport_choice import connection_class
from phonewire.aio.server.web_server import WebServer
from phonewire.aio.server.webhook import Webhook
from phonewire.aio.tls import Tls
from phonewire.aio.transports.transport import LIBRARY_LOG

if TYPE_CHECKING:
    from phonewire.aio.monitor.monitor import Monitor
    from phonewire.aio.observe.telemetry import OpenTelemetry

__all__ = ["Server", "serve"]

# A listening socket has two bounds, and asyncio knows only one: how many connections wait to be accepted, and how many
# are accepted before calls have their turn again. When too few may wait, the system loses some without a word; who is
# lost tries again after a second, or believes to be connected.
_QUEUED = 1024
_ACCEPTED_AT_ONCE = 16

_TLS_GOODBYE_S = 1.0  # for the far end to answer the end of TLS


def serve(
    handler: Handler | None,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    endpoints: Sequence[Endpoint],
    webhooks: Sequence[Webhook] = (),
    tls: ssl.SSLContext | Tls | None = None,
    limits: Limits | None = None,
    trusted_proxies: Collection[str] = (),
    origins: Collection[str] = (),
    observe: Observe | None = None,
    retention: Retention | None = None,
    cluster: Cluster | None = None,
    telemetry: OpenTelemetry | None = None,
    monitor: Monitor | None = None,
    reuse_port: bool = False,
    transport: str | None = None,
) -> Server:
    """Take calls: ``async with phonewire.serve(handler, ...) as server``.

    Args:
        handler: awaited for each call of an endpoint that has none of its own. When it returns, what is queued is
            heard to its end, then the call is closed. When it raises, its own call ends and nothing else.
        host: address to listen on; ``"0.0.0.0"`` for all.
        port: 0 for any that is free; see ``server.port``.
        endpoints: where calls come in, and what is spoken there.
        webhooks: HTTP forms that are answered on the same port, such as Twilio's voice webhook.
        tls: `Tls` for a certificate that can be read again while the server runs, or a server-side context; without it
            the server speaks ``ws``, for loopback or behind a proxy.
        limits: what is taken from a peer.
        trusted_proxies: addresses and networks that are believed when they say in ``X-Forwarded-For`` for whom they
            connect, such as ``["10.0.0.0/8"]``.
        origins: values of ``Origin`` that may connect. Browsers send one with every page's request, phone platforms
            never do; so all others are answered 403, and no web page can talk to a server on its reader's machine. The
            server's own address may, which some libraries send; its name only where the endpoint authenticates.
        observe: where ``/healthz``, ``/readyz`` and ``/metrics`` are answered; by default nowhere.
        retention: removes old recordings while the server runs; by default all are kept.
        cluster: tells other servers which calls are here, and takes orders to them, as `RedisCluster` does; by default
            this server's alone.
        telemetry: has OpenTelemetry told of each call, and of the counters.
        monitor: has a page on which the calls can be seen and heard; enter it before the server.
        reuse_port: other processes that say so listen on the same port, and the system deals out connections
            (SO_REUSEPORT; not on Windows).
        transport: what carries the messages: ``"websockets"``, or ``"picows"``, which needs the extra of that name; by
            default what ``PHONEWIRE_TRANSPORT`` in the environment says, otherwise ``"websockets"``.

    Raises:
        ValueError: no endpoint, two of one path, one without any handler or of no known protocol or *wire*; a proxy
            that is no address or network; an origin that is none; a transport that there is not, or that is not
            installed.
    """
    options = ServerOptions(
        handler=handler,
        endpoints=endpoints,
        webhooks=webhooks,
        limits=limits,
        trusted_proxies=trusted_proxies,
        origins=origins,
        observe=observe,
        retention=retention,
        cluster=cluster,
        telemetry=telemetry,
        monitor=monitor,
    )
    return Server(options, host, port, tls=tls, reuse_port=reuse_port, transport=transport)


class Server(WebServer[Reception]):
    """A server of calls; made by `serve`."""

    def __init__(
        self,
        options: ServerOptions,
        host: str,
        port: int,
        *,
        tls: ssl.SSLContext | Tls | None,
        reuse_port: bool,
        transport: str | None,
    ) -> None:
        super().__init__(options, Reception)
        self._gate.webhooks, self._gate.pages = self._webhooks, self._pages_here
        self._host, self._port, self._tls = host, port, tls
        self._reuse_port = reuse_port or None  # None is the system's way
        self._websockets: WebSocketServer | None = None
        self._connection_class = connection_class(transport)

    # What can be asked of it

    @property
    def port(self) -> int:
        """The port that the server listens on."""
        return int(self._listening().sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        """The server's address as seen from this machine, without a path."""
        host = "127.0.0.1" if self._host in ("0.0.0.0", "", "::") else self._host  # noqa: S104 - compared, not bound
        return f"{'wss' if self._tls else 'ws'}://{f'[{host}]' if ':' in host else host}:{self.port}"

    # Its life

    async def _begin(self, beside: AsyncExitStack) -> None:
        self._websockets = await self._listen()

    async def serve_forever(self, *, stop_on_signals: bool = False) -> None:
        """Take calls until this is cancelled or the server is closed.

        Args:
            stop_on_signals: SIGINT and SIGTERM let this return, so that leaving the ``async with`` block says goodbye
                to every call; a second one does what it does without phonewire.
                For the main thread; on Windows it changes nothing.
        """
        await serve_until(self._listening().wait_closed(), stop_on_signals=stop_on_signals)

    async def close(self, drain_s: float = 5.0) -> None:
        """Stop listening, end every call with its protocol's goodbye, and wait for the handlers.

        Args:
            drain_s: for all of that; then, or when this is cancelled, connections are cut and handlers cancelled, which
                get one second more.
        """
        listening = self._listening()
        self._let_nobody_in()
        goodbyes = [call.close(1001, "the server is shutting down") for call in self.calls]
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(drain_s):
                    await asyncio.gather(*goodbyes, listening.wait_closed())
        finally:
            try:
                await self._cut(listening)
            finally:
                await self._beside.aclose()
                self._peer_log.close()

    def _let_nobody_in(self) -> None:
        self._listening().close(close_connections=False)
        self._gate.close()

    def reload_tls(self) -> None:
        """Read the certificate again: for handshakes from now on; calls that go on keep what they have.

        Raises:
            ValueError: the server was not given a `Tls`.
            OSError: the files cannot be read or are not what they should be; the old certificate stays in use.
        """
        if not isinstance(self._tls, Tls):
            raise ValueError("there is nothing to read again: use serve(tls=phonewire.Tls(certificate, key))")
        self._tls.reload()

    async def _listen(self) -> WebSocketServer:
        tls = self._tls.context if isinstance(self._tls, Tls) else self._tls
        limits = self._limits
        fault("server.listen")
        websockets = await serve_websocket(
            self._take_connection,
            self._host,
            self._port,
            ssl=tls,
            # asyncio tells of a TLS connection only when its handshake is over, so that one has a time of its own.
            ssl_handshake_timeout=None if tls is None else limits.handshake_s,
            ssl_shutdown_timeout=None if tls is None else _TLS_GOODBYE_S,
            process_request=self._gate.check,
            create_connection=cast("type[ServerConnection]", self._connection),
            # Audio hardly compresses, and a decompressor per connection costs memory and can be bombed.
            compression=None,
            max_size=limits.message_bytes,
            open_timeout=None,  # the connection has its own clock, and an answer
            server_header=None,
            logger=LIBRARY_LOG,
            backlog=_ACCEPTED_AT_ONCE,
            reuse_port=self._reuse_port,
        )
        for listening in websockets.sockets:
            if listening.fileno() >= 0:  # a network in memory has no system that could lose connections
                with socket.fromfd(listening.fileno(), listening.family, listening.type) as same:
                    same.listen(_QUEUED)
        return websockets

    async def _cut(self, listening: WebSocketServer) -> None:
        for connection in tuple(listening.all_connections):
            connection.transport.abort()
        await self._cancel(tuple(listening.handler_tasks))

    def _listening(self) -> WebSocketServer:
        if self._websockets is None:
            raise RuntimeError("the server has not been started: use `async with phonewire.serve(...)`")
        return self._websockets

    def _connection(self, *args: Any, **kwargs: Any) -> Connection:
        limits = self._limits
        return self._connection_class(
            *args, host=self._gate, handshake_s=limits.handshake_s, max_fragments=limits.fragments, **kwargs
        )

    async def _take_connection(self, websocket: ServerConnection) -> None:
        target = cast("HttpRequest", websocket.request).path
        route = cast("Route", self._routes.find(target.partition("?")[0]))  # there is one: `Reception.check` found it
        await self._switchboard.take(cast("Connection", websocket), route, target)
