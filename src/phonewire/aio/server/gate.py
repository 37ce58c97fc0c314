"""Who may become a call: asked of every connection, whatever server has its socket."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Collection
from typing import Any, Protocol

from phonewire.aio.faults import fault
from phonewire.aio.observe.log import PeerLog
from phonewire.aio.observe.tally import Tally
from phonewire.aio.refusal import Refusal
from phonewire.aio.server.address import Proxies, customer
from phonewire.aio.server.admission import Admission
from phonewire.aio.server.endpoint import Endpoint, Limits
from phonewire.aio.server.origin import checked, is_own
from phonewire.aio.server.routes import Routes
from phonewire.auth import Authenticator, Request
from phonewire.errors import AuthenticationError, SharedStoreError

__all__ = ["Gate", "Visitor"]

# What everybody's port sees all day from scanners and health checks; the rest is worth a warning.
_EVERYDAY = {Refusal.NOT_FOUND, Refusal.SLOW_HANDSHAKE, Refusal.NO_START, Refusal.BROKE_PROTOCOL, Refusal.STOPPING}


class Visitor(Protocol):
    """What the gate needs of a connection.

    Attributes:
        address: where it comes from; behind a proxy, where that says. Empty where the server does not tell.
        peer: the same with a port where it is known, for logs.
        authentic: False for who is let in only to be told by the protocol that he is not.
    """

    address: str
    peer: str
    authentic: bool

    def refuse(self, refusal: Refusal) -> None:
        """Send the peer away now: with an HTTP status before the upgrade, with a close code after it."""


class Gate:
    """What a server asks of a connection before it is a call.

    Args:
        routes: lead to the endpoints.
        limits: what is taken from a peer.
        origins: of browsers' pages that may connect.
        proxies: who is believed about the address behind it.
        tally: counts who was sent away.
        log: says so.

    Attributes:
        waiting: connections that have not shown who they are.
        stopping: nobody is let in any more.

    Raises:
        ValueError: an origin is none.
    """

    def __init__(
        self,
        routes: Routes,
        limits: Limits,
        *,
        origins: Collection[str],
        proxies: Proxies,
        tally: Tally,
        log: PeerLog,
    ) -> None:
        self._routes = routes
        self._limits = limits
        self._origins = frozenset(map(checked, origins))
        self._proxies = proxies
        self._tally = tally
        self._log = log
        self._without_call: set[Visitor] = set()
        self.waiting: Admission[Visitor] = Admission(limits.unauthenticated, limits.unauthenticated_per_address)
        self.stopping = False

    def close(self) -> None:
        """Send away everybody who has no call, and let nobody in."""
        self.stopping = True
        for visitor in tuple(self._without_call):
            visitor.refuse(Refusal.STOPPING)

    def unready(self) -> str | None:
        """Say why no call can be taken; None when one can."""
        if self.stopping:
            return "stopping"
        return "full" if len(self._tally.calls) >= self._limits.calls else None

    # What connections say

    def arrived(self, visitor: Visitor) -> None:
        """Take note of a new connection; may refuse it, or the one that has waited longest."""
        self._without_call.add(visitor)
        # Behind a proxy only the request will tell whose connection it is.
        known = visitor.address and not self._proxies.trusts(visitor.address)
        if not self.waiting.enter(visitor, customer(visitor.address) if known else None):
            visitor.refuse(Refusal.TOO_MANY_FROM_ADDRESS)
        elif (overdue := self.waiting.overdue()) is not None:
            overdue.refuse(Refusal.TOO_MANY_CONNECTIONS)

    def left(self, visitor: Visitor) -> None:
        """Take note that a connection is over, or has become a call."""
        self._without_call.discard(visitor)
        self.waiting.leave(visitor)

    def refused(self, visitor: Any, refusal: Refusal, path: str | None = None) -> None:
        """Count somebody who is being sent away, and say so."""
        self.waiting.leave(visitor)
        self._tally.refused[refusal] += 1
        self._log.write(
            logging.INFO if refusal in _EVERYDAY else logging.WARNING,
            "refused",
            visitor.address,
            "refused {peer}: {reason}" if path is None else "refused {peer} on {path}: {reason}",
            {"peer": visitor.peer, "reason": refusal.value, "path": path},
        )

    def raised(self, visitor: Visitor, path: str) -> None:
        """Say that what answers the forms of *path* raised what is being handled."""
        about = {"peer": visitor.peer, "what": "webhook", "path": path}
        self._log.write(logging.ERROR, "raised", visitor.address, "the webhook {path} raised", about, exc_info=True)

    # What a request asks for

    def forbidden(self, visitor: Visitor, request: Request, path: str) -> Refusal | None:
        """Look at where a request comes from; *path* is the part of its target that endpoints know."""
        if self.stopping:
            return Refusal.STOPPING
        if not self._may_come_from(request, path):
            return Refusal.BAD_ORIGIN
        if self._proxies.trusts(visitor.address):
            visitor.address = self._proxies.client(visitor.address, request.values("x-forwarded-for"))
            visitor.peer = visitor.address
            if not self.waiting.attribute(visitor, customer(visitor.address)):
                return Refusal.TOO_MANY_FROM_ADDRESS
        return None

    async def not_a_call(self, visitor: Visitor, request: Request, path: str) -> Refusal | None:
        """Look at what a handshake asks for, and whether it may."""
        route = self._routes.find(path)
        if route is None:
            return Refusal.NOT_FOUND
        endpoint = route.endpoint
        if endpoint.allowed is not None and not endpoint.allowed.trusts(visitor.address):
            return Refusal.UNAUTHENTICATED
        try:
            authentic = endpoint.auth is None or await self._is_authentic(endpoint, endpoint.auth, request)
        except SharedStoreError:
            return Refusal.NO_SHARED_STORE
        if not authentic:
            if endpoint.refuse_with == "disconnect":
                visitor.authentic = False  # and waits on, until he is gone
                return None
            await asyncio.sleep(endpoint.refuse_after_s)
            return Refusal.UNAUTHENTICATED
        if len(self._tally.calls) >= self._limits.calls:
            return Refusal.TOO_MANY_CALLS
        if endpoint.auth is not None or endpoint.allowed is not None:
            self.waiting.leave(visitor)
        return None

    def _may_come_from(self, request: Request, path: str) -> bool:
        origins = request.values("origin")
        if self._origins.issuperset(origins):
            return True
        route = self._routes.find(path)
        authenticated = route is not None and route.endpoint.auth is not None
        return is_own(origins, request.values("host"), authenticated=authenticated)

    async def _is_authentic(self, endpoint: Endpoint, auth: Authenticator, request: Request) -> bool:
        try:
            fault("auth.verify")
            who = auth.verify(request, time.time())
        except AuthenticationError:
            return False
        if who.nonce is None:
            return True
        return await endpoint.nonces.add(f"{who.identity} {who.nonce}", who.expires_s or math.inf)
