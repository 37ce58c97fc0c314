"""Calls inside somebody else's web server, which has the socket, speaks HTTP, and does the WebSocket handshake."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from http import HTTPStatus
from types import TracebackType

from phonewire._bounds import check_at_least_0
from phonewire.aio.mounted.stop_signals import StopSignals
from phonewire.aio.refusal import Refusal
from phonewire.aio.server.gate import Gate
from phonewire.aio.server.options import ServerOptions
from phonewire.aio.server.pages import Page
from phonewire.aio.server.web_server import WebServer
from phonewire.aio.server.webhook import Webhook, content_type
from phonewire.aio.transports.guest import GuestTransport
from phonewire.auth import Request

__all__ = ["Asked", "Guest", "Mounted"]

_NOT_FOUND = Page(HTTPStatus.NOT_FOUND, "Not found.\n")

# A web server answers a peer's close by itself, granian in a thread of its own, and tells nobody when; one that is to
# stop does not wait for it, and the peer sees a connection that broke.
_WRITTEN_S = 0.25


class Asked:
    """What a request asks for.

    Attributes:
        method: of HTTP.
        path: below where the application is mounted.
        target: raw path and query, whole: what the platform has called.
        headers: (name, value) pairs, names in lower case.
    """

    __slots__ = ("headers", "method", "path", "target")

    def __init__(self, method: str, path: str, target: str, headers: Sequence[tuple[str, str]]) -> None:
        self.method, self.path, self.target, self.headers = method, path, target, headers


class Guest:
    """A connection of a web server, until its end.

    Args:
        gate: counts it.
        address: where it comes from; empty where the server does not tell.
        peer: the same with a port where it is known, for logs.

    Attributes:
        authentic: False for who is let in only to be told by the protocol that he is not.
        refusal: why it is sent away; None while it is not.
        transport: carries its messages, once it is accepted.
    """

    def __init__(self, gate: Gate, address: str, peer: str) -> None:
        self._gate = gate
        self.address, self.peer = address, peer
        self.authentic = True
        self.refusal: Refusal | None = None
        self.transport: GuestTransport | None = None
        self._closing: asyncio.Task[None] | None = None

    def refuse(self, refusal: Refusal, path: str | None = None) -> None:
        """Send the peer away: before the handshake is answered with that answer, afterwards with a close code."""
        if self.refusal is not None:
            return
        self.refusal = refusal
        self._gate.refused(self, refusal, path)
        if self.transport is not None:
            self._closing = asyncio.create_task(self.transport.close(refusal.close_code, refusal.value))

    def started(self, close_s: float, *, patient: bool) -> None:
        """Take note that this is a call, whose goodbye may take its time."""
        if self.transport is not None:
            self.transport.close_s = close_s
        self._gate.left(self)

    async def close(self, code: int, reason: str) -> None:
        """Close the connection."""
        if self.transport is not None:
            await self.transport.close(code, reason)


class Mounted(WebServer[Gate]):
    """A server of calls below a path of a web application.

    ``async with`` it in the application's lifespan: leaving the block ends every call with its goodbye. Where the web
    server handles SIGINT and SIGTERM by functions of its own, as uvicorn does, or in its event loop, as granian does,
    the goodbyes are said before it hears them, because it would cut the connections first.
    """

    def __init__(self, options: ServerOptions) -> None:
        super().__init__(options, Gate)
        check_at_least_0(drain_seconds=options.drain_seconds)
        self._drain_seconds = options.drain_seconds
        self._guests: set[asyncio.Task[None]] = set()
        self._stop_signals = StopSignals(self._end_calls)

    # Its life

    async def _begin(self, beside: AsyncExitStack) -> None:
        beside.enter_context(self._stop_signals)
        self._gate.stopping = False

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            await self._drain_once()
        finally:
            await self.close()

    async def close(self, drain_s: float = 5.0) -> None:
        """Take no more calls, end every call with its protocol's goodbye, and wait for the handlers.

        Args:
            drain_s: for all of that; then, or when this is cancelled, connections are cut and handlers cancelled, which
                get one second more.
        """
        try:
            await self._say_goodbye(drain_s)
        finally:
            try:
                await self._cancel(tuple(self._guests))
            finally:
                await self._beside.aclose()
                self._peer_log.close()

    def _let_nobody_in(self) -> None:
        self._gate.close()

    async def _end_calls(self) -> None:
        """Say every goodbye before the web server hears that it is to stop, and let it write the last of them."""
        some = bool(self._guests)
        await self._drain_once()
        await self._say_goodbye()
        if some:
            await asyncio.sleep(_WRITTEN_S)

    async def _drain_once(self) -> None:
        """Let calls come to their end, unless that has begun: who stops a second time does not want to wait."""
        if self._drain_seconds and not self._gate.stopping:
            await self.drain(self._drain_seconds)

    async def _say_goodbye(self, drain_s: float = 5.0) -> None:
        self._let_nobody_in()
        goodbyes = [asyncio.create_task(call.close(1001, "the server is shutting down")) for call in self.calls]
        try:
            if waited_for := {*goodbyes, *self._guests}:
                await asyncio.wait(waited_for, timeout=drain_s)
        finally:
            for goodbye in goodbyes:
                goodbye.cancel()

    # What its connections ask for

    async def _admit(self, guest: Guest, asked: Asked) -> Refusal | None:
        """Return why a handshake is refused, which has been counted; None when it may become a call."""
        self._gate.arrived(guest)
        if guest.refusal is None:
            try:
                async with asyncio.timeout(self._limits.handshake_s):
                    refusal = await self._refusal(guest, asked)
            except TimeoutError:
                refusal = Refusal.SLOW_HANDSHAKE
            if refusal is not None:
                guest.refuse(refusal, asked.path)
        return guest.refusal

    async def _refusal(self, guest: Guest, asked: Asked) -> Refusal | None:
        request = Request("GET", asked.target, asked.headers)
        forbidden = self._gate.forbidden(guest, request, asked.path)
        return forbidden or await self._gate.not_a_call(guest, request, asked.path)

    async def _carry(self, guest: Guest, asked: Asked, transport: GuestTransport) -> None:
        """Take a connection that has been admitted and accepted to its end."""
        guest.transport = transport
        route = self._routes.find(asked.path)
        try:
            if route is not None:  # there is one: the gate found it
                await self._switchboard.connect(transport, guest, route, asked.target, dict(asked.headers))
        finally:
            transport.abort()

    async def _answer(self, guest: Guest, asked: Asked, body: Callable[[], Awaitable[bytes | None]]) -> Page:
        """Return the answer to a request that is no handshake; *body* reads it, None when it is too long."""
        request = Request(asked.method, asked.target, asked.headers)
        forbidden = self._gate.forbidden(guest, request, asked.path)
        if forbidden is not None:
            guest.refuse(forbidden, asked.path)
            return Page(forbidden.status, f"{forbidden.status.phrase}.\n")
        if (webhook := self._webhooks.get(asked.path)) is not None:
            return await self._answer_form(webhook, guest, asked, body)
        if (page := self._page(asked.path)) is not None:
            return page
        if self._routes.find(asked.path) is not None:
            return Page(HTTPStatus.UPGRADE_REQUIRED, "This path takes WebSocket connections.\n")
        return _NOT_FOUND

    async def _answer_form(
        self, webhook: Webhook, guest: Guest, asked: Asked, body: Callable[[], Awaitable[bytes | None]]
    ) -> Page:
        form = asked.target.partition("?")[2]
        if asked.method == "POST":
            try:
                async with asyncio.timeout(self._limits.handshake_s):
                    posted = await body()
            except TimeoutError:
                return Page(HTTPStatus.REQUEST_TIMEOUT, "Request Timeout.\n")
            if posted is None:
                return Page(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Too long.\n")
            form = posted.decode("utf-8", "replace")
        elif asked.method != "GET":
            return Page(HTTPStatus.METHOD_NOT_ALLOWED, "Method not allowed.\n")
        status, text = webhook.answer_form(asked.method, asked.target, asked.headers, form, guest, self._gate)
        return Page(status, text, content_type(status))

    def _page(self, path: str) -> Page | None:
        return None if self._pages_here is None else self._pages_here.find(path)

    def _knows(self, path: str) -> bool:
        return path in self._webhooks or self._routes.find(path) is not None

    async def _host(self, guest: Coroutine[None, None, None]) -> None:
        """Take a connection in a task of its own, which ends quietly when calls are cut in the end."""
        self._stop_signals.stay_in_front()
        task = asyncio.create_task(guest)
        self._guests.add(task)
        task.add_done_callback(self._guests.discard)
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:  # the web server cannot wait
            task.cancel()
            await asyncio.wait([task])
            raise
        if not task.cancelled():
            task.result()
