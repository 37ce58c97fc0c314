"""The transport over WebSocket: what it writes by itself is what the library would write."""

import asyncio
import contextlib
from functools import partial

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.frames import Frame, Opcode

from phonewire.aio.client.connection import DialledConnection
from phonewire.aio.server.connection import READ_BYTES, Connection
from phonewire.aio.transports.transport import TransportClosed, WebSocketTransport, frame_header

SIZES = [0, 1, 125, 126, 127, 65_535, 65_536, 70_000]


@pytest.mark.parametrize("text", [True, False])
@pytest.mark.parametrize("size", SIZES)
def test_headers_are_the_librarys(size, text):
    library = Frame(Opcode.TEXT if text else Opcode.BINARY, bytes(size)).serialize(mask=False)
    assert frame_header(size, text) + bytes(size) == library


class Host:
    """A server as its connections see it."""

    read_buffer = memoryview(bytearray(READ_BYTES))

    def arrived(self, connection):
        pass

    left = arrived

    def post(self, connection):
        return None


server_connection = partial(Connection, host=Host(), handshake_s=10, max_fragments=64)


@pytest.mark.parametrize("sender", ["server", "client"])
async def test_messages_of_every_size_and_kind_arrive_in_order(tls, sender):
    sent = [(b"x" * size, text) for size in SIZES for text in (True, False)]

    async def say(websocket):
        transport = WebSocketTransport(websocket)
        for data, text in sent:
            assert transport.write(data, text)
        await transport.close()

    got = []

    async def listen(websocket):
        transport = WebSocketTransport(websocket)
        with contextlib.suppress(TransportClosed):
            while True:
                got.append(await transport.receive())

    heard = asyncio.Event()

    async def serving(websocket):
        await (say if sender == "server" else listen)(websocket)
        heard.set()

    async with serve(serving, "127.0.0.1", 0, create_connection=server_connection, ssl=tls) as server:
        url = f"{'wss' if tls else 'ws'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with connect(url, compression=None, create_connection=DialledConnection) as websocket:
            await (listen if sender == "server" else say)(websocket)
            await heard.wait()
    assert got == sent


async def test_nothing_is_written_to_a_connection_that_was_cut(tls):
    done = asyncio.Event()

    async def serving(websocket):
        transport = WebSocketTransport(websocket)
        websocket.transport.abort()
        assert not transport.write(b"late", False)
        done.set()

    async with (
        serve(serving, "127.0.0.1", 0, ssl=tls) as server,
        connect(f"{'wss' if tls else 'ws'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"),
    ):
        await done.wait()
