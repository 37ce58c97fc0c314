"""Loads on the fake clock, through servers in the same loop."""

import asyncio
import contextlib
import math

import pytest
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

import phonewire
from phonewire.emulators.clock import FakeClockLoop
from phonewire.load.generator import Load, run_load


@pytest.fixture
def virtual():
    """Run a coroutine on a loop of its own whose clock jumps."""

    def run(main):
        with asyncio.Runner(loop_factory=lambda: FakeClockLoop(limit_s=math.inf)) as runner:
            return runner.run(main)

    return run


async def echo(call):
    async for frame in call.frames():
        await call.write(frame.pcm)


@pytest.fixture
def against_phonewire(virtual):
    """Run a load against a server of ours, which echoes: ``against_phonewire(path, protocol, calls=20)``."""

    def run(path, protocol, server_protocol=None, handler=echo, **options):
        async def main():
            endpoint = phonewire.Endpoint(path, server_protocol or protocol, auth=None)
            limits = phonewire.Limits(unauthenticated_per_address=1000)
            async with phonewire.serve(handler, endpoints=[endpoint], limits=limits) as server:
                return await run_load(Load(url=server.url + path, protocol=protocol, **options))

        return virtual(main())

    return run


@pytest.fixture
def against(virtual):
    """Run a load against a server of ``websockets`` with any handler: ``against(handler, calls=2)``."""

    def run(handler, on_second=None, **options):
        async def quietly(websocket):
            with contextlib.suppress(ConnectionClosed):
                await handler(websocket)

        async def main():
            async with serve(quietly, "127.0.0.1", 0, compression=None) as server:
                url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/twilio"
                return await run_load(Load(url=url, **options), on_second)

        return virtual(main())

    return run
