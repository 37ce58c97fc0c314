"""A worker as its supervisor sees it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Sequence
from typing import Self

__all__ = ["Child"]

_COMMAND = (sys.executable, "-m", "phonewire")


class Child:
    """A process that takes calls.

    Attributes:
        observe_port: where its metrics are, on 127.0.0.1; None before it is ready, and where it has none.
    """

    def __init__(self, process: asyncio.subprocess.Process, channel: socket.socket) -> None:
        self._process = process
        self._channel = channel
        self.observe_port: int | None = None

    @classmethod
    async def start(cls, arguments: Sequence[str]) -> Self:
        """Start ``phonewire`` with *arguments* and a channel to here; a terminal's Ctrl-C does not reach it."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        try:
            with theirs:
                process = await asyncio.create_subprocess_exec(
                    *(*_COMMAND, *arguments, "--worker", str(theirs.fileno())),
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,  # it would be told twice, by the supervisor too, and cut its calls
                )
        except BaseException:
            ours.close()
            raise
        return cls(process, ours)

    async def is_ready(self) -> bool:
        """Wait until connections can come; False when it ends before."""
        said = await asyncio.get_running_loop().sock_recv(self._channel, 16)  # so few bytes come in one piece
        self.observe_port = int(said or b"0") or None
        return bool(said)

    async def ended(self) -> int:
        """Wait for its end and return its status; negative the signal that ended it."""
        try:
            return await self._process.wait()
        finally:
            self._channel.close()

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it is still there."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)
