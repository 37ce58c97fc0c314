"""Servers that know nothing of phonewire, and a clock that jumps."""

import asyncio
import contextlib
import json

import pytest
from websockets.asyncio.server import serve

from phonewire.emulators.clock import FakeClockLoop


@pytest.fixture
def on_fake_clock():
    """Run a coroutine function in a loop where no real time passes."""

    def run(main):
        with asyncio.Runner(loop_factory=FakeClockLoop) as runner:
            runner.run(main())

    return run


class RawServer:
    """A WebSocket server that keeps every message and when it came."""

    def __init__(self, answer):
        self.answer = answer
        self.messages = []
        self.times_ms = []
        self.headers = None
        self.close_code = None
        self.url = ""
        self._changed = asyncio.Event()

    async def until(self, predicate):
        while not predicate():
            await self._changed.wait()

    def _notify(self):
        self._changed.set()
        self._changed = asyncio.Event()

    async def handle(self, socket):
        self.headers = socket.request.headers
        start_s = asyncio.get_running_loop().time()
        with contextlib.suppress(Exception):  # a peer that vanishes
            async for text in socket:
                self.messages.append(json.loads(text))
                self.times_ms.append((asyncio.get_running_loop().time() - start_s) * 1000)
                self._notify()
                await self.answer(socket, self.messages[-1])
        await socket.wait_closed()
        self.close_code = socket.close_code
        self._notify()

    def of(self, event):
        return [message for message in self.messages if message["event"] == event]


@pytest.fixture
def raw_server(tls):
    """Serve with ``answer(socket, message)`` for each message."""

    @contextlib.asynccontextmanager
    async def start(answer, **options):
        raw = RawServer(answer)
        async with serve(raw.handle, "127.0.0.1", 0, ssl=tls, **options) as server:
            raw.url = f"{'wss' if tls else 'ws'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            yield raw

    return start
