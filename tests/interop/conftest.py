"""A server of VoIPBIN's, for clients that others have published, and what these need."""

import asyncio
import contextlib
import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

import phonewire
from phonewire.auth import Token
from phonewire.emulators.speech import samples

from .chromium import chromium
from .published import FOLDER, TOKEN

SPEECH = Path(__file__).parents[2] / "examples" / "audio" / "speech.wav"
EVERYTHING = "PHONEWIRE_INTEROP" in os.environ

#: What a test needs, and where it comes from.
NEEDS = {
    "websocket-client": (lambda: find_spec("websocket"), "from PyPI: make test-interop installs it"),
    "node": (lambda: shutil.which("node"), "apt-get install nodejs npm, or https://nodejs.org"),
    "npm's ws": (lambda: (FOLDER / "node_modules" / "ws").is_dir(), "make test-interop installs it, with npm"),
    "chromium": (chromium, "apt-get install chromium"),
}


def pytest_runtest_setup(item):
    """Leave a test out, by the name of what is missing; `make test-interop` leaves out none."""
    for marker in item.iter_markers("needs"):
        missing = [f"{name} ({NEEDS[name][1]})" for name in marker.args if not NEEDS[name][0]()]
        if missing:
            leave = pytest.fail if EVERYTHING else pytest.skip
            leave(f"needs {', '.join(missing)}")


@pytest.fixture
def speech():
    """Two seconds of speech: s16, 8 kHz."""
    return samples(SPEECH, 8000)[:32_000]


class Platform:
    """VoIPBIN with one call: it hears until *enough* bytes of samples have come, then says *answer* and hangs up."""

    def __init__(self, enough: int, answer: bytes) -> None:
        self._enough, self._answer = enough, answer
        self.heard, self.times, self.events = b"", [], []
        self._done = asyncio.Event()
        self.over = asyncio.Event()

    async def __call__(self, call: phonewire.Call) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._hear(call))
            tasks.create_task(self._take_events(call))
            await self._done.wait()
            await call.write(self._answer)
            await call.drain()
            self.stats = call.stats()
            await call.close()
        self.over.set()

    async def _hear(self, call: phonewire.Call) -> None:
        async for frame in call.frames():
            self.heard += frame.pcm
            self.times.append(asyncio.get_running_loop().time())
            if len(self.heard) >= self._enough:
                self._done.set()

    async def _take_events(self, call: phonewire.Call) -> None:
        self.events = [event async for event in call.events()]

    def told(self, kind: type) -> list:
        """Return the events of a kind."""
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def serving():
    """Serve a `Platform`'s call, to whoever has the token: ``async with serving(platform) as url``."""

    @contextlib.asynccontextmanager
    async def serve(platform, what="calls", origins=()):
        endpoint = phonewire.Endpoint(f"/v1.0/{what}/{{id}}/media_stream", "voipbin", auth=Token(TOKEN))
        async with phonewire.serve(platform, endpoints=[endpoint], origins=origins) as server:
            async with asyncio.timeout(120):
                yield f"{server.url}/v1.0/{what}"
                await platform.over.wait()

    return serve
