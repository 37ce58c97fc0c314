"""Everything before the upgrade: who may connect, how often, and what is asked of a handshake."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Collection, Mapping

from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request as HttpRequest
from websockets.http11 import Response

from phonewire.aio.address import Proxies, customer
from phonewire.aio.admission import Admission
from phonewire.aio.connection import READ_BYTES, Connection
from phonewire.aio.endpoint import Endpoint, Limits
from phonewire.aio.faults import fault
from phonewire.aio.log import PeerLog
from phonewire.aio.observe import Pages
from phonewire.aio.origin import is_own
from phonewire.aio.refusal import Refusal
from phonewire.aio.routes import Routes
from phonewire.aio.tally import Tally
from phonewire.aio.webhook import Post, Webhook
from phonewire.auth import Authenticator, Request
from phonewire.errors import AuthenticationError

__all__ = ["Reception"]

# What everybody's port sees all day from scanners and health checks; the rest is worth a warning.
_EVERYDAY = {Refusal.NOT_FOUND, Refusal.SLOW_HANDSHAKE, Refusal.NO_START, Refusal.BROKE_PROTOCOL, Refusal.STOPPING}


class Reception:
    """What a server asks of a connection before it is a call.

    Args:
        routes: lead to the endpoints.
        webhooks: by path.
        limits: what is taken from a peer.
        origins: of browsers' pages that may connect.
        proxies: who is believed about the address behind it.
        tally: counts who was sent away.
        log: says so.

    Attributes:
        waiting: connections that have not shown who they are.
        pages: an operator's, on this port; None when they are elsewhere.
        read_buffer: where connections read to.
        stopping: nobody is let in any more.
    """

    def __init__(
        self,
        routes: Routes,
        webhooks: Mapping[str, Webhook],
        limits: Limits,
        *,
        origins: Collection[str],
        proxies: Proxies,
        tally: Tally,
        log: PeerLog,
    ) -> None:
        self._routes = routes
        self._webhooks = webhooks
        self._limits = limits
        self._origins = frozenset(origins)
        self._proxies = proxies
        self._tally = tally
        self._log = log
        self._without_call: set[Connection] = set()
        self.waiting: Admission[Connection] = Admission(limits.unauthenticated, limits.unauthenticated_per_address)
        self.pages: Pages | None = None
        self.read_buffer = memoryview(bytearray(READ_BYTES))
        self.stopping = False

    def close(self) -> None:
        """Send away everybody who has no call, and let nobody in."""
        self.stopping = True
        for connection in tuple(self._without_call):
            connection.refuse(Refusal.STOPPING)

    # What connections say

    def arrived(self, connection: Connection) -> None:
        """Take note of a new connection; may refuse it, or the one that has waited longest."""
        self._without_call.add(connection)
        # Behind a proxy only the request will tell whose connection it is.
        address = None if self._proxies.trusts(connection.address) else customer(connection.address)
        if not self.waiting.enter(connection, address):
            connection.refuse(Refusal.TOO_MANY_FROM_ADDRESS)
        elif (overdue := self.waiting.overdue()) is not None:
            overdue.refuse(Refusal.TOO_MANY_CONNECTIONS)

    def left(self, connection: Connection) -> None:
        """Take note that a connection is over, or has become a call."""
        self._without_call.discard(connection)
        self.waiting.leave(connection)

    def refused(self, connection: Connection, refusal: Refusal, path: str | None = None) -> None:
        """Count somebody who is being sent away, and say so."""
        self.waiting.leave(connection)
        self._tally.refused[refusal] += 1
        self._log.write(
            logging.INFO if refusal in _EVERYDAY else logging.WARNING,
            "refused",
            connection.address,
            "refused {peer}: {reason}" if path is None else "refused {peer} on {path}: {reason}",
            {"peer": connection.peer, "reason": refusal.value, "path": path},
        )

    def post(self) -> Post | None:
        """Return what reads a POST request, None when there are no webhooks."""
        return Post(self._webhooks, self._limits.form_bytes, self._origins) if self._webhooks else None

    # What a request asks for

    async def check(self, connection: ServerConnection, http: HttpRequest) -> Response | None:
        """Answer what is no call, and what may not be one; None lets the handshake go on."""
        assert isinstance(connection, Connection)  # noqa: S101 - tells the type checker what `serve` was given
        fault("handshake.check")
        path = http.path.partition("?")[0]
        forbidden = self._forbidden(connection, http, path)
        if forbidden is not None:
            return connection.refusal(forbidden, path)
        if self.pages is not None and (page := self.pages.answer(connection, http)) is not None:
            return page
        if path in self._webhooks and "Upgrade" not in http.headers:
            return self._webhooks[path].answer_get(connection, http)
        refusal = await self._not_a_call(connection, http, path)
        return None if refusal is None else connection.refusal(refusal, path)

    def _forbidden(self, connection: Connection, http: HttpRequest, path: str) -> Refusal | None:
        """Look at where a request comes from."""
        if self.stopping:
            return Refusal.STOPPING
        if not self._may_come_from(http, path):
            return Refusal.BAD_ORIGIN
        if self._proxies.trusts(connection.address):
            connection.address = self._proxies.client(connection.address, http.headers.get_all("X-Forwarded-For"))
            connection.peer = connection.address
            if not self.waiting.attribute(connection, customer(connection.address)):
                return Refusal.TOO_MANY_FROM_ADDRESS
        return None

    def _may_come_from(self, http: HttpRequest, path: str) -> bool:
        origins = http.headers.get_all("Origin")
        if self._origins.issuperset(origins):
            return True
        route = self._routes.find(path)
        authenticated = route is not None and route.endpoint.auth is not None
        return is_own(origins, http.headers.get_all("Host"), authenticated=authenticated)

    async def _not_a_call(self, connection: Connection, http: HttpRequest, path: str) -> Refusal | None:
        """Look at what a request asks for, and whether it may."""
        route = self._routes.find(path)
        if route is None:
            return Refusal.NOT_FOUND
        endpoint = route.endpoint
        if endpoint.allowed is not None and not endpoint.allowed.trusts(connection.address):
            return Refusal.UNAUTHENTICATED
        if endpoint.auth is not None and not await self._is_authentic(endpoint, endpoint.auth, http):
            await asyncio.sleep(endpoint.refuse_after_s)
            return Refusal.UNAUTHENTICATED
        if len(self._tally.calls) >= self._limits.calls:
            return Refusal.TOO_MANY_CALLS
        connection.limit_messages(endpoint.message_limit(self._limits))
        if endpoint.auth is not None or endpoint.allowed is not None:
            self.waiting.leave(connection)
        return None

    async def _is_authentic(self, endpoint: Endpoint, auth: Authenticator, http: HttpRequest) -> bool:
        try:
            fault("auth.verify")
            who = auth.verify(Request("GET", http.path, http.headers.raw_items()), time.time())
        except AuthenticationError:
            return False
        if who.nonce is None:
            return True
        return await endpoint.nonces.add(f"{who.identity} {who.nonce}", who.expires_s or math.inf)
