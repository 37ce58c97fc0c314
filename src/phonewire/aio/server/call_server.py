"""What the servers have in common: what can be asked of one, and how it ends."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Sized
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import TYPE_CHECKING

from phonewire.aio.call.call import Call
from phonewire.aio.cluster.local import Cluster, LocalCluster
from phonewire.aio.observe.log import PeerLog
from phonewire.aio.observe.measures import Measures
from phonewire.aio.observe.tally import Tally
from phonewire.aio.refusal import Refusal

if TYPE_CHECKING:
    from phonewire.aio.monitor.monitor import Monitor
    from phonewire.aio.observe.telemetry import OpenTelemetry

__all__ = ["CallServer"]

_log = logging.getLogger("phonewire.server")

_CANCELLED_S = 1.0  # for handlers to end when they have been cancelled


class CallServer(ABC):
    """A server of calls, whatever carries them.

    Attributes:
        cluster: finds calls by their ids.
    """

    def __init__(self, cluster: Cluster | None, telemetry: OpenTelemetry | None, monitor: Monitor | None) -> None:
        self.cluster: Cluster = cluster or LocalCluster()
        self._telemetry = telemetry
        self._tally = Tally([each for each in (self.cluster, telemetry, monitor) if each is not None])
        self._peer_log = PeerLog(_log)

    def _watched(self, waiting: Sized) -> AbstractContextManager[None]:
        """Return what has the counters told to OpenTelemetry, if anything does."""
        if self._telemetry is None:
            return nullcontext()
        return self._telemetry.watching(Measures(self._tally, waiting, self._peer_log))

    @property
    def calls(self) -> AbstractSet[Call]:
        """The calls that go on."""
        return self._tally.calls.keys()

    @property
    def refused(self) -> Counter[Refusal]:
        """How many peers were sent away since the start, by reason."""
        return self._tally.refused

    @property
    def handler_errors(self) -> int:
        """Handlers that raised, since the start."""
        return self._tally.handler_errors

    async def drain(self, seconds: float) -> None:
        """Take no more calls, and let those that go on come to their end; `close` is to follow.

        Args:
            seconds: how long they may go on.
        """
        self._let_nobody_in()
        ends = [asyncio.create_task(call.wait_ended()) for call in self.calls]
        try:
            if ends:
                await asyncio.wait(ends, timeout=seconds)
        finally:
            for end in ends:
                end.cancel()

    @abstractmethod
    def _let_nobody_in(self) -> None:
        """Take nobody any more, and send away who has no call; may be called again."""

    @abstractmethod
    async def close(self, drain_s: float = 5.0) -> None:
        """Stop listening, end every call with its protocol's goodbye, and wait for the handlers.

        Args:
            drain_s: for all of that; then, or when this is cancelled, connections are cut and handlers cancelled, which
                get one second more.
        """

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def _cancel(self, tasks: Collection[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        if tasks:
            _, stuck = await asyncio.wait(tasks, timeout=_CANCELLED_S)
            if stuck:
                _log.error("%d handlers do not end when they are cancelled", len(stuck), extra={"event": "stuck"})
