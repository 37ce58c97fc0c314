"""An event loop whose seconds take no time, with a network of its own: every run is the same run."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from ssl import SSLContext
from typing import Any

from phonewire.emulators.memory_network import MemoryNetwork, MemoryServer
from phonewire.emulators.memory_tls import MemoryTls

__all__ = ["FakeClockLoop"]

_START_S = 1000.0


class _JumpingSelector(selectors.DefaultSelector):
    """Never waits: when nothing is ready, the loop's clock jumps to the next timer."""

    loop: FakeClockLoop

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if not ready:
            self.loop.jump(timeout)
        return ready


class FakeClockLoop(asyncio.SelectorEventLoop):
    """An event loop with a clock of its own: ``asyncio.Runner(loop_factory=FakeClockLoop)``.

    When every task waits, the clock jumps to the next timer. Servers and connections, of TCP and of TLS over it
    (``create_server``, ``create_connection``, and all that is built on them), are inside the loop and never touch a
    socket. Work for a thread is done in the loop.

    Args:
        limit_s: of fake time, after which the loop gives up: pings alone would let a test that hangs run for ever.

    Attributes:
        limit_s: as given; can be set at any time.
        thread_s: how long work for a thread takes.
    """

    def __init__(self, limit_s: float = 600.0) -> None:
        selector = _JumpingSelector()
        selector.loop = self
        self._now_s = _START_S
        self.limit_s = limit_s
        self._began_s = _START_S
        self._network = MemoryNetwork(self)
        self.thread_s = 0.0
        super().__init__(selector)

    def time(self) -> float:
        """Return the fake clock's seconds."""
        return self._now_s

    def stall(self, seconds: float) -> None:
        """Let time pass without running anything, as a blocked loop does."""
        self._now_s += seconds

    def jump(self, seconds: float | None) -> None:
        """Let time pass while everybody waits.

        Raises:
            RuntimeError: nobody waits for time, or the limit is reached.
        """
        if seconds is None:
            raise RuntimeError("every task waits for something that will never come")
        self._now_s += max(seconds, 0)
        if self._now_s - self._began_s > self.limit_s:
            self._began_s = self._now_s  # who cleans up has as long again
            raise RuntimeError(f"no end after {self.limit_s:g} s on the fake clock: a larger limit_s takes longer")

    def run_in_executor(  # type: ignore[override]  # the same, with simpler types
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Do the work of a thread, as threads know nothing of this clock; return the future of it."""
        future = self.create_future()
        if self.thread_s:
            self.call_later(self.thread_s, _work, future, func, args)
        else:
            _work(future, func, args)
        return future

    async def create_server(  # type: ignore[override]  # of everything that a server can be, this is enough here
        self,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        host: str | None = None,
        port: int | None = None,
        *,
        ssl: SSLContext | None = None,
        ssl_handshake_timeout: float | None = None,
        ssl_shutdown_timeout: float | None = None,
        **_options: Any,
    ) -> MemoryServer:
        """Listen on a port of the fake network; return who listens."""
        if ssl:
            tls = MemoryTls(ssl, ssl_handshake_timeout, ssl_shutdown_timeout)
            protocol_factory = tls.server(self, protocol_factory)
        return self._network.listen(protocol_factory, host or "127.0.0.1", port or 0)

    async def create_connection(  # type: ignore[override]
        self,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        host: str | None = None,
        port: int | None = None,
        *,
        ssl: SSLContext | bool | None = None,
        server_hostname: str | None = None,
        ssl_handshake_timeout: float | None = None,
        ssl_shutdown_timeout: float | None = None,
        **_options: Any,
    ) -> tuple[asyncio.Transport, asyncio.BaseProtocol]:
        """Dial a port of the fake network, whatever the host, which TLS looks for; return transport and protocol."""
        near, far, server = self._network.dial(port or 0)
        self.call_soon(far.connect, server.factory())
        protocol = protocol_factory()
        if ssl:
            tls = MemoryTls(ssl, ssl_handshake_timeout, ssl_shutdown_timeout)
            return await tls.connect(near, protocol, server_hostname or host), protocol
        near.connect(protocol)
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            near.close()  # as asyncio does
            raise
        return near, protocol


def _work(future: asyncio.Future[Any], func: Callable[..., Any], args: tuple[Any, ...]) -> None:
    try:
        result = func(*args)
    except Exception as error:
        if not future.cancelled():
            future.set_exception(error)
    else:
        if not future.cancelled():
            future.set_result(result)
