"""The signals that stop a process, heard before the web server that runs it.

A web server closes its connections first and tells the application afterwards, when there is nobody left to say goodbye
to. So whoever has calls hears the signal before it, and hands it on when they have ended.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any, Self

from phonewire.aio.mounted.wakeup import Wakeup

__all__ = ["StopSignals"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopSignals:
    """Hears SIGINT and SIGTERM while the block lasts, where the web server handles them in Python or in its event loop.

    What came first is handed on when *before* is done; the same signal again at once. The other one waits, too: a
    Ctrl-C reaches granian's workers twice, by the terminal and as their parent's SIGTERM.

    Args:
        before: what is to be done first.
    """

    def __init__(self, before: Callable[[], Awaitable[None]]) -> None:
        self._before = before
        self._handlers: dict[int, Callable[[int, FrameType | None], Any]] = {}
        self._waiting: list[int] = []  # numbers, in the order in which they came
        self._wakeup: Wakeup | None = None
        self._task: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        self._loop, self._handlers = asyncio.get_running_loop(), {}
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                handler = signal.getsignal(number)
                # What is not a function of the server's own: the system's doing, Python's own interrupt.
                if callable(handler) and handler is not signal.default_int_handler:
                    self._handlers[number] = handler
                    signal.signal(number, self._hear)
        if self._handlers:
            self._wakeup = Wakeup(self._loop, self._waiting)
            self._wakeup.step_in_front()
        return self

    def __exit__(self, *exc: object) -> None:
        for number in self._handlers:
            self._give_back(number)
        if self._wakeup is not None:
            self._wakeup.close()
            self._wakeup = None

    def stay_in_front(self) -> None:
        """Hear signals before an event loop that has begun to hear them since the block was entered."""
        if self._wakeup is not None:
            self._wakeup.step_in_front()

    def _give_back(self, number: int) -> None:
        if signal.getsignal(number) == self._hear:
            signal.signal(number, self._handlers[number])

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self._give_back(number)  # the same signal again is the server's
        self._waiting.append(number)
        self._loop.call_soon_threadsafe(self._begin)

    def _begin(self) -> None:
        if self._task is None or self._task.done():
            self._task = self._loop.create_task(self._hand_on())

    async def _hand_on(self) -> None:
        try:
            await self._before()
        finally:
            while self._waiting:
                number = self._waiting.pop(0)
                self._handlers[number](number, None)
                if self._wakeup is not None:
                    self._wakeup.let_through(number)
