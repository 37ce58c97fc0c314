"""What fails inside harms its own call at most, and leaves nothing; on the fake clock."""

import asyncio
import contextlib

import pytest

from phonewire.aio.faults import injected
from phonewire.auth import ApiKey
from tests.web.sites import START, until

pytestmark = pytest.mark.usefixtures("phonewire_clock")

PLACES = [
    "handshake.check",
    "auth.verify",
    "handshake.upgrade",
    "engine.make",
    "call.make",
    "call.handle",
    "engine.receive",
    "transport.receive",
    "transport.write",
    "transport.close",
]


async def speak(call):
    await call.write_payload(bytes(1600))
    await call.wait_ended()


@pytest.mark.parametrize("place", PLACES)
async def test_a_fault(site, place):
    left = [place]

    def fail(name):
        if name in left:
            left.remove(name)
            raise MemoryError(name)

    async with site(speak, auth=ApiKey(["k"]), limits={"unauthenticated": 1, "start_s": 1.0}) as served:
        before = asyncio.all_tasks()
        with injected(fail), contextlib.suppress(Exception):  # the peer may see anything
            async with served.dialed("/twilio", START, apikey="k") as websocket:
                await websocket.recv()
        assert left == []
        async with served.dialed("/twilio", START, apikey="k") as websocket:
            await websocket.recv()
            assert len(served.calls.calls) == 1
        await until(lambda: not served.calls.calls)
        await asyncio.sleep(20)
        assert len(served.calls._gate.waiting) == 0
        assert asyncio.all_tasks() <= before
