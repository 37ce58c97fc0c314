"""What does it cost to hand a media message to the socket of a server's call, without what the socket itself costs?"""

import asyncio
import base64
import json

from websockets.asyncio.server import broadcast
from websockets.protocol import State
from websockets.server import ServerProtocol

from benchmarks.rows import Row, both_sides, compiled
from benchmarks.test_twilio_against_the_usual_way import STREAM, opened
from phonewire.aio.server.connection import Connection
from phonewire.aio.transports.line import Line
from phonewire.aio.transports.transport import WebSocketTransport


class Socket:
    """A socket's transport that takes everything and does nothing."""

    def write(self, data: bytes) -> None:
        """Take it."""

    def is_closing(self) -> bool:
        """Say no."""
        return False

    def get_write_buffer_size(self) -> int:
        """Say that nothing waits."""
        return 0


def connected() -> Connection:
    """Return a connection of the library that is open, over no network."""
    websocket = Connection.__new__(Connection)
    websocket.protocol = ServerProtocol()
    websocket.protocol.state = State.OPEN
    websocket.transport = Socket()
    websocket.send_in_progress = None
    return websocket


async def carried_by(transport: WebSocketTransport) -> Line:
    """Return an engine's line; it asks for the clock of the loop that runs."""
    return Line(opened(), transport)


def usual(websocket: Connection, payload: bytes) -> None:
    media = {"payload": base64.b64encode(payload).decode()}
    broadcast([websocket], json.dumps({"event": "media", "streamSid": STREAM, "media": media}))


def ours(line: Line, payload: bytes) -> None:
    line.engine.send_payload(payload)
    line.write_out()


def _rows() -> list[Row]:
    websocket, payload = connected(), bytes(160)
    transport = WebSocketTransport(websocket, "nobody")
    line = asyncio.run(carried_by(transport))
    line.engine.send_payload(payload)
    ((message, _),) = line.engine.data_to_send()
    names = {**globals(), **locals()}
    broadcasting = "broadcast([websocket], message, text=True)"
    return [
        Row(
            "message to socket",
            "websockets broadcast",
            "transport.write(message, True)",
            broadcasting,
            names,
            len(message),
        ),
        Row(
            "codewords to socket",
            "json+base64+broadcast",
            "ours(line, payload)",
            "usual(websocket, payload)",
            names,
            160,
        ),
    ]


ROWS = _rows()


@both_sides(ROWS)
def test_speed(benchmark, statement, names) -> None:
    benchmark(compiled(statement, names))
