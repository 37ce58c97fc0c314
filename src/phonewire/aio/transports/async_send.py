"""Messages for a web server whose ``send`` may make the caller wait, from a call that never waits."""

from __future__ import annotations

import asyncio
import types
from collections import deque
from collections.abc import Awaitable, Callable, Generator
from typing import TYPE_CHECKING, Any

from phonewire._backend import NATIVE
from phonewire.aio import faults

if TYPE_CHECKING or not NATIVE:
    from phonewire._pure.sending import first_step
else:
    from phonewire._native.sending import first_step

__all__ = ["AsyncSend"]


class AsyncSend:
    """Sends messages in order.

    A server takes a message at once unless its socket is full, so the first step of ``send`` is made on the spot:
    nothing is left to be done then, and a frame goes out in the tick in which it was due. Only when that step waits,
    a task makes the others, and what comes meanwhile waits behind it. A task for each message, or one that is woken
    for it, would cost a turn of the event loop.

    Args:
        send: sends one message (data, text).

    Attributes:
        buffered_bytes: of messages that the server has not taken yet.
        closed: nothing more is taken; what waits still goes out.
    """

    def __init__(self, send: Callable[[bytes, bool], Awaitable[None]]) -> None:
        self._send = send
        self._waiting: deque[tuple[bytes, bool]] = deque()
        self._task: asyncio.Task[None] | None = None
        self.buffered_bytes = 0
        self.closed = False

    def put(self, data: bytes, text: bool) -> bool:
        """Send a message without waiting; False when nothing more is taken."""
        if faults.hook is not None:
            faults.hook("transport.write")
        if self.closed:
            return False
        if self._task is not None:
            self._waiting.append((data, text))
            self.buffered_bytes += len(data)
            return True
        try:
            waits = first_step(self._send(data, text))
        except Exception:  # each server has its own for a connection that is gone
            self.stop()
            return False
        if waits is not None:
            self.buffered_bytes = len(data)
            self._task = asyncio.create_task(self._go_on(*waits, len(data)))
        return True

    async def drain(self) -> None:
        """Wait until the server has taken everything, or takes no more."""
        while (task := self._task) is not None:
            await asyncio.wait([task])

    def stop(self) -> None:
        """Drop what the server has not taken."""
        self.closed = True
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
        self._waiting.clear()
        self.buffered_bytes = 0

    async def _go_on(self, steps: Generator[Any, Any, None], waits_for: Any, size: int) -> None:
        try:
            await _rest(steps, waits_for)
            self.buffered_bytes -= size
            while self._waiting:
                data, text = self._waiting.popleft()
                await self._send(data, text)
                self.buffered_bytes -= len(data)
            self._task = None
        except Exception:
            self.stop()


@types.coroutine
def _rest(steps: Generator[Any, Any, None], waits_for: Any) -> Generator[Any, Any, None]:
    """Go on with what has begun and waits for something."""
    yield waits_for
    yield from steps
