"""Everything before the upgrade on a server's own port: the gate, an operator's pages, and webhooks."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request as HttpRequest
from websockets.http11 import Response

from phonewire.aio.faults import fault
from phonewire.aio.observe.log import PeerLog
from phonewire.aio.observe.tally import Tally
from phonewire.aio.server.address import Proxies
from phonewire.aio.server.connection import READ_BYTES, Connection
from phonewire.aio.server.endpoint import Limits
from phonewire.aio.server.gate import Gate
from phonewire.aio.server.pages import Pages
from phonewire.aio.server.routes import Routes
from phonewire.aio.server.webhook import Post, Webhook
from phonewire.auth import Request

__all__ = ["Reception"]


class Reception(Gate):
    """What a server answers before a connection is a call.

    Args:
        routes: lead to the endpoints.
        limits: what is taken from a peer.
        origins: of browsers' pages that may connect.
        proxies: who is believed about the address behind it.
        tally: counts who was sent away.
        log: says so.

    Attributes:
        pages: an operator's, on this port; None when they are elsewhere.
        webhooks: by path.
        read_buffer: where connections read to.
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
        super().__init__(routes, limits, origins=origins, proxies=proxies, tally=tally, log=log)
        self.pages: Pages | None = None
        self.webhooks: Mapping[str, Webhook] = {}
        self.read_buffer = memoryview(bytearray(READ_BYTES))

    def post(self, connection: Connection) -> Post | None:
        """Return what reads a POST request, None when there are no webhooks."""
        if not self.webhooks:
            return None
        return Post(self.webhooks, self._limits.form_bytes, connection, self)

    async def check(self, connection: ServerConnection, http: HttpRequest) -> Response | None:
        """Answer what is no call, and what may not be one; None lets the handshake go on."""
        assert isinstance(connection, Connection)  # noqa: S101 - tells the type checker what `serve` was given
        fault("handshake.check")
        path = http.path.partition("?")[0]
        request = Request("GET", http.path, http.headers.raw_items())
        forbidden = self.forbidden(connection, request, path)
        if forbidden is not None:
            return connection.refusal(forbidden, path)
        if self.pages is not None and (page := self.pages.answer(connection, http)) is not None:
            return page
        if path in self.webhooks and "Upgrade" not in http.headers:
            return self.webhooks[path].answer_get(connection, http, self)
        refusal = await self.not_a_call(connection, request, path)
        if refusal is not None:
            return connection.refusal(refusal, path)
        if (route := self._routes.find(path)) is not None:
            connection.limit_messages(route.endpoint.message_limit(self._limits))
        return None
