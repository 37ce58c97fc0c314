"""A server with a monitor, and somebody who looks at it without a browser; on the fake clock."""

import contextlib
import json

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

import phonewire


class Looking:
    """The page's end of the feed."""

    def __init__(self, socket):
        self.socket = socket
        self.audio = {}  # by track, everything that came

    async def wish(self, **wish):
        await self.socket.send(json.dumps(wish))

    async def next(self, kind="snapshot"):
        """Return the next message of a kind; audio that comes before is kept."""
        while True:
            message = await self.socket.recv()
            if isinstance(message, bytes):
                number = int.from_bytes(message[:2], "little")
                self.audio[number] = self.audio.get(number, b"") + message[2:]
            elif (told := json.loads(message))["type"] == kind:
                return told

    async def closed(self):
        """Wait until the connection is closed; return the code and the reason."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                await self.next()
        return self.socket.close_code, self.socket.close_reason

    async def until(self, condition):
        """Return the first snapshot of which something is true."""
        while not condition(snapshot := await self.next()):
            pass
        return snapshot

    async def hears(self, *tracks):
        """Wait until each of the first tracks has brought these samples, and beside them nothing but silence."""
        while not all(samples in self.audio.get(number, b"") for number, samples in enumerate(tracks)):
            await self.next()
        return [self.audio[number].replace(samples, b"").strip(b"\0") for number, samples in enumerate(tracks)]


@contextlib.asynccontextmanager
async def look(monitor, **options):
    feed = monitor.url.replace("http", "ws", 1).replace("/?", "/feed?")
    async with connect(feed, compression=None, **options) as socket:
        yield Looking(socket)


@pytest.fixture
def looking():
    """Look at a monitor's feed: ``async with looking(monitor) as page``."""
    return look


async def echo(call):
    """Say back what is heard, where that can be."""
    async for frame in call.frames():
        if call.may_send:
            await call.write_payload(frame.payload)


@contextlib.asynccontextmanager
async def serve(handler=echo, protocol="twilio", **options):
    async with phonewire.Monitor(**options) as monitor:
        endpoints = [phonewire.Endpoint("/calls", protocol, auth=None)]
        async with phonewire.serve(handler, endpoints=endpoints, monitor=monitor) as server:
            yield monitor, server.url + "/calls", server


@pytest.fixture
def monitored():
    """Serve calls that are monitored: ``async with monitored() as (monitor, url, server)``."""
    return serve
