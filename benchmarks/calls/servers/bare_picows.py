"""What ``picows`` costs: each message goes back as it came."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server


class Echo(WSListener):
    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type in (WSMsgType.TEXT, WSMsgType.BINARY):
            transport.send(frame.msg_type, frame.get_payload_as_memoryview())
        elif frame.msg_type == WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code(), frame.get_close_message())
            transport.disconnect()


def listener(request: WSUpgradeRequest) -> WSListener:
    return Echo()


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[int]:
    server = await ws_create_server(listener, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
