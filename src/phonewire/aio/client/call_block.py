"""What the clients have in common: a call for the length of a block."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import TYPE_CHECKING

from phonewire._bounds import check_above_0, check_at_least_0
from phonewire.aio.call.call import Call

if TYPE_CHECKING:
    from phonewire.aio.observe.telemetry import OpenTelemetry

__all__ = ["CallBlock"]


class CallBlock:
    """The end of ``async with ... as call``.

    Args:
        open_timeout_s: for an attempt to connect.
        drain_timeout_s: for queued audio to be heard when the block is left.
        close_timeout_s: for the goodbye.
        telemetry: is told of the call.

    Raises:
        ValueError: *open_timeout_s* is not above 0, or another time is below 0.
    """

    def __init__(
        self,
        open_timeout_s: float,
        drain_timeout_s: float,
        close_timeout_s: float,
        telemetry: OpenTelemetry | None,
    ) -> None:
        check_above_0(open_timeout_s=open_timeout_s)
        check_at_least_0(drain_timeout_s=drain_timeout_s, close_timeout_s=close_timeout_s)
        self._open_timeout_s = open_timeout_s
        self._drain_timeout_s = drain_timeout_s
        self._close_timeout_s = close_timeout_s
        self._telemetry = telemetry
        self._beside = contextlib.ExitStack()

    def _begin(self, call: Call) -> Call:
        self._call = call
        if self._telemetry is not None:
            self._beside.enter_context(self._telemetry.calling(call))
        self._reader = asyncio.create_task(call.run())
        return call

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._beside:
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
