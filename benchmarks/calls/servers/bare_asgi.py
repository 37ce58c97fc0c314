"""What ASGI costs under uvicorn: each message goes back as it came."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any

from benchmarks.calls.servers.uvicorn_server import under_uvicorn


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    while (message := await receive())["type"] not in ("websocket.disconnect", "lifespan.shutdown"):
        match message:
            case {"type": "lifespan.startup"}:
                await send({"type": "lifespan.startup.complete"})
            case {"type": "websocket.connect"}:
                await send({"type": "websocket.accept"})
            case {"type": "websocket.receive", "text": text}:
                await send({"type": "websocket.send", "text": text})
    if message["type"] == "lifespan.shutdown":
        await send({"type": "lifespan.shutdown.complete"})


def serving() -> AbstractAsyncContextManager[int]:
    return under_uvicorn(application)
