"""A network that is not good: between a client and a server, it delays, dribbles, stalls, cuts and corrupts.

What it does is drawn from a seed and counted in bytes, so that a run can be had again; on the fake clock to the
millisecond. It knows nothing of what it carries.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Self
from urllib.parse import urlsplit

__all__ = ["Faults", "FaultyNetwork"]

_READ_BYTES = 16_384
_PIECES_UNDER_WAY = 64

#: An exact number, or two between which one is drawn for each connection.
Bytes = int | tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Faults:
    """What becomes of the bytes that go in one direction of a connection.

    Attributes:
        delay_ms: how long bytes take, least and most; drawn for each piece that is read, and none overtakes another.
        dribble_bytes: how many are handed over at once, at most.
        stall_after_bytes: after so many, nothing is handed over for *stall_s*; the connection stays.
        stall_s: by default for ever.
        half_close_after_bytes: after so many, this direction ends as if its sender had closed it; the other goes on.
        cut_after_bytes: after so many, the connection is reset at both ends.
        corrupt_every_bytes: how many pass, on average, before one has a bit that is wrong.
    """

    delay_ms: tuple[float, float] = (0, 0)
    dribble_bytes: int | None = None
    stall_after_bytes: Bytes | None = None
    stall_s: float | None = None
    half_close_after_bytes: Bytes | None = None
    cut_after_bytes: Bytes | None = None
    corrupt_every_bytes: int | None = None


class FaultyNetwork:
    """What stands between clients and a server; an async context manager.

    Args:
        url: of the server. Whatever TCP carries goes through, TLS too.
        to_server, to_client: what becomes of the bytes in either direction.
        seed: of everything that is drawn; the n-th connection has the same fate each time.

    Attributes:
        url: the same as *url*, through this network; known once it is entered.
        to_server_bytes, to_client_bytes: that arrived.
        connections: that were made.
        resets: connections that were cut.
    """

    def __init__(
        self, url: str, *, to_server: Faults | None = None, to_client: Faults | None = None, seed: int = 0
    ) -> None:
        self.url = ""
        self.to_server_bytes = self.to_client_bytes = 0
        self.connections = self.resets = 0
        self._server_url = url
        self._to_server, self._to_client = to_server or Faults(), to_client or Faults()
        self._seed = seed
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._listening = await asyncio.start_server(self._take, "127.0.0.1", 0)
        port = self._listening.sockets[0].getsockname()[1]
        self.url = urlsplit(self._server_url)._replace(netloc=f"127.0.0.1:{port}").geturl()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        self._listening.close()
        await self.cut()
        await self._listening.wait_closed()

    async def cut(self) -> None:
        """Reset every connection now, and wait until that is done."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of its own: asyncio reports the cancellation of its handlers as an error.
        task = asyncio.create_task(self._connect(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number, self.connections = self.connections, self.connections + 1
        ends = [writer]
        try:
            server = urlsplit(self._server_url)
            server_reader, server_writer = await asyncio.open_connection(server.hostname, server.port)
            ends.append(server_writer)
            random = Random(f"{self._seed} {number}")  # noqa: S311 - to be had again, not to be secret
            up = _Direction(reader, server_writer, self._to_server, random.randbytes(8), self._count_to_server)
            down = _Direction(server_reader, writer, self._to_client, random.randbytes(8), self._count_to_client)
            async with asyncio.TaskGroup() as group:
                for part in (up.take, up.give, down.take, down.give):
                    group.create_task(part())
        except* (asyncio.CancelledError, OSError):
            self.resets += 1
            for end in ends:
                _reset(end)
        finally:
            for end in ends:
                end.close()

    def _count_to_server(self, size: int) -> None:
        self.to_server_bytes += size

    def _count_to_client(self, size: int) -> None:
        self.to_client_bytes += size


class _Direction:
    """One way through the network."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        faults: Faults,
        seed: bytes,
        passed: Callable[[int], None],
    ) -> None:
        self._reader, self._writer, self._faults, self._passed = reader, writer, faults, passed
        self._random = Random(seed)  # noqa: S311 - of bits and places: these must not depend on how the bytes are read
        self._delays = Random(seed)  # noqa: S311
        self._under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_PIECES_UNDER_WAY)
        self._position = 0
        self._swallows = False
        self._corrupt_at = self._next_corrupt()
        plan: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (self._draw(after), action)
            for after, action in (
                (faults.stall_after_bytes, self._stall),
                (faults.half_close_after_bytes, self._half_close),
                (faults.cut_after_bytes, self._cut),
            )
            if after is not None
        ]
        self._plan = sorted(plan, key=lambda item: item[0])

    async def take(self) -> None:
        """Read what is sent, and note when it is to arrive."""
        loop = asyncio.get_running_loop()
        due_s = 0.0
        while data := await self._reader.read(_READ_BYTES):
            due_s = max(due_s, loop.time() + self._delays.uniform(*self._faults.delay_ms) / 1000)
            await self._under_way.put((due_s, data))
        await self._under_way.put((due_s, b""))

    async def give(self) -> None:
        """Let it arrive, or not."""
        loop = asyncio.get_running_loop()
        while True:
            due_s, data = await self._under_way.get()
            await asyncio.sleep(max(due_s - loop.time(), 0))
            if not data:
                break
            await self._hand_over(data)
        if not self._swallows:
            await self._half_close()

    async def _hand_over(self, data: bytes) -> None:
        while data:
            until = self._plan[0][0] - self._position if self._plan else len(data)
            size = min(len(data), until, self._faults.dribble_bytes or len(data))
            if size:
                await self._write(data[:size])
                data = data[size:]
            else:
                await self._plan.pop(0)[1]()

    async def _write(self, piece: bytes) -> None:
        piece = self._corrupted(piece)
        self._position += len(piece)
        if not self._swallows:
            self._writer.write(piece)
            self._passed(len(piece))
            await self._writer.drain()
            await asyncio.sleep(0)  # so that dribbled bytes are read one by one

    async def _stall(self) -> None:
        if self._faults.stall_s is None:
            await asyncio.get_running_loop().create_future()
        await asyncio.sleep(self._faults.stall_s or 0)

    async def _half_close(self) -> None:
        self._swallows = True
        self._writer.write_eof()

    async def _cut(self) -> None:
        raise ConnectionResetError

    def _corrupted(self, piece: bytes) -> bytes:
        if self._corrupt_at is None or self._corrupt_at >= self._position + len(piece):
            return piece
        damaged = bytearray(piece)
        while self._corrupt_at < self._position + len(piece):
            damaged[self._corrupt_at - self._position] ^= 1 << self._random.randrange(8)
            self._corrupt_at += self._next_corrupt() or 1
        return bytes(damaged)

    def _next_corrupt(self) -> int | None:
        every = self._faults.corrupt_every_bytes
        return None if every is None else self._random.randint(1, 2 * every)

    def _draw(self, after: Bytes) -> int:
        return after if isinstance(after, int) else self._random.randint(*after)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close without a goodbye of TCP: the other end sees a reset, as from a firewall that has lost its tables."""
    sock = writer.get_extra_info("socket")
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
