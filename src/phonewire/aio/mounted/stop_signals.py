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

__all__ = ["StopSignals"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopSignals:
    """Hears SIGINT and SIGTERM while the block lasts, where the web server handles them in Python.

    The first one is handed on when *before* is done; a second one at once.

    Args:
        before: what is to be done first.
    """

    def __init__(self, before: Callable[[], Awaitable[None]]) -> None:
        self._before = before
        self._handlers: dict[int, Callable[[int, FrameType | None], Any]] = {}
        self._task: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                handler = signal.getsignal(number)
                # What is not a function of the server's own: the system's doing, Python's own interrupt.
                if callable(handler) and handler is not signal.default_int_handler:
                    self._handlers[number] = handler
                    signal.signal(number, self._hear)
        return self

    def __exit__(self, *exc: object) -> None:
        for number, handler in self._handlers.items():
            if signal.getsignal(number) == self._hear:
                signal.signal(number, handler)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self.__exit__()  # a second signal is the server's
        self._loop.call_soon_threadsafe(self._begin, number)

    def _begin(self, number: int) -> None:
        self._task = self._loop.create_task(self._hand_on(number))

    async def _hand_on(self, number: int) -> None:
        try:
            await self._before()
        finally:
            self._handlers[number](number, None)
