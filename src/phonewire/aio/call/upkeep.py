"""What a connection needs beside its messages: its beginning, the engine's timers, and word that audio arrived."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from phonewire.aio.outbound.outbound import Outbound
from phonewire.aio.transports.line import Line
from phonewire.protocols.connection import State

__all__ = ["Upkeep"]

_CONFIRM_S = 1.0  # how often to ask: what was sent since may be lost without our knowing


class Upkeep:
    """Looks after one connection: ``with Upkeep(...) as upkeep``.

    Args:
        line: the connection.
        outbound: sends over it, as soon as the protocol lets it.
        dispatch: takes the events of the engine's timers.
        confirm: ask the far end every second whether it has what was sent.
    """

    def __init__(self, line: Line, outbound: Outbound, dispatch: Callable[[Any], None], *, confirm: bool) -> None:
        self._line = line
        self._outbound = outbound
        self._dispatch = dispatch
        self._confirm = confirm
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._deadline_ns: int | None = None
        self._task: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        self._line.engine.connected(self._now_ns())
        self._line.write_out()  # a client announces its stream even when it only listens
        if self._line.engine.state is State.OPEN:
            self._outbound.release()
        self._outbound.look()
        self._arm()
        if self._confirm:
            self._task = self._loop.create_task(self._ask())
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    def look(self) -> None:
        """Take note that a message may have moved the engine's timers, and whether audio may go out."""
        self._outbound.look()
        if self._line.engine.next_deadline_ns() != self._deadline_ns:
            if self._timer is not None:
                self._timer.cancel()
            self._arm()

    def _arm(self) -> None:
        self._deadline_ns = due_ns = self._line.engine.next_deadline_ns()
        self._timer = None if due_ns is None else self._loop.call_at(due_ns / 1e9, self._time_is_up)

    def _time_is_up(self) -> None:
        # A timer of the event loop may be early by its resolution; the engine would set the same deadline again.
        due_ns = max(self._now_ns(), self._line.engine.next_deadline_ns() or 0)
        for event in self._line.engine.handle_timeout(due_ns):
            self._dispatch(event)
        self._line.write_out()
        self._outbound.look()
        self._arm()

    async def _ask(self) -> None:
        while True:
            await asyncio.sleep(_CONFIRM_S)
            sent_ns = self._outbound.sent_ns
            if not await self._line.transport.confirm():
                return
            self._outbound.confirm(sent_ns)

    def _now_ns(self) -> int:
        return int(self._loop.time() * 1e9)
