"""The server that Asterisk dials: AudioSocket over TCP, each connection a call."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from phonewire.aio.cluster.local import Cluster
from phonewire.aio.outbound.settings import QueuePolicy
from phonewire.aio.refusal import Refusal
from phonewire.aio.server.address import customer
from phonewire.aio.server.admission import Admission
from phonewire.aio.server.call_server import CallServer
from phonewire.aio.server.endpoint import Endpoint, Handler, Limits
from phonewire.aio.server.serving import serve_until
from phonewire.aio.server.switchboard import Switchboard
from phonewire.aio.transports.tcp import TcpTransport
from phonewire.protocols import audiosocket
from phonewire.protocols.connection import MediaFormat, Side

if TYPE_CHECKING:
    from phonewire.aio.monitor.monitor import Monitor
    from phonewire.aio.observe.telemetry import OpenTelemetry

__all__ = ["AudioSocketServer", "serve_audiosocket"]


def serve_audiosocket(
    handler: Handler,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    call_ids: Collection[str] | Callable[[str], Awaitable[bool]] | None,
    addresses: Collection[str] | None,
    media_format: MediaFormat = audiosocket.FORMATS[audiosocket.Kind.SLIN],
    queue_ms: int = 2000,
    queue_policy: QueuePolicy = "wait",
    dtmf_in_audio: bool = False,
    limits: Limits | None = None,
    reuse_port: bool = False,
    cluster: Cluster | None = None,
    telemetry: OpenTelemetry | None = None,
    monitor: Monitor | None = None,
) -> AudioSocketServer:
    """Take Asterisk's calls: ``async with phonewire.serve_audiosocket(handler, ...) as server``.

    AudioSocket has neither encryption nor credentials: what a server can know is whom it expects. None, written out
    for both, takes everybody.

    Args:
        handler: awaited for each call; `Call.id` is the UUID. When it returns, what is queued is heard, then the call
            is closed.
        host: address to listen on; ``"0.0.0.0"`` for all.
        port: 0 for any that is free; see ``server.port``.
        call_ids: the calls that may come: a collection of UUIDs in their canonical text form, which may change while
            the server runs, or an async function of the UUID that says yes or no, such as a `phonewire.SingleUse`.
            Others are closed, and make no call.
        addresses: addresses and networks that may connect, such as ``["10.0.0.0/8"]``; others are closed at once.
        media_format: how audio is coded; one of ``audiosocket.FORMATS``, 8 kHz where the dialplan application dials.
        queue_ms: audio that may wait to be sent.
        queue_policy: what a write does when more would: ``"wait"``, ``"drop-oldest"`` or ``"raise"``.
        dtmf_in_audio: find the keys that the caller presses in the audio, where Asterisk does not tell them; they come
            in ``call.events()`` as `phonewire.DtmfInAudio`.
        limits: what is taken from a peer; those of HTTP and WebSocket have no meaning here.
        reuse_port: other processes that say so listen on the same port, and the system deals out connections
            (SO_REUSEPORT; not on Windows).
        cluster: tells other servers which calls are here, and takes orders to them, as `RedisCluster` does; by default
            this server's alone.
        telemetry: has OpenTelemetry told of each call, and of the counters.
        monitor: has a page on which the calls can be seen and heard; enter it before the server.

    Raises:
        ValueError: an address that is none, a format that AudioSocket has no kind for, no such queue, or keys cannot be
            found in such audio.
    """
    endpoint = Endpoint(
        "/",
        "audiosocket",
        auth=None,
        addresses=addresses,
        handler=handler,
        call_ids=call_ids,
        media_format=media_format,
        queue_ms=queue_ms,
        queue_policy=queue_policy,
        dtmf_in_audio=dtmf_in_audio,
    )
    return AudioSocketServer(
        endpoint,
        handler,
        host,
        port,
        limits=limits or Limits(),
        reuse_port=reuse_port,
        cluster=cluster,
        telemetry=telemetry,
        monitor=monitor,
    )


class AudioSocketServer(CallServer):
    """A server of AudioSocket calls; made by `serve_audiosocket`."""

    def __init__(
        self,
        endpoint: Endpoint,
        handler: Handler,
        host: str,
        port: int,
        *,
        limits: Limits,
        reuse_port: bool,
        cluster: Cluster | None,
        telemetry: OpenTelemetry | None,
        monitor: Monitor | None,
    ) -> None:
        super().__init__(cluster, telemetry, monitor)
        self._endpoint, self._host, self._port = endpoint, host, port
        self._reuse_port = reuse_port or None  # None is the system's way
        self._limits = limits
        self._waiting: Admission[_Caller] = Admission(limits.unauthenticated, limits.unauthenticated_per_address)
        self._switchboard = Switchboard({endpoint.path: handler}, limits, self._tally, self._peer_log, self.refuse)
        self._listening: asyncio.Server | None = None
        self._callers: dict[_Caller, asyncio.Task[None]] = {}
        self._stopping = False
        self._closed = asyncio.Event()
        self._beside = ExitStack()
        self._engine()  # a format that AudioSocket does not have is told now

    # What can be asked of it

    @property
    def port(self) -> int:
        """The port that the server listens on."""
        return int(self._listener().sockets[0].getsockname()[1])

    # Its life

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(
            lambda: _Caller(self), self._host, self._port, reuse_port=self._reuse_port
        )
        self._beside.enter_context(self._watched(self._waiting))
        return self

    async def serve_forever(self, *, stop_on_signals: bool = False) -> None:
        """Take calls until this is cancelled or the server is closed.

        Args:
            stop_on_signals: SIGINT and SIGTERM let this return, so that leaving the ``async with`` block hangs up
                every call; a second one does what it does without phonewire.
                For the main thread; on Windows it changes nothing.
        """
        self._listener()  # has been started
        # asyncio's own `wait_closed` does not wait before Python 3.12.1 when there are no connections.
        await serve_until(self._closed.wait(), stop_on_signals=stop_on_signals)

    async def close(self, drain_s: float = 5.0) -> None:
        """Stop listening, hang up every call, and wait for the handlers.

        Args:
            drain_s: for all of that; then, or when this is cancelled, connections are cut and handlers cancelled, which
                get one second more.
        """
        self._let_nobody_in()
        tasks = {*(asyncio.create_task(call.close()) for call in self.calls), *self._callers.values()}
        try:
            if tasks:
                await asyncio.wait(tasks, timeout=drain_s)
        finally:
            for caller in tuple(self._callers):
                caller.abort()
            try:
                await self._cancel([task for task in tasks if not task.done()])
                await self._listener().wait_closed()
            finally:
                self._beside.close()
                self._peer_log.close()
                self._closed.set()

    def _let_nobody_in(self) -> None:
        self._listener().close()
        self._stopping = True
        for caller in tuple(self._callers):
            if caller in self._waiting:
                self.refuse(caller, Refusal.STOPPING)
                caller.abort()

    # What connections say

    def arrived(self, caller: _Caller) -> None:
        """Take a new connection, or send it or the one that has waited longest away."""
        refusal = self._refusal(caller)
        if refusal is not None:
            self.refuse(caller, refusal)
            caller.abort()
            return
        if (overdue := self._waiting.overdue()) is not None:
            self.refuse(overdue, Refusal.TOO_MANY_CONNECTIONS)
            overdue.abort()
        self._callers[caller] = asyncio.create_task(self._take(caller))

    def left(self, caller: _Caller) -> None:
        """Take note that a connection is over, or has become a call."""
        self._waiting.leave(caller)

    def refuse(self, caller: _Caller, refusal: Refusal) -> None:
        """Count somebody who is being sent away, and say so."""
        self._waiting.leave(caller)
        self._tally.refused[refusal] += 1
        about = {"peer": caller.peer, "reason": refusal.value}
        self._peer_log.write(logging.WARNING, "refused", caller.address, "refused {peer}: {reason}", about)

    def _refusal(self, caller: _Caller) -> Refusal | None:
        if self._stopping:
            return Refusal.STOPPING
        allowed = self._endpoint.allowed
        if allowed is not None and not allowed.trusts(caller.address):
            return Refusal.UNAUTHENTICATED
        if not self._waiting.enter(caller, customer(caller.address)):
            return Refusal.TOO_MANY_FROM_ADDRESS
        return None

    async def _take(self, caller: _Caller) -> None:
        try:
            await self._switchboard.answer(self._engine(), caller, caller, self._endpoint)
        finally:
            caller.abort()
            del self._callers[caller]

    def _engine(self) -> audiosocket.Connection:
        media_format = self._endpoint.media_format or audiosocket.FORMATS[audiosocket.Kind.SLIN]
        return audiosocket.Connection(
            Side.SERVER, media_format=media_format, max_message_size=self._limits.message_bytes
        )

    def _listener(self) -> asyncio.Server:
        if self._listening is None:
            raise RuntimeError("the server has not been started: use `async with phonewire.serve_audiosocket(...)`")
        return self._listening


class _Caller(TcpTransport):
    """A connection of the server, until its end."""

    authentic = True  # there is nothing by which anybody could be

    def __init__(self, server: AudioSocketServer) -> None:
        super().__init__()
        self._server = server

    def started(self, close_s: float, *, patient: bool) -> None:
        """Take note that this is a call, whose goodbye may take its time."""
        self.close_s = close_s
        self._server.left(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socket."""
        super().connection_made(transport)
        self._server.arrived(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end of the connection."""
        super().connection_lost(exc)
        self._server.left(self)
