"""What a worker says to its supervisor: that it listens, and where its metrics are."""

from __future__ import annotations

import asyncio
import os
import signal
import socket

__all__ = ["Worker"]


class Worker:
    """A worker's end of the channel.

    Args:
        descriptor: of a socket; its other end is the supervisor's, and closes when that is gone.
    """

    def __init__(self, descriptor: int) -> None:
        self._channel = socket.socket(fileno=descriptor)
        self._channel.setblocking(False)

    def ready(self, observe_port: int | None) -> None:
        """Say that connections can come, and where metrics are; stop when the supervisor is gone."""
        self._channel.send(f"{observe_port or 0}\n".encode())
        asyncio.get_running_loop().add_reader(self._channel, self._orphaned)

    def _orphaned(self) -> None:
        asyncio.get_running_loop().remove_reader(self._channel)
        os.kill(os.getpid(), signal.SIGTERM)
