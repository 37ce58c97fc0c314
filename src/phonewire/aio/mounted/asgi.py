"""Calls inside an ASGI application: FastAPI, Starlette, Litestar, or an ASGI server by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from phonewire.aio.cluster.local import Cluster
from phonewire.aio.faults import fault
from phonewire.aio.mounted.mounted import Asked, Guest, Mounted
from phonewire.aio.recording.retention import Retention
from phonewire.aio.refusal import Refusal
from phonewire.aio.server.endpoint import Endpoint, Handler, Limits
from phonewire.aio.server.options import ServerOptions
from phonewire.aio.server.pages import Observe, Page
from phonewire.aio.server.webhook import Webhook
from phonewire.aio.transports.asgi import AsgiTransport, Receive, Scope, Send
from phonewire.aio.transports.transport import format_address

if TYPE_CHECKING:
    from phonewire.aio.monitor.monitor import Monitor
    from phonewire.aio.observe.telemetry import OpenTelemetry

__all__ = ["Asgi", "asgi"]


def asgi(
    endpoints: Sequence[Endpoint],
    *,
    handler: Handler | None = None,
    webhooks: Sequence[Webhook] = (),
    limits: Limits | None = None,
    trusted_proxies: Collection[str] = (),
    origins: Collection[str] = (),
    observe: Observe | None = None,
    retention: Retention | None = None,
    cluster: Cluster | None = None,
    telemetry: OpenTelemetry | None = None,
    monitor: Monitor | None = None,
    drain_seconds: float = 0.0,
) -> Asgi:
    """Return an ASGI 3 application that takes calls, to be mounted in another or run by itself.

    FastAPI and Starlette take it by ``app.mount("/voice", calls)``, Litestar by ``asgi("/voice", is_mount=True,
    copy_scope=True)(calls)``. None of them tells what is mounted that the server stops, so say it:
    ``FastAPI(lifespan=calls.lifespan)``.

    Args:
        endpoints: where calls come in, below where this is mounted, and what is spoken there.
        handler: awaited for each call of an endpoint that has none of its own.
        webhooks: HTTP forms that are answered, such as Twilio's voice webhook.
        limits: what is taken from a peer; ``docs/asgi.md`` says what the ASGI server must be told itself.
        trusted_proxies: addresses and networks that are believed when they say in ``X-Forwarded-For`` for whom they
            connect; nobody, where the ASGI server is told that already.
        origins: values of ``Origin`` that may connect; see `phonewire.serve`.
        observe: where ``/healthz``, ``/readyz`` and ``/metrics`` are answered; by default nowhere.
        retention: removes old recordings while the application runs; by default all are kept.
        cluster: tells other servers which calls are here, and takes orders to them, as `RedisCluster` does; by default
            this server's alone.
        telemetry: has OpenTelemetry told of each call, and of the counters.
        monitor: has a page on which the calls can be seen and heard; enter it before the server.
        drain_seconds: that calls under way may go on when the application is stopped; new ones are refused.

    Raises:
        ValueError: no endpoint, two of one path, one without any handler or of no known protocol or *wire*; a proxy
            that is no address or network; *drain_seconds* is below 0.
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
        drain_seconds=drain_seconds,
    )
    return Asgi(options)


class Asgi(Mounted):
    """An ASGI application that takes calls; made by `asgi`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a connection, a request, or the server's life."""
        if scope["type"] == "websocket":
            await self._host(self._take(scope, receive, send))
        elif scope["type"] == "http":
            await self._serve_page(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    @asynccontextmanager
    async def lifespan(self, app: object = None) -> AsyncIterator[None]:
        """Take calls as long as *app* runs: what FastAPI, Starlette and Litestar take as their ``lifespan``."""
        async with self:
            yield

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self.__aenter__()
        except Exception as exc:
            await send({"type": "lifespan.startup.failed", "message": f"{type(exc).__name__}: {exc}"})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.__aexit__(None, None, None)
        await send({"type": "lifespan.shutdown.complete"})

    async def _take(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault("handshake.check")
        await receive()  # websocket.connect
        guest, asked = self._guest(scope), self._asked(scope)
        try:
            if (refusal := await self._admit(guest, asked)) is not None:
                await _deny(scope, send, refusal)
                return
            fault("handshake.upgrade")
            await send({"type": "websocket.accept"})
            await self._carry(guest, asked, AsgiTransport(receive, send, guest.peer))
        finally:
            self._gate.left(guest)

    async def _serve_page(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def body() -> bytes | None:
            return await _read_body(receive, self._limits.form_bytes)

        page = await self._answer(self._guest(scope), self._asked(scope), body)
        headers = [(b"content-type", page.content_type.encode()), *_headers_of(page)]
        await send({"type": "http.response.start", "status": int(page.status), "headers": headers})
        await send({"type": "http.response.body", "body": page.text.encode()})

    def _guest(self, scope: Scope) -> Guest:
        client = scope.get("client")
        address = "" if client is None else str(client[0])
        return Guest(self._gate, address, format_address(None if client is None else tuple(client)))

    def _asked(self, scope: Scope) -> Asked:
        headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]
        return Asked(scope.get("method", "GET"), self._path(scope), _target(scope), headers)

    def _path(self, scope: Scope) -> str:
        """Return the path below where this is mounted."""
        path, root = str(scope["path"]), str(scope.get("root_path", "")).rstrip("/")
        # Starlette leaves the whole path and says what of it leads to here; Litestar cuts that off, and adds a slash.
        if root and (path == root or path.startswith(root + "/")):
            path = path[len(root) :]
        return path if self._knows(path) else path.removesuffix("/") or "/"


def _target(scope: Scope) -> str:
    """Return the whole path and query, as the platform has called and signed them."""
    raw: bytes | None = scope.get("raw_path")
    path = quote(scope["path"]) if raw is None else raw.decode("latin-1").partition("?")[0]
    query = scope.get("query_string", b"").decode("latin-1")
    return f"{path}?{query}" if query else path


async def _deny(scope: Scope, send: Send, refusal: Refusal) -> None:
    """Send somebody away before the handshake is answered: with a status where the server can, otherwise with 403."""
    if "websocket.http.response" not in (scope.get("extensions") or ()):
        await send({"type": "websocket.close", "code": refusal.close_code, "reason": refusal.value})
        return
    page = Page(refusal.status, f"{refusal.status.phrase}.\n")
    headers = [(b"content-type", page.content_type.encode()), *_headers_of(page)]
    await send({"type": "websocket.http.response.start", "status": int(page.status), "headers": headers})
    await send({"type": "websocket.http.response.body", "body": page.text.encode()})


def _headers_of(page: Page) -> list[tuple[bytes, bytes]]:
    headers = [(b"content-length", str(len(page.text.encode())).encode())] if page.text else []
    return [*headers, (b"retry-after", b"5")] if page.status == 503 else headers


async def _read_body(receive: Receive, most: int) -> bytes | None:
    """Return the body of a request; None when it is longer, or does not end."""
    body = bytearray()
    message: Any = {"more_body": True}
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
        if len(body) > most or message["type"] == "http.disconnect":
            return None
    return bytes(body)
