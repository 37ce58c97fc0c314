"""One call of many: from dialling to the goodbye, on the clock that all calls of a loop share."""

from __future__ import annotations

import asyncio
import contextlib
from array import array
from collections.abc import Awaitable, Callable
from typing import Protocol

from phonewire.aio.pacing import Ticker, ticker
from phonewire.errors import ProtocolError
from phonewire.load.script import Script
from phonewire.load.stamp import read_head
from phonewire.load.tally import LATE_MS, Tally
from phonewire.load.websocket import Refused

__all__ = ["COMPLETED", "STOPPED", "Caller", "Dial", "Line"]

#: How a call ends that was carried to its end.
COMPLETED = "completed"
#: And one that we did not let end.
STOPPED = "stopped"

_ANSWER_S = 10.0  # for a server to take a call
_LATE_S = 10.0  # for the last frames to come back: what is later is lost
_GOODBYE_S = 5.0
_LATE_NS = LATE_MS * 1_000_000


class Line(Protocol):
    """A call's connection."""

    transport: asyncio.Transport
    opened: asyncio.Future[None]
    ended: asyncio.Future[int]
    full: bool

    def goodbye(self) -> None:
        """Begin to close."""


#: Makes a connection, told who takes what comes.
Dial = Callable[[Callable[[bytes, bool], None]], Awaitable[Line]]


class Caller:
    """One call, which counts what comes of it.

    Args:
        number: of the call, as its stamps have it.
        script: what it says.
        frames: how many.
        stamped: whether each of them should come back.
        quiet_s: for how long it stays when they have been said.
        tally: where all calls are counted.
    """

    def __init__(
        self, number: int, script: Script, frames: int, *, stamped: bool, tally: Tally, quiet_s: float = 0.0
    ) -> None:
        self._number, self._script, self._frames, self._tally = number, script, frames, tally
        self._quiet_s = quiet_s
        self._sent_ns = array("q", bytes(8 * frames)) if stamped else None
        self._said = self._sent = self._returned = 0  # frames: whose time has come, written, come back
        self._latest = -1
        self._played_ns = 0  # until when what came back lasts
        self._began_ns = 0
        self._period_ns = script.period_ms * 1_000_000
        self._ticker: Ticker = ticker()
        self._line: Line | None = None
        self._changed = asyncio.Event()

    async def run(self, dial: Dial) -> None:
        """Call, speak and hang up; how it went is counted."""
        end = STOPPED
        try:
            end = await self._call(dial)
        finally:
            self._abort()  # where it was not closed
            self._tally.ends[end] += 1
            if self._sent_ns is not None and end is not STOPPED:
                self._tally.lost += self._sent - self._returned

    async def _call(self, dial: Dial) -> str:
        began_ns = self._ticker.now_ns()
        try:
            async with asyncio.timeout(_ANSWER_S):
                line = self._line = await dial(self._take)
                await line.opened
                line.ended.add_done_callback(lambda _: self._changed.set())
                self._tally.connecting.add(self._ticker.now_ns() - began_ns)
                line.transport.write(self._script.open())
                await self._until(line, lambda: self._script.ready)
        except Refused as refused:
            return str(refused)
        except TimeoutError:
            return "no answer in time"
        except OSError as error:
            return f"nobody there: {error.strerror or error}"
        return await self._speak(line)

    async def _speak(self, line: Line) -> str:
        """Say everything, and return how it ended."""
        self._tally.talking += 1
        self._began_ns = self._ticker.join(self) or 0
        try:
            await self._until(line, lambda: self._said == self._frames or not self._script.ready)
            if self._sent_ns is not None:
                await self._until(line, lambda: self._returned == self._sent, _LATE_S)
            await self._until(line, lambda: False, self._quiet_s)
        finally:
            self._ticker.leave(self)
            self._tally.talking -= 1
        if line.ended.done():
            return self._end_of(line.ended.result())
        whole = self._said == self._frames or self._sent_ns is None
        line.transport.write(self._script.close())
        line.goodbye()
        await asyncio.wait([line.ended], timeout=_GOODBYE_S)
        if line.ended.done():
            return COMPLETED if whole else "hung up by the server"
        return f"no end within {_GOODBYE_S:g} s of the goodbye"

    def _end_of(self, code: int) -> str:
        """Say what it means that the server has closed while the call spoke."""
        if code in (1000, 1001) and self._sent_ns is None:
            return COMPLETED  # a consumer that has enough
        return "dropped" if code == 1006 else f"closed with {code}"

    async def _until(self, line: Line, done: Callable[[], bool], most_s: float | None = None) -> None:
        """Wait until something is done, the connection is over, or the time is."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(most_s):
                while not done() and not line.ended.done():
                    self._changed.clear()
                    await self._changed.wait()

    def _abort(self) -> None:
        if self._line is not None:
            self._line.transport.abort()

    # On the clock

    def tick(self, due_ns: int) -> bool:
        """Say what is due, as a phone does all of it, also after a stall; return whether there is more to say."""
        line = self._line
        while self._said < self._frames and self._began_ns + self._said * self._period_ns <= due_ns:
            number, self._said = self._said, self._said + 1
            if line is None or line.full:
                self._tally.held += 1
                continue
            if self._sent_ns is not None:
                self._sent_ns[number] = self._ticker.now_ns()
            line.transport.write(self._script.frame(number))
            self._sent += 1
            self._tally.sent += 1
        if self._said < self._frames:
            return True
        self._changed.set()
        return False

    def tick_failed(self) -> None:
        """Hang up: what does not speak does not measure."""
        self._abort()

    # What comes

    def _take(self, data: bytes, text: bool) -> None:
        self._tally.messages += 1
        try:
            heads = self._script.read(data, text)
        except ProtocolError:
            self._abort()
            return
        if self._sent_ns is not None:
            for head in heads:
                self._take_head(head, self._sent_ns)
        if replies := self._script.replies():
            assert self._line is not None  # noqa: S101 - something came from it
            self._line.transport.write(replies)
        if not self._began_ns or self._said == self._frames or not self._script.ready:
            self._changed.set()

    def _take_head(self, head: bytes, sent_ns: array[int]) -> None:
        found = read_head(head)
        tally = self._tally
        if found is None:
            tally.unstamped += 1
            return
        call, number = found
        if call != self._number or number >= self._said:
            tally.strange += 1
        elif not sent_ns[number]:
            tally.duplicated += 1
        else:
            now_ns = self._ticker.now_ns()
            tally.second.add(now_ns - sent_ns[number])
            self._play(now_ns)
            sent_ns[number] = 0
            self._returned += 1
            tally.returned += 1
            if number < self._latest:
                tally.reordered += 1
            else:
                self._latest = number

    def _play(self, now_ns: int) -> None:
        """Play a frame behind those that came before, as a phone does."""
        late_ns = now_ns - self._played_ns
        if late_ns > 0:
            self._tally.late += bool(self._played_ns) and late_ns > _LATE_NS
            self._played_ns = now_ns
        self._played_ns += self._period_ns
