"""What a server with its own port and one inside a web server have in common."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import AsyncExitStack
from typing import Generic, Self, TypeVar

from phonewire.aio.server.address import Proxies
from phonewire.aio.server.call_server import CallServer
from phonewire.aio.server.endpoint import Limits
from phonewire.aio.server.gate import Gate
from phonewire.aio.server.options import ServerOptions
from phonewire.aio.server.pages import Pages
from phonewire.aio.server.routes import Routes
from phonewire.aio.server.switchboard import Switchboard, handlers_of

__all__ = ["WebServer"]

G = TypeVar("G", bound=Gate)


class WebServer(CallServer, Generic[G]):
    """A server of calls that come over HTTP: the gate, the switchboard, the pages, and what runs beside the calls.

    Args:
        options: what it was told.
        gate: the class of its gate.
    """

    def __init__(self, options: ServerOptions, gate: type[G]) -> None:
        super().__init__(options.cluster, options.telemetry, options.monitor)
        limits = options.limits or Limits()
        handlers = handlers_of(options.endpoints, options.handler, limits)
        self._routes = Routes(options.endpoints)
        self._limits = limits
        self._gate: G = gate(
            self._routes,
            limits,
            origins=options.origins,
            proxies=Proxies(options.trusted_proxies),
            tally=self._tally,
            log=self._peer_log,
        )
        self._switchboard = Switchboard(handlers, limits, self._tally, self._peer_log, self._gate.refused)
        self._webhooks = {webhook.path: webhook for webhook in options.webhooks}
        observe = options.observe
        self._pages = None if observe is None else Pages(observe, self._gate, self._tally, self._peer_log)
        self._pages_here = None if observe is None or observe.prefix is None else self._pages
        self._retention = options.retention
        self._beside = AsyncExitStack()

    @property
    def observe_port(self) -> int | None:
        """The port of `Observe`, None when it has none of its own."""
        return None if self._pages is None else self._pages.port

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as beside:  # what was begun ends again when the rest cannot begin
            if self._retention is not None:
                await beside.enter_async_context(self._retention)
            if self._pages is not None:
                await self._pages.open()
                beside.push_async_callback(self._pages.close)
            await self._begin(beside)
            beside.enter_context(self._watched(self._gate.waiting))
            self._beside = beside.pop_all()
        return self

    @abstractmethod
    async def _begin(self, beside: AsyncExitStack) -> None:
        """Take calls; what has to end after them goes into *beside*."""
