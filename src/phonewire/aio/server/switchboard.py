"""Everything after the upgrade: waits for the stream to start, and connects each call with its handler."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from phonewire.aio.call.call import Call
from phonewire.aio.call.carrier import PEER_CLOSES_S
from phonewire.aio.call.engines import call_settings, make_engine
from phonewire.aio.faults import fault
from phonewire.aio.observe.log import PeerLog
from phonewire.aio.observe.tally import Tally
from phonewire.aio.refusal import Refusal
from phonewire.aio.server.connection import Connection
from phonewire.aio.server.endpoint import Endpoint, Handler, Limits
from phonewire.aio.server.routes import Route
from phonewire.aio.server.watch import Cut, Watch
from phonewire.aio.transports.line import Line
from phonewire.aio.transports.transport import Transport, TransportClosed, WebSocketTransport
from phonewire.errors import CallEndedError, RemoteProtocolError
from phonewire.protocols.connection import Goodbye, MediaConnection, Side, State

__all__ = ["Caller", "Switchboard", "handlers_of"]

# One-way streams are as quiet as the calls that they are of, and VoIPBIN's clients may only listen. das-Peak's senders
# have nothing but silence to say that there is no more, and wait for this side to close.
_MAY_BE_QUIET = {"twilio-one-way", "audiohook", "voipbin"}


class Caller(Protocol):
    """What the switchboard needs of a connection that wants to become a call.

    Attributes:
        address: where it comes from.
        peer: the same with a port where it is known, for logs.
        authentic: False for who is only to be told that he is not.
    """

    address: str
    peer: str
    authentic: bool

    def started(self, close_s: float, *, patient: bool) -> None:
        """Take note that this is a call, whose goodbye may take *close_s*; *patient*: it may be made to wait."""

    async def close(self, code: int, reason: str) -> None:
        """Close the connection."""


class Switchboard:
    """Connects calls with their handlers.

    Args:
        handlers: by path.
        limits: what is taken from a peer.
        tally: counts calls.
        log: of lines about peers.
        refused: takes note of who is being sent away.
    """

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        limits: Limits,
        tally: Tally,
        log: PeerLog,
        refused: Callable[[Any, Refusal], None],
    ) -> None:
        self._handlers = handlers
        self._limits = limits
        self._tally = tally
        self._log = log
        self._refused = refused
        self._goodbyes: set[asyncio.Task[None]] = set()

    async def take(self, connection: Connection, route: Route, target: str) -> None:
        """Take a connection from the upgrade to its end.

        Args:
            connection: has been upgraded.
            route: where its path led to.
            target: raw path and query.
        """
        fault("handshake.upgrade")
        connection.upgraded()
        transport = WebSocketTransport(connection, connection.peer)
        await self.connect(transport, connection, route, target, _headers(connection))

    async def connect(
        self, transport: Transport, connection: Caller, route: Route, target: str, headers: Mapping[str, str]
    ) -> None:
        """Take a connection over *transport* to its end.

        Args:
            transport: carries its messages.
            connection: whose it is.
            route: where its path led to.
            target: raw path and query.
            headers: of the handshake, their names in lower case.
        """
        endpoint = route.endpoint
        fault("engine.make")
        engine = make_engine(
            endpoint.protocol,
            Side.SERVER,
            media_format=endpoint.media_format,
            message_bytes=endpoint.message_limit(self._limits),
            url=target,
            call_id=route.call_id or str(uuid.uuid4()),
            wire=endpoint.wire,
            headers=headers,
        )
        await self.answer(engine, transport, connection, endpoint)

    async def answer(
        self, engine: MediaConnection, transport: Transport, connection: Caller, endpoint: Endpoint
    ) -> None:
        """Take a connection over *transport* from its first message to its end."""
        line = Line(engine, transport)
        if not connection.authentic:
            await asyncio.sleep(endpoint.refuse_after_s)  # what comes meanwhile is not read
            await self._turn_away(line, connection, Refusal.UNAUTHENTICATED, Goodbye(reason="unauthorized"))
            return
        early = await self._start(line, connection)
        if early is None or not await self._may_start(endpoint, line, connection):
            return
        settings = call_settings(
            endpoint.protocol,
            engine,
            Side.SERVER,
            queue_ms=endpoint.queue_ms,
            queue_policy=endpoint.queue_policy,
            no_media_s=endpoint.no_media_s,
            dtmf_in_audio=endpoint.dtmf_in_audio,
            message_rate=endpoint.message_rate,
        )
        connection.started(self._limits.close_s, patient=settings.lossless or settings.spread)
        fault("call.make")
        call = Call(engine, transport, settings)
        for event in early:
            call.dispatch(event)
        await self._connect(call, transport, endpoint, connection)

    # Before there is a call

    async def _start(self, line: Line, connection: Caller) -> list[Any] | None:
        """Return the events up to the stream's start; None when it did not start and the connection is closed."""
        early: list[Any] = []
        engine = line.engine
        engine.connected(int(asyncio.get_running_loop().time() * 1e9))
        try:
            async with asyncio.timeout(self._limits.start_s):
                while engine.state is State.OPENING:
                    early += await _exchange(line)
        except TimeoutError:
            self._refused(connection, Refusal.NO_START)
            text = f"no stream started within {self._limits.start_s:g} s"
            await connection.close(Refusal.NO_START.close_code, text)
        except TransportClosed as closed:
            if closed.cut_off:
                self._refused(connection, Refusal.BROKE_PROTOCOL)
        except RemoteProtocolError as exc:
            self._refused(connection, Refusal.BROKE_PROTOCOL)
            await line.transport.close(exc.close_code, exc.close_reason)
        else:
            if engine.state is State.OPEN or not engine.dialect.client_closes:
                return early
            try:
                await self._see_off(line)
            finally:
                if engine.rejected:
                    self._refused(connection, Refusal.BROKE_PROTOCOL)
        return None

    async def _turn_away(self, line: Line, connection: Caller, refusal: Refusal, goodbye: Goodbye) -> None:
        """Say goodbye to who makes no call, and let him close; until he is gone he counts among those who wait."""
        line.engine.close(goodbye)
        line.write_out()
        try:
            await self._see_off(line)
        finally:
            self._refused(connection, refusal)

    async def _see_off(self, line: Line) -> None:
        """Let a far end go that has made no call: it only tried the connection, or was turned away."""
        with contextlib.suppress(TimeoutError, TransportClosed, RemoteProtocolError):
            async with asyncio.timeout(PEER_CLOSES_S):
                while line.engine.state is not State.CLOSED:
                    await _exchange(line)
        await line.transport.close()

    async def _may_start(self, endpoint: Endpoint, line: Line, connection: Caller) -> bool:
        call_id = line.engine.call_id
        try:
            fault("call.expects")
            expected = await endpoint.expects(call_id)
        except Exception:
            self._raised("call_ids", call_id, connection.address)
            await line.transport.close(1011, "internal error")
            return False
        if not expected:
            await self._refuse(line, connection, Refusal.UNEXPECTED_CALL, "this call is not expected")
        elif len(self._tally.calls) >= self._limits.calls:
            await self._refuse(line, connection, Refusal.TOO_MANY_CALLS, "too many calls, try again later")
        else:
            return True
        return False

    async def _refuse(self, line: Line, connection: Caller, refusal: Refusal, text: str) -> None:
        if line.engine.dialect.client_closes:
            await self._turn_away(line, connection, refusal, Goodbye(reason="error", info=text))
        else:
            self._refused(connection, refusal)
            await connection.close(refusal.close_code, text)

    # The call

    async def _connect(self, call: Call, transport: Transport, endpoint: Endpoint, connection: Caller) -> None:
        """Run a call beside its handler, until both have ended."""

        def cut(call: Call, refusal: Refusal, text: str) -> None:
            self._refused(connection, refusal)
            self._say_goodbye(call, refusal.close_code, text)

        watch = self._watch(call, transport, endpoint, cut)
        self._tally.begin(call)
        self._say(logging.INFO, "call_started", call, connection, "call {call_id}: {protocol} from {peer}")
        # In a task of its own: each frame wakes it, and would wake with it all that this is called from.
        handling = asyncio.create_task(self._handle(call, self._handlers[endpoint.path], connection))
        reader = asyncio.create_task(call.run())  # after it: what it records has begun before anything comes
        try:
            await handling
        finally:
            watch.stop()
            try:
                await _finish(call, reader)
            finally:
                self._ended(call, connection)

    def _watch(self, call: Call, transport: Transport, endpoint: Endpoint, cut: Cut) -> Watch:
        """Begin to watch a call. What its far end has to send, the protocol says where the endpoint does not."""
        has_to, from_first = endpoint.sends_media, False
        if has_to is None:
            has_to = call.protocol not in _MAY_BE_QUIET
            from_first = call.may_send and call.protocol == "voipbin"
        most_s, idle_s = self._limits.max_call_seconds, self._limits.media_idle_s
        return Watch(call, most_s, idle_s, cut, ask=None if has_to else transport.confirm, from_first=from_first)

    async def _handle(self, call: Call, handler: Handler, connection: Caller) -> None:
        try:
            fault("call.handle")
            await handler(call)
            await self._drain(call, connection)
        except Exception as exc:
            if not _hung_up(exc):
                self._raised("handler", call.id, connection.address)
                await call.close(1011, "internal error")

    async def _drain(self, call: Call, connection: Caller) -> None:
        try:
            async with asyncio.timeout(self._limits.drain_s):
                await call.drain()
        except TimeoutError:
            text = "call {call_id}: closed with {queued_ms} ms unsent"
            self._say(logging.WARNING, "unsent", call, connection, text, queued_ms=call.stats().queued_ms)

    def _say_goodbye(self, call: Call, code: int, text: str) -> None:
        task = asyncio.create_task(call.close(code, text))
        self._goodbyes.add(task)  # the event loop alone would let it go
        task.add_done_callback(self._goodbyes.discard)

    def _ended(self, call: Call, connection: Caller) -> None:
        stats = call.stats()
        self._say(
            logging.INFO,
            "call_ended",
            call,
            connection,
            "call {call_id}: {reason} after {seconds:.1f} s, {ms_in} ms heard, {ms_out} ms said",
            reason=str(call.end_reason),
            close_code=call.close_code,
            seconds=self._tally.end(call),
            ms_in=stats.ms_in,
            ms_out=stats.ms_out,
        )

    def _say(self, level: int, event: str, call: Call, connection: Caller, text: str, **fields: Any) -> None:
        about = fields | {"call_id": call.id, "protocol": call.protocol, "peer": connection.peer}
        self._log.write(level, event, connection.address, text, about)

    def _raised(self, what: str, call_id: str, address: str) -> None:
        self._tally.handler_errors += 1
        text = "call {call_id}: its {what} raised"
        self._log.write(logging.ERROR, "raised", address, text, {"call_id": call_id, "what": what}, exc_info=True)


def handlers_of(endpoints: Iterable[Endpoint], default: Handler | None, limits: Limits) -> dict[str, Handler]:
    """Return who takes the calls of each path, after each endpoint has been tried out.

    Raises:
        ValueError: an endpoint has no handler, or is of no known protocol or *wire*.
    """
    return {endpoint.path: _handler(endpoint, default, limits) for endpoint in endpoints}


def _handler(endpoint: Endpoint, default: Handler | None, limits: Limits) -> Handler:
    make_engine(
        endpoint.protocol,
        Side.SERVER,
        media_format=endpoint.media_format,
        message_bytes=endpoint.message_limit(limits),
        wire=endpoint.wire,
    )
    handler = endpoint.handler or default
    if handler is None:
        raise ValueError(f"the endpoint {endpoint.path} has no handler")
    return handler


async def _exchange(line: Line) -> list[Any]:
    """Return the events of the next message, and answer it unless a stream has started, whose call does that."""
    events = line.receive(*await line.transport.receive())
    if line.engine.state is not State.OPEN:
        line.write_out()
    return events


def _headers(connection: Connection) -> dict[str, str]:
    """Return the headers of the handshake, their names in lower case; of one that came twice the last."""
    request = connection.request
    return {} if request is None else {name.lower(): value for name, value in request.headers.raw_items()}


async def _finish(call: Call, reader: asyncio.Task[None]) -> None:
    """Hang up, and wait until nothing of the call goes on, even when this is cancelled meanwhile."""
    try:
        await call.close()
    finally:
        await reader


def _hung_up(exc: Exception) -> bool:
    """Whether the handler ended only because the far end hung up while it was speaking, in a task group or not."""
    if isinstance(exc, ExceptionGroup):
        return exc.split(CallEndedError)[1] is None
    return isinstance(exc, CallEndedError)
