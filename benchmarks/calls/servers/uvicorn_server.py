"""An ASGI application under uvicorn with its own choice of everything, on the loop that runs already."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import uvicorn


@contextlib.asynccontextmanager
async def under_uvicorn(application: Any) -> AsyncIterator[int]:
    """Serve an application."""
    server = uvicorn.Server(uvicorn.Config(application, port=0, log_level="error"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await asyncio.wait([serving], timeout=5)
