"""phonewire, as its README has it: each frame's samples are written back."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import phonewire

MANY = 10_000


async def echo(call: phonewire.Call) -> None:
    async for frame in call.frames():
        await call.write(frame.pcm)


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[int]:
    limits = phonewire.Limits(calls=MANY, unauthenticated=MANY, unauthenticated_per_address=MANY)
    endpoint = phonewire.Endpoint("/twilio", "twilio", auth=None)
    async with phonewire.serve(echo, endpoints=[endpoint], limits=limits) as server:
        yield server.port
