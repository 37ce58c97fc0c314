"""The phones, in a process of their own: they read, take the time of each message, and do as little else as can be.

WebSocket by hand, because a library would cost as much here as on the side that is measured. Prints nothing; the times
of every call are written to a file when all have been hung up.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from array import array
from pathlib import Path

import numpy as np

from phonewire.aio.engines import announce, make_engine
from phonewire.protocols.connection import Side

REQUEST = (
    b"GET /twilio HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A


def masked(first: int, payload: bytes) -> bytes:
    """Return a client's frame; with a mask of zeros it carries the payload as it is."""
    size = len(payload)
    header = bytes([first, 0x80 | size]) if size < 126 else bytes([first, 0xFE]) + size.to_bytes(2, "big")
    return header + b"\0\0\0\0" + payload


class Phone(asyncio.Protocol):
    """One call, as the phone platform sees it.

    Attributes:
        times_ns: when each message came, up to `count`.
        over: set when the server has hung up.
    """

    def __init__(self, messages: int) -> None:
        self.times_ns = array("q", bytes(8 * messages))
        self.count = 0
        self.over = asyncio.Event()
        self._upgraded = False
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a WebSocket."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(REQUEST)

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end."""
        self.over.set()

    def data_received(self, data: bytes) -> None:
        """Take what came: the answer to the request, then frames."""
        now_ns = time.monotonic_ns()
        data = self._rest + data
        if not self._upgraded:
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._rest = head
                return
            self._upgraded = True
            self._announce()
        start = 0
        while (size := self._frame_size(data, start)) and start + size <= len(data):
            self._take(data, start, now_ns)
            start += size
        self._rest = data[start:]

    @staticmethod
    def _frame_size(data: bytes, start: int) -> int:
        """Return the size of the frame at *start*, 0 when that cannot be told yet."""
        if len(data) < start + 4:
            # A close or a ping may have no payload; two bytes say so.
            return 2 if len(data) >= start + 2 and data[start + 1] == 0 else 0
        short = data[start + 1]
        return 2 + short if short < 126 else 4 + int.from_bytes(data[start + 2 : start + 4], "big")

    def _take(self, data: bytes, start: int, now_ns: int) -> None:
        if data[start] == TEXT:
            self.times_ns[self.count] = now_ns
            self.count += 1
        elif data[start] == PING:
            self._transport.write(masked(PONG, data[start + 2 : start + 2 + data[start + 1]]))
        elif data[start] == CLOSE:
            self._transport.write(masked(CLOSE, data[start + 2 : start + 4]))

    def _announce(self) -> None:
        engine = make_engine("twilio", Side.CLIENT, media_format=None, message_bytes=65_536)
        announce(engine, None, {})
        for message, _ in engine.data_to_send():
            self._transport.write(masked(TEXT, message))


async def receive(port: int, calls: int, messages: int, out: Path) -> None:
    """Place the calls and stay until all have been hung up."""
    loop = asyncio.get_running_loop()
    phones = []
    for _ in range(calls):
        _, phone = await loop.create_connection(lambda: Phone(messages), "127.0.0.1", port)
        phones.append(phone)
    for phone in phones:
        await phone.over.wait()
    np.savez(out, times_ns=np.array([p.times_ns for p in phones]), count=np.array([p.count for p in phones]))


def main() -> None:
    """Take the arguments."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calls.receivers", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--calls", type=int, required=True)
    parser.add_argument("--messages", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    asyncio.run(receive(arguments.port, arguments.calls, arguments.messages, arguments.out))


if __name__ == "__main__":
    main()
