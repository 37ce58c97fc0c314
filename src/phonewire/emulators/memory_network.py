"""A network inside one event loop: what is written at one end is read at the other, in order.

No sockets, so nothing depends on when the kernel hands bytes over: with the fake clock every run is the same run.
"""

from __future__ import annotations

import asyncio
import errno
import itertools
import socket
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["MemoryNetwork", "MemoryServer", "MemoryTransport"]

# What a kernel takes before it makes a writer wait for a reader that does not read.
_SOCKET_BYTES = 65_536
_READ_BYTES = 65_536
_HIGH_WATER_BYTES = 65_536

Address = tuple[str, int]


class MemoryTransport(asyncio.Transport):
    """One end of a connection; what asyncio's socket transports promise, as far as protocols can tell.

    Args:
        loop: where both ends live.
        here: its own address.
        there: the address of the other end.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, here: Address, there: Address) -> None:
        super().__init__({"sockname": here, "peername": there})
        self._loop = loop
        self._far: MemoryTransport
        self._protocol: asyncio.BaseProtocol
        self._inbox = bytearray()  # written by the far end and not read yet
        self._ended = False  # the far end writes no more
        self._end_told = False
        self._reading = True
        self._due = False  # a delivery is on its way
        self._eof_written = False
        self._closing = False
        self._high, self._low = _HIGH_WATER_BYTES, _HIGH_WATER_BYTES // 4
        self._writer_waits = False

    @classmethod
    def pair(
        cls, loop: asyncio.AbstractEventLoop, one: Address, other: Address
    ) -> tuple[MemoryTransport, MemoryTransport]:
        """Return the two ends of a connection."""
        near, far = cls(loop, one, other), cls(loop, other, one)
        near._far, far._far = far, near
        return near, far

    # Writing

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes; the far end reads them when the loop turns next."""
        if self._eof_written:
            raise RuntimeError("Cannot call write() after write_eof()")
        if self._closing or not data:
            return
        if self._far._closing:
            if self._end_told or not self._reading:  # otherwise what it wrote is read first, then its end
                self._lose(ConnectionResetError(errno.ECONNRESET, "the far end has closed the connection"))
            return
        self._far._inbox += data
        self._far._schedule()
        if self.get_write_buffer_size() > self._high and not self._writer_waits:
            self._writer_waits = True
            self._protocol.pause_writing()

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        """Send several pieces."""
        self.write(b"".join(list_of_data))

    def write_eof(self) -> None:
        """Say that nothing more is written; reading goes on."""
        if not self._closing:
            self._eof_written = True
            self._far._end()

    def can_write_eof(self) -> bool:
        """Return True: half a connection can be closed."""
        return True

    def get_write_buffer_size(self) -> int:
        """Return how many bytes wait because the far end does not read."""
        return max(len(self._far._inbox) - _SOCKET_BYTES, 0)

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """Return the low and the high water mark."""
        return self._low, self._high

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set between how many waiting bytes the protocol is told to pause and to go on."""
        self._high = high if high is not None else _HIGH_WATER_BYTES if low is None else 4 * low
        self._low = low if low is not None else self._high // 4

    # Reading

    def pause_reading(self) -> None:
        """Read no more for now."""
        self._reading = False

    def resume_reading(self) -> None:
        """Read again."""
        self._reading = True
        self._schedule()

    def is_reading(self) -> bool:
        """Say whether bytes are read."""
        return self._reading and not self._closing

    # The end

    def close(self) -> None:
        """Close this end; what was written arrives."""
        self._lose(None)

    def abort(self) -> None:
        """Close this end."""
        self._lose(None)

    def _force_close(self, exc: Exception | None) -> None:
        # What asyncio's TLS asks of the transport below it when it breaks off.
        self._lose(exc)

    def is_closing(self) -> bool:
        """Say whether this end is closed."""
        return self._closing

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Let another protocol read."""
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return the protocol that reads."""
        return self._protocol

    # How it works

    def connect(self, protocol: asyncio.BaseProtocol) -> None:
        """Begin to read for *protocol*."""
        self._protocol = protocol
        protocol.connection_made(self)
        self._schedule()

    def _schedule(self) -> None:
        if self.is_reading() and not self._due and (self._inbox or self._ended):
            self._due = True
            self._loop.call_soon(self._deliver)

    def _deliver(self) -> None:
        self._due = False
        if not self.is_reading():
            return
        try:
            if self._inbox:
                data = bytes(self._inbox[:_READ_BYTES])
                del self._inbox[:_READ_BYTES]
                self._give(data)
                self._far._resume_writer()
            elif self._ended and not self._end_told:
                self._end_told = True
                if not self._protocol.eof_received():  # type: ignore[attr-defined]  # both kinds of protocol have it
                    self.close()
        except Exception as exc:  # what asyncio does to a protocol that raises
            context = {"message": "a protocol raised", "exception": exc, "transport": self, "protocol": self._protocol}
            self._loop.call_exception_handler(context)
            self._lose(exc)
        if self._inbox or not self._end_told:
            self._schedule()

    def _give(self, data: bytes) -> None:
        protocol = self._protocol
        if not isinstance(protocol, asyncio.BufferedProtocol):
            protocol.data_received(data)  # type: ignore[attr-defined]
            return
        while data:
            buffer = memoryview(protocol.get_buffer(len(data)))
            size = min(len(buffer), len(data))
            buffer[:size] = data[:size]
            protocol.buffer_updated(size)
            data = data[size:]

    def _resume_writer(self) -> None:
        if self._writer_waits and not self._closing and self.get_write_buffer_size() <= self._low:
            self._writer_waits = False
            self._protocol.resume_writing()

    def _end(self) -> None:
        self._ended = True
        self._schedule()

    def _lose(self, exc: Exception | None) -> None:
        if not self._closing:
            self._closing = True
            self._far._end()
            self._loop.call_soon(self._protocol.connection_lost, exc)


class MemoryServer(asyncio.AbstractServer):
    """What listens on a port of a `MemoryNetwork`."""

    def __init__(self, network: MemoryNetwork, address: Address, factory: Callable[[], asyncio.BaseProtocol]) -> None:
        self._network = network
        self.address = address
        self.factory = factory

    @property
    def sockets(self) -> tuple[_Listener, ...]:
        """What tells the address; nothing when it is closed."""
        return (_Listener(self.address),) if self.is_serving() else ()

    def close(self) -> None:
        """Take no more connections; those that there are go on."""
        self._network.leave(self)

    async def wait_closed(self) -> None:
        """Return at once: nothing is left to be done."""

    def is_serving(self) -> bool:
        """Say whether it takes connections."""
        return self._network.serves(self)

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Return the loop in which it lives."""
        return self._network.loop

    async def start_serving(self) -> None:
        """Return at once: it serves from the beginning."""

    async def serve_forever(self) -> None:
        """Serve until cancelled."""
        try:
            await self.get_loop().create_future()
        finally:
            self.close()


class _Listener:
    """As much of a listening socket as anybody asks of one."""

    family = socket.AF_INET

    def __init__(self, address: Address) -> None:
        self._address = address

    def fileno(self) -> int:
        return -1  # the system knows nothing of it

    def getsockname(self) -> Address:
        return self._address


class MemoryNetwork:
    """Ports, and who listens on them.

    Args:
        loop: where all of it lives.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._servers: dict[int, MemoryServer] = {}
        self._free_ports = itertools.count(49_152)

    def listen(self, factory: Callable[[], asyncio.BaseProtocol], host: str, port: int) -> MemoryServer:
        """Listen on *port*, 0 for any that is free, and return who does.

        Raises:
            OSError: somebody listens there already.
        """
        port = port or next(self._free_ports)
        if port in self._servers:
            raise OSError(errno.EADDRINUSE, f"port {port} is taken")
        server = self._servers[port] = MemoryServer(self, (host, port), factory)
        return server

    def dial(self, port: int) -> tuple[MemoryTransport, MemoryTransport, MemoryServer]:
        """Return both ends of a connection to *port*, and who listens there.

        Raises:
            ConnectionRefusedError: nobody listens there.
        """
        server = self._servers.get(port)
        if server is None:
            raise ConnectionRefusedError(errno.ECONNREFUSED, f"nothing listens on port {port} of the fake network")
        here = ("127.0.0.1", next(self._free_ports))
        near, far = MemoryTransport.pair(self.loop, here, server.address)
        return near, far, server

    def serves(self, server: MemoryServer) -> bool:
        """Say whether *server* listens."""
        return self._servers.get(server.address[1]) is server

    def leave(self, server: MemoryServer) -> None:
        """Let *server* listen no more."""
        if self.serves(server):
            del self._servers[server.address[1]]
