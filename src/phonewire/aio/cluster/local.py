"""The calls of one process, and orders to them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Protocol

from phonewire.aio.call.call import Call
from phonewire.aio.cluster.nonces import MemoryNonces, NonceStore
from phonewire.errors import PhonewireError

__all__ = ["Cluster", "LocalCluster"]

_log = logging.getLogger("phonewire.cluster")


class Cluster(Protocol):
    """Servers that are one to the outside: each call is at one of them, and any of them can be asked.

    Attributes:
        nonces: what has been signed once, for `Endpoint`.
    """

    nonces: NonceStore

    def entered(self, call: Call) -> None:
        """Take note of a call that begins here; never waits."""

    def left(self, call: Call) -> None:
        """Take note that it is over; never waits."""

    async def where(self, call_id: str) -> str | None:
        """Return the node that a call is at; None when there is no such call."""

    async def hang_up(self, call_id: str) -> bool:
        """End a call with its protocol's goodbye, wherever it is; False when there is no such call."""

    async def play(self, call_id: str, prompt: str) -> bool:
        """Begin to play a file to a call, wherever it is.

        Args:
            call_id: of the call.
            prompt: name of a WAV file in the folder of prompts of the node that the call is at.

        Returns:
            False when there is no such call there, or no such prompt.
        """


class LocalCluster:
    """A `Cluster` of one process; the default of every server.

    Args:
        node: its name.
        prompts: folder of what can be played; None for nothing.
    """

    def __init__(self, node: str = "local", *, prompts: Path | None = None) -> None:
        self.node = node
        self.nonces: NonceStore = MemoryNonces()
        self._prompts = prompts
        self._calls: dict[str, Call] = {}
        self._orders: set[asyncio.Task[None]] = set()

    def entered(self, call: Call) -> None:
        """Take note of a call that begins here; never waits."""
        self._calls[call.id] = call

    def left(self, call: Call) -> None:
        """Take note that it is over; never waits."""
        if self._calls.get(call.id) is call:  # not another one with its id
            del self._calls[call.id]

    async def where(self, call_id: str) -> str | None:
        """Return the node that a call is at; None when there is no such call."""
        return self.node if call_id in self._calls else None

    async def hang_up(self, call_id: str) -> bool:
        """End a call with its protocol's goodbye; False when there is no such call."""
        call = self._calls.get(call_id)
        if call is None:
            return False
        self._begin(call.close())
        return True

    async def play(self, call_id: str, prompt: str) -> bool:
        """Begin to play a file to a call; False when there is no such call, or no such prompt."""
        call, path = self._calls.get(call_id), self._path_of(prompt)
        if call is None or path is None:
            return False
        self._begin(call.play(path))
        return True

    def _path_of(self, prompt: str) -> Path | None:
        """Return the file of a prompt, whose name comes from elsewhere: nothing outside the folder."""
        if self._prompts is None or prompt != Path(prompt).name:
            return None
        path = self._prompts / prompt
        return path if path.is_file() else None

    def _begin(self, order: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(_carry_out(order))
        self._orders.add(task)  # the event loop alone would let it go
        task.add_done_callback(self._orders.discard)


async def _carry_out(order: Coroutine[Any, Any, None]) -> None:
    try:
        await order
    except (PhonewireError, OSError) as error:  # such as of a prompt that cannot be read
        _log.warning("an order to a call was not carried out: %s", error)
