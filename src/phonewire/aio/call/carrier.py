"""Messages between a call's connection and its two halves, over one connection after another, until the call ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from phonewire.aio import faults
from phonewire.aio.call.attention import Attention
from phonewire.aio.call.upkeep import Upkeep
from phonewire.aio.events import Disconnected
from phonewire.aio.inbound.inbound import Inbound
from phonewire.aio.outbound.outbound import Outbound
from phonewire.aio.redial import may_come_back
from phonewire.aio.transports.line import Line
from phonewire.aio.transports.transport import Transport, TransportClosed
from phonewire.errors import RemoteProtocolError
from phonewire.protocols.connection import (
    Ended,
    EndReason,
    Goodbye,
    Mark,
    Media,
    MediaConnection,
    PlaybackCompleted,
    PlaybackStarted,
    RejectReason,
    Side,
    State,
)

__all__ = ["PEER_CLOSES_S", "Again", "Carrier"]

_log = logging.getLogger("phonewire.call")

#: Seconds for a far end that is to close the connection; a server that stops has one more.
PEER_CLOSES_S = 4.0

#: Makes another connection when one broke; None when there will be none. Is told the future of the call's end, and
#: whether the connection that broke had brought audio.
Again = Callable[[asyncio.Future[EndReason], bool], Awaitable[tuple[MediaConnection, Transport] | None]]


class Carrier:
    """What makes a call go on.

    Args:
        line: the connection.
        inbound: takes what comes.
        outbound: sends.
        attention: ends with the call.
        again: makes another connection; None where the call ends with the first.
        peer_closes: after the goodbyes it is the far end that closes the connection.

    Attributes:
        ended: how the call ended, when it has.
        close_code: WebSocket close code that ended the connection; None while it is up.
        faults: errors of our own that ended the call.
    """

    def __init__(
        self,
        line: Line,
        inbound: Inbound,
        outbound: Outbound,
        attention: Attention,
        again: Again | None,
        peer_closes: bool = False,
    ) -> None:
        self._line = line
        self._inbound = inbound
        self._outbound = outbound
        self._attention = attention
        self._again = again
        self._frames_before = 0  # that came over the connections before this one
        self.ended: asyncio.Future[EndReason] = asyncio.get_running_loop().create_future()
        self.close_code: int | None = None
        self.faults = 0
        self._closing: asyncio.Task[None] | None = None
        self._peer_closes = peer_closes
        self._closes = line.engine.dialect.client_closes and line.engine.side is Side.CLIENT
        self._over = asyncio.Event()  # nothing is carried any more

    async def run(self) -> None:
        """Carry messages until the call ends."""
        try:
            await self._carry()
            while await self._connect_anew():
                await self._carry()
        finally:
            self._over.set()
            for event in self._line.engine.receive_eof(self.close_code or 1006):
                self.dispatch(event)
            if self._closing is not None:
                await self._closing
            await self._inbound.finish_recordings()

    def dispatch(self, event: Any) -> None:
        """Give an event of the engine to everybody whom it concerns."""
        if not isinstance(event, Media):
            self._tell(event)
        elif not self.ended.done():
            self._inbound.heard(event)

    def _tell(self, event: Any) -> None:
        if isinstance(event, Mark):
            self._outbound.mark_returned(event.name)
        elif isinstance(event, PlaybackStarted | PlaybackCompleted):
            self._outbound.told_of_playback(event)
        self._inbound.told(event)
        if isinstance(event, Ended):
            self.end(event.reason)
            if self._closes:
                self._closing = self._closing or asyncio.create_task(self._line.transport.close())

    def end(self, reason: EndReason) -> None:
        """End the call, if it has not ended yet."""
        if not self.ended.done():
            self.ended.set_result(reason)
            self._outbound.end()
            self._attention.end()
            self._inbound.end(reason)

    def fail(self, what: str) -> None:
        """End the call because of an error of our own, which is being handled; other calls go on."""
        about = {"event": "failed", "call_id": self._line.engine.call_id, "what": what}
        _log.error("call %s: %s failed", self._line.engine.call_id, what, exc_info=True, extra=about)
        self.faults += 1
        self.close_code = 1011
        self._closing = self._closing or asyncio.create_task(self._give_up())
        if not self.ended.done():
            self.dispatch(Ended(EndReason.FAILED))

    async def close(self, code: int, goodbye: Goodbye) -> None:
        """Hang up; may be called again."""
        if not self.ended.done():
            self._line.engine.close(goodbye)
            self._line.write_out()
            self.end(EndReason.CLOSED)
        await self._hear_goodbye()
        await self._line.transport.close(code, goodbye.info)

    async def _give_up(self) -> None:
        try:
            if self._peer_closes:
                self._line.engine.close(Goodbye(reason="error", info="internal error"))
                self._line.write_out()
            await self._hear_goodbye()
        finally:
            await self._line.transport.close(1011, "internal error")

    async def _hear_goodbye(self) -> None:
        """Wait until a far end that is to close has closed, or one that is to answer our goodbye has answered."""
        if not (self._peer_closes or self._closes) or self._line.engine.state is State.CLOSED:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PEER_CLOSES_S):
                await self._over.wait()

    async def _carry(self) -> None:
        """Carry messages until the connection ends."""
        line = self._line
        try:
            with Upkeep(line, self._outbound, self.dispatch, confirm=self._again is not None) as upkeep:
                hearing = self._inbound.hearing
                hearing.otherwise = partial(self._take, upkeep)
                while True:
                    try:
                        message = await line.transport.receive(hearing.take)
                    except TransportClosed:
                        await self._inbound.room()
                        raise
                    await self._inbound.room()
                    self._heed(upkeep, line.receive(*message))
        except TransportClosed as closed:
            self.close_code = closed.code
            if closed.cut_off:
                line.engine.fail(RejectReason.TOO_LONG if closed.code == 1009 else RejectReason.BAD_WEBSOCKET)
        except RemoteProtocolError as exc:
            self.close_code = exc.close_code
            await line.transport.close(exc.close_code, exc.close_reason)
        except Exception:
            self.fail("receiving")  # with nobody who listens the call must not stay open

    def _take(self, upkeep: Upkeep, data: bytes, text: bool) -> bool:
        """Heed a message, unless the far end is to be made to wait."""
        self._inbound.hearing.close()
        if self._inbound.may_wait and not self._inbound.has_room:
            return False
        self._heed(upkeep, self._line.receive(data, text))
        return True

    def _heed(self, upkeep: Upkeep, events: list[Any]) -> None:
        """Do all that a message calls for; audio of an open stream calls for no answer and moves no timer."""
        calm = bool(events) and not self._outbound.held
        for event in events:
            if isinstance(event, Media):
                if not self.ended.done():
                    self._inbound.heard(event)
            else:
                calm = False
                self._tell(event)
        if not calm:
            self._line.write_out()
            upkeep.look()
        elif faults.hook is None and (readers := self._line.engine.media_readers()):
            self._inbound.hear(readers)  # what comes like this one calls for no more

    async def _connect_anew(self) -> bool:
        """Go on over another connection, where the protocol has that, and one can be had."""
        code = self.close_code or 1006
        if self._again is None or self.ended.done() or not may_come_back(code):
            return False
        self._tell_of_break(code)
        try:
            found = await self._again(self.ended, self._inbound.hearing.frames > self._frames_before)
        except Exception:
            self.fail("connecting anew")
            return False
        if found is None:
            return False
        self._line.replace(*found)
        if self.ended.done():  # while the connection was being made
            await self._line.transport.close()
            return False
        self._frames_before = self._inbound.hearing.frames
        self.close_code = None
        return True

    def _tell_of_break(self, code: int) -> None:
        unconfirmed_ms = self._outbound.broke()
        self._inbound.torn()
        self._inbound.told(Disconnected(code, self._outbound.sent_ns // 1_000_000, unconfirmed_ms))
