"""What the call layer's tests stand on: a clock that jumps, and a connection without a network."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any

import pytest

from phonewire.aio.transport import TransportClosed


class _JumpingSelector(selectors.DefaultSelector):
    """Never waits: when nothing is ready, the loop's clock jumps to the next timer."""

    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("every task waits for something that will never come")
        if not ready:
            self.loop.now_s += max(timeout or 0, 0)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose seconds take no time. It must not wait for sockets or threads."""

    def __init__(self) -> None:
        selector = _JumpingSelector()
        selector.loop = self
        self.now_s = 1000.0
        super().__init__(selector)

    def time(self) -> float:
        return self.now_s

    def stall(self, seconds: float) -> None:
        """Let time pass without running anything, as a blocked loop does."""
        self.now_s += seconds


class MemoryTransport:
    """One end of a connection without a network: what is written here is received there, at once and in order."""

    peer = "memory"

    def __init__(self) -> None:
        self.far: MemoryTransport
        self.inbox: asyncio.Queue[tuple[bytes, bool] | int] = asyncio.Queue()
        self.buffered_bytes = 0
        self.closed_with: tuple[int, str] | None = None
        self.written_at: list[float] = []
        self._over = False

    async def receive(self) -> tuple[bytes, bool]:
        if self._over:
            raise TransportClosed(1006)
        item = await self.inbox.get()
        if isinstance(item, int):
            self._over = True
            raise TransportClosed(item)
        return item

    def write(self, data: bytes, text: bool) -> bool:
        if self._over or self.far._over:
            return False
        self.far.inbox.put_nowait((data, text))
        self.written_at.append(asyncio.get_running_loop().time())
        return True

    async def drain(self) -> None:
        await asyncio.sleep(0)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        if not self._over:
            self._over = True
            self.closed_with = (code, reason)
            self.far.inbox.put_nowait(code)
            self.inbox.put_nowait(code)

    def vanish(self) -> None:
        """End the connection without a goodbye, as a cut cable does."""
        self.far.inbox.put_nowait(1006)
        self.inbox.put_nowait(1006)


def memory_pair() -> tuple[MemoryTransport, MemoryTransport]:
    """Return the two ends of a connection."""
    near, far = MemoryTransport(), MemoryTransport()
    near.far, far.far = far, near
    return near, far


@pytest.fixture
def virtual():
    """Run a coroutine on a loop of its own whose clock jumps."""

    def run(main: Coroutine[Any, Any, Any]) -> Any:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            return runner.run(main)

    return run


@pytest.fixture
def connection():
    """Make the two ends of a connection without a network."""
    return memory_pair
