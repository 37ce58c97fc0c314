"""Where the microseconds of a message pair go: ``python -m benchmarks.message_path``.

A server's call on uvloop is given Twilio's frames without a socket, and writes each back without one; what the kernel
and the loop's own reading and writing cost is not in it. The first time of each part is the best of many runs, each of
them a few hundred messages, because a busy machine only ever makes one longer. The second is that of one message after
other memory was used, as a server has it that wakes for one now and then: a median. Last, how many Python functions it
calls.
"""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import sys
import time
from collections.abc import Callable, Coroutine
from statistics import median
from typing import Any

import uvloop

import phonewire
from phonewire.aio.server.connection import Connection
from phonewire.aio.transports.whole_frame import read_whole

STREAM = "MZ" + "0" * 32
START = {"streamSid": STREAM, "accountSid": "AC" + "0" * 32, "callSid": "CA" + "0" * 32, "tracks": ["inbound"]}
RUNS, MESSAGES = 60, 300
COLD_RUNS = 301
OTHER_MEMORY, ZEROS = bytearray(3_000_000), bytes(3_000_000)  # more than a core's own caches have


class Nowhere(asyncio.Transport):
    """A socket that takes everything."""

    def write(self, data: Any) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return False

    def abort(self) -> None:
        pass


def frame(message: dict[str, Any]) -> bytes:
    """Return a message as a client's frame; its mask is of zeros."""
    data = json.dumps(message, separators=(",", ":")).encode()
    return b"\x81\xfe" + len(data).to_bytes(2, "big") + bytes(4) + data


def media(number: int) -> bytes:
    payload = base64.b64encode(bytes(range(160))).decode()
    fields = {"track": "inbound", "chunk": str(number), "timestamp": str(20 * number), "payload": payload}
    return frame({"event": "media", "sequenceNumber": str(number + 1), "media": fields, "streamSid": STREAM})


def best_us(work: Callable[[], object]) -> float:
    """Return what *work* takes when nothing comes between."""
    best = float("inf")
    for _ in range(RUNS):
        began = time.perf_counter()
        for _ in range(MESSAGES):
            work()
        best = min(best, time.perf_counter() - began)
    return best / MESSAGES * 1e6


def cold_us(work: Callable[[], object]) -> float:
    """Return what *work* takes when it is not in the caches."""
    times_s = []
    for _ in range(COLD_RUNS):
        OTHER_MEMORY[:] = ZEROS
        began = time.perf_counter()
        work()
        times_s.append(time.perf_counter() - began)
    return median(times_s) * 1e6


def calls_of(work: Callable[[], object]) -> int:
    """Return how many Python functions *work* calls."""
    called = 0

    def count(frame: Any, event: str, argument: Any) -> None:
        nonlocal called
        called += event == "call"

    gc.disable()  # others have functions called before and after each look for garbage; hypothesis is one
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
        gc.enable()
    return called - 1  # work itself


def finish(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Run what has nothing to wait for."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise RuntimeError("it waits")


class Path:
    """A call, and the parts of what is done for a message.

    Args:
        call: has started.
        connection: that carries it.
    """

    def __init__(self, call: Any, connection: Connection) -> None:
        self._line, self._out, self._call = call._line, call._outbound, call
        connection.transport = Nowhere()
        self._connection = connection
        self._frame = media(7)
        self._message = self._frame[8:]
        self._audio = self._line.engine.receive(self._message, text=True)[0]
        self._readers = call._inbound.frames.subscriptions

    def parts(self) -> dict[str, Callable[[], object]]:
        """Return what is timed, by its name."""
        line, out, pcm = self._line, self._out, self._audio.pcm
        return {
            "bytes to audio in the queue of the reader": self._hear,
            "  a frame of WebSocket read": lambda: read_whole(self._frame, 0, 65_536, masked=True),
            "  JSON and base64 read": lambda: line.engine.receive(self._message, text=True),
            "codewords to samples": self._decode,
            "call.write: samples to the socket": lambda: self._later(finish, self._call.write(pcm)),
            "  samples to codewords": lambda: self._call._encode(pcm),
            "  sent at once": lambda: self._later(out.sender.send_payload, self._audio.payload),
            "    base64 and JSON written": self._engine_out,
            "    to the socket": lambda: line.transport.write(self._message, True),
        }

    def _hear(self) -> None:
        self._connection.data_received(self._frame)
        for reader in self._readers:
            reader.items.clear()

    def _decode(self) -> None:
        self._audio._pcm = None
        _ = self._audio.pcm

    def _engine_out(self) -> None:
        self._line.engine.send_payload(self._audio.payload)
        self._line.engine.data_to_send()

    def _later(self, work: Callable[..., object], *arguments: object) -> None:
        self._out._far_end.idle_at_ns = 0  # the far end has played all, or all but the first would wait
        work(*arguments)


async def woken_us() -> float:
    """Return what it takes to wake a task that waits for something."""
    best, loop = float("inf"), asyncio.get_running_loop()
    for _ in range(RUNS):
        began = time.perf_counter()
        for _ in range(MESSAGES):
            waiting = loop.create_future()
            loop.call_soon(waiting.set_result, None)
            await waiting
        best = min(best, time.perf_counter() - began)
    return best / MESSAGES * 1e6


async def main() -> None:
    """Print the table."""
    connected, over = asyncio.get_running_loop().create_future(), asyncio.Event()

    async def handler(call: phonewire.Call) -> None:
        connected.set_result(call)
        await over.wait()

    endpoint = phonewire.Endpoint("/twilio", "twilio", auth=None)
    async with phonewire.serve(handler, endpoints=[endpoint], transport="websockets") as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(
            b"GET /twilio HTTP/1.1\r\nHost: -\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        writer.write(frame({"event": "start", "sequenceNumber": "1", "start": START, "streamSid": STREAM}))
        call = await connected
        (connection,) = server._listening().all_connections
        socket = connection.transport
        for number in range(1, 7):
            connection.data_received(media(number))
        await asyncio.sleep(0)
        try:
            for name, work in Path(call, connection).parts().items():
                print(f"{name:45} {best_us(work):5.2f} us {cold_us(work):6.1f} us {calls_of(work):3}")
            print(f"{'the task of the reader is woken':45} {await woken_us():5.2f} us")
        finally:
            connection.transport = socket  # without it the call would never end
            over.set()
            writer.close()


if __name__ == "__main__":
    print(f"phonewire {phonewire.__version__}, uvloop {uvloop.__version__}, Python {sys.version.split()[0]}")
    uvloop.run(main())
