"""What ``websockets`` costs: each message goes back as it came."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed


async def echo(websocket: ServerConnection) -> None:
    with contextlib.suppress(ConnectionClosed):
        async for message in websocket:
            await websocket.send(message)


@contextlib.asynccontextmanager
async def serving(port: int = 0) -> AsyncIterator[int]:
    async with serve(echo, "127.0.0.1", port, compression=None, reuse_port=True) as server:
        yield server.sockets[0].getsockname()[1]
