"""Who is in a call, whatever the protocol: what a test waits for, and that the call is over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

__all__ = ["Party"]


class Party:
    """Somebody in a call; a base class."""

    def __init__(self) -> None:
        self._over = asyncio.Event()
        self._how_it_ended = ""
        self._changed = asyncio.Event()

    async def until(self, predicate: Callable[[], bool]) -> None:
        """Wait until *predicate* is true; it is asked after everything that comes and everything that is said.

        Raises:
            ConnectionError: the call is over, and it is not true.
        """
        while not predicate():
            if self._over.is_set():
                raise ConnectionError(self._how_it_ended)
            await self._changed.wait()

    async def wait_closed(self) -> None:
        """Wait until the call is over, whoever ends it."""
        await self._over.wait()

    def _end(self, how: str = "the call is over") -> None:
        """Take note that the call is over."""
        self._how_it_ended = how
        self._over.set()
        self._notify()

    def _notify(self) -> None:
        """Let everybody who waits for something look again."""
        self._changed.set()
        self._changed = asyncio.Event()
