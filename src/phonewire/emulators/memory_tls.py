"""TLS over a network in memory: asyncio's own, which needs no socket."""

from __future__ import annotations

import asyncio
from asyncio.sslproto import SSLProtocol
from collections.abc import Callable
from dataclasses import dataclass
from ssl import SSLContext
from typing import Any, cast

from phonewire.emulators.memory_network import MemoryTransport

__all__ = ["MemoryTls"]

_protocol: Any = SSLProtocol  # its types know nothing of what it takes when it is given None


@dataclass(frozen=True)
class MemoryTls:
    """What ``create_server`` and ``create_connection`` say about TLS.

    Attributes:
        context: True for a client with the system's certificates.
        handshake_s: for the handshake; None for asyncio's own 60 s.
        shutdown_s: for the far end's goodbye; None for asyncio's own 30 s.
    """

    context: SSLContext | bool
    handshake_s: float | None
    shutdown_s: float | None

    def server(
        self, loop: asyncio.AbstractEventLoop, factory: Callable[[], asyncio.BaseProtocol]
    ) -> Callable[[], asyncio.BaseProtocol]:
        """Return what makes a protocol that answers a handshake before the one that *factory* makes."""
        return lambda: self._wrap(loop, factory(), None, None)

    async def connect(
        self, transport: MemoryTransport, protocol: asyncio.BaseProtocol, host: str | None
    ) -> asyncio.Transport:
        """Connect *protocol* by a handshake with *host*; return its transport.

        Raises:
            OSError: the handshake failed; ``ssl.SSLError`` says why.
        """
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        wire = self._wrap(loop, protocol, done, host)
        transport.connect(wire)
        try:
            await done
        except BaseException:
            transport.abort()
            raise
        return cast("asyncio.Transport", wire._app_transport)

    def _wrap(
        self,
        loop: asyncio.AbstractEventLoop,
        protocol: asyncio.BaseProtocol,
        done: asyncio.Future[None] | None,
        host: str | None,
    ) -> Any:
        return _protocol(
            loop,
            protocol,
            self.context if isinstance(self.context, SSLContext) else None,
            done,
            server_side=done is None,
            server_hostname=host,
            ssl_handshake_timeout=self.handshake_s,
            ssl_shutdown_timeout=self.shutdown_s,
        )
