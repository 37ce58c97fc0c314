"""phonewire, as its README has it: each frame's samples are written back."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import phonewire

_MANY = 10_000
LIMITS = phonewire.Limits(calls=_MANY, unauthenticated=_MANY, unauthenticated_per_address=_MANY)


async def echo(call: phonewire.Call) -> None:
    async for frame in call.frames():
        await call.write(frame.pcm)


@contextlib.asynccontextmanager
async def serving(transport: str | None = None) -> AsyncIterator[int]:
    endpoint = phonewire.Endpoint("/twilio", "twilio", auth=None)
    async with phonewire.serve(echo, endpoints=[endpoint], limits=LIMITS, transport=transport) as server:
        yield server.port
