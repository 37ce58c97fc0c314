"""What the clients have in common: a call for the length of a block."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType

from phonewire.aio.call.call import Call

__all__ = ["CallBlock"]


class CallBlock:
    """The end of ``async with ... as call``.

    Args:
        drain_timeout_s: for queued audio to be heard when the block is left.
    """

    def __init__(self, drain_timeout_s: float) -> None:
        self._drain_timeout_s = drain_timeout_s

    def _begin(self, call: Call) -> Call:
        self._call = call
        self._reader = asyncio.create_task(call.run())
        return call

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if exc is None:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._drain_timeout_s):
                        await self._call.drain()
        finally:
            try:
                await self._call.close()
            finally:
                await self._reader
