"""A connection of the server until it is a call: bounded in time, in fragments, and in what it makes us keep."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from websockets.asyncio.server import Server as WebSocketServer
from websockets.asyncio.server import ServerConnection
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.server import ServerProtocol

from phonewire.aio.refusal import Refusal
from phonewire.aio.server.webhook import Post
from phonewire.aio.transports.messages import MessageConnection
from phonewire.aio.transports.transport import LIBRARY_LOG, format_address, frame_header
from phonewire.aio.transports.whole_frame import read_whole

__all__ = ["READ_BYTES", "Connection", "Host"]

#: What one read takes. The library makes an object of each frame of it, and 16 KiB can hold 2,700 empty ones; asyncio
#: by itself reads 256 KiB at once.
READ_BYTES = 16_384

# Audio waits in the call when a socket is as full as 64 KiB; more than four times that are pongs which nobody reads.
_MOST_UNREAD_BYTES = 262_144

# 16 messages are kept that nobody has taken; of longer ones than this, two.
_MANY_IN_MEMORY_BYTES = 65_536

# Who has no call, or broke the rules, is not waited for longer: an honest peer closes within a round trip.
_CUT_OFF_S = 0.25


class Host(Protocol):
    """What a connection needs of the server that it belongs to.

    Attributes:
        read_buffer: where to read to; one for all, because what was read is taken at once.
    """

    read_buffer: memoryview

    def arrived(self, connection: Connection) -> None:
        """Take note of a new connection; may refuse it."""

    def refused(self, connection: Connection, refusal: Refusal, path: str | None) -> None:
        """Take note that a connection is being sent away."""

    def left(self, connection: Connection) -> None:
        """Take note that a connection is over, or has become a call."""

    def post(self, connection: Connection) -> Post | None:
        """Return what reads a POST request, None when there are no webhooks."""


class Connection(MessageConnection, ServerConnection, asyncio.BufferedProtocol):
    """A WebSocket connection, or one HTTP request.

    Attributes:
        address: where it comes from; behind a proxy, where that says.
        peer: the same with a port where it is known, for logs.
        authentic: False for who is let in only to be told by the protocol that he is not.
        frames: the library's protocol; ``frames.between`` says whether what comes next begins a message, or stands
            between two, and is still wanted.
    """

    def __init__(
        self,
        protocol: ServerProtocol,
        server: WebSocketServer,
        *,
        host: Host,
        handshake_s: float,
        max_fragments: int,
        **options: Any,
    ) -> None:
        self.frames = _Frames(max_fragments, max_size=protocol.max_message_size, logger=LIBRARY_LOG)
        super().__init__(self.frames, server, **options | {"close_timeout": _CUT_OFF_S})
        self._host = host
        self._handshake_s = handshake_s
        self._timer: asyncio.TimerHandle | None = None
        self._post: Post | None = None
        self._first = True
        self.address = self.peer = ""
        self.authentic = True

    # What the server says

    def refusal(self, refusal: Refusal, path: str | None = None) -> Response:
        """Return the HTTP answer that sends the peer away, and have it counted."""
        self._host.refused(self, refusal, path)
        response = self.protocol.reject(refusal.status, f"{refusal.status.phrase}.\n")
        if refusal.status == 503:
            response.headers["Retry-After"] = "5"
        return response

    def refuse(self, refusal: Refusal) -> None:
        """Send the peer away now: with an HTTP status before the upgrade, with a close code after it."""
        if self.protocol.eof_sent or self.transport.is_closing():
            self.transport.abort()  # it has had its answer, and does not take it
            return
        if self.protocol.state is State.OPEN:
            self._host.refused(self, refusal, None)
            self.protocol.fail(refusal.close_code, refusal.value)
        else:
            self.protocol.send_response(self.refusal(refusal))
        self.send_data()
        self._give_up_in(_CUT_OFF_S)

    def upgraded(self) -> None:
        """Take note that the handshake is over."""
        self._give_up_in(None)

    def limit_messages(self, message_bytes: int) -> None:
        """Take messages of this size, from now on; of long ones fewer wait to be read."""
        if message_bytes > _MANY_IN_MEMORY_BYTES:
            self.messages.keep_few()
        self.protocol.max_message_size = message_bytes

    def started(self, close_s: float, *, patient: bool) -> None:
        """Take note that this is a call, whose goodbye may take its time."""
        self.close_timeout = close_s
        if patient:
            self.ping_timeout = None  # the answer stands behind audio that we do not read yet
        self._host.left(self)

    def send_message(self, data: bytes, text: bool) -> None:
        """Write a whole message to the socket, as the library would at five times the price."""
        self.transport.write(frame_header(len(data), text) + data)

    # What asyncio says

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socket."""
        super().connection_made(transport)
        address = transport.get_extra_info("peername")
        self.peer = format_address(address)
        self.address = address[0] if isinstance(address, tuple) else self.peer
        self._timer = self.loop.call_later(self._handshake_s, self.refuse, Refusal.SLOW_HANDSHAKE)
        self._host.arrived(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where to read to."""
        return self._host.read_buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take what was read."""
        self.data_received(bytes(self._host.read_buffer[:nbytes]))

    def data_received(self, data: bytes) -> None:
        """Take bytes from the socket; the first ones tell HTTP POST from everything else."""
        if self.protocol.eof_sent:
            return  # after our goodbye nothing counts
        if len(data) > READ_BYTES:  # uvloop has a buffer of its own, and reads 250 KiB
            for start in range(0, len(data), READ_BYTES):
                Connection.data_received(self, data[start : start + READ_BYTES])
            return
        if self._first and data[:1] == b"P":
            self._post = self._host.post(self)
        self._first = False
        if self._post is None:
            if rest := self._take_whole(data) if self.frames.between else data:
                super().data_received(rest)
            if self.frames.eof_sent or self.transport.get_write_buffer_size() > _MOST_UNREAD_BYTES:
                self._bound()
        elif not self.transport.is_closing() and (answer := self._post.receive(data)):
            self.transport.write(answer)
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end of the connection."""
        self._give_up_in(None)
        self._host.left(self)
        super().connection_lost(exc)

    def _take_whole(self, data: bytes) -> bytes:
        """Take the messages at the beginning of *data* that need no library; return what is left for it."""
        start, most = 0, self.frames.max_message_size or len(data)
        while start < len(data) and (found := read_whole(data, start, most, masked=True)) is not None:
            message, text, start = found
            if text and not message.isascii() and not self.is_utf8(message):
                return b""
            self.messages.put(message, text)
        return data[start:]

    def _bound(self) -> None:
        """Cut off who reads nothing, and who does not close after our goodbye."""
        if self.transport.get_write_buffer_size() > _MOST_UNREAD_BYTES and not self.transport.is_closing():
            self._host.refused(self, Refusal.NOT_READING, None)
            self.transport.abort()
        elif self.protocol.eof_sent:
            # The library waits without end for whom it cuts off.
            self._give_up_in(_CUT_OFF_S if self.protocol.close_rcvd is None else self.close_timeout)

    def _give_up_in(self, seconds: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None else self.loop.call_later(seconds, self.transport.abort)


class _Frames(ServerProtocol):
    """The library's protocol with a bound on the fragments of a message; its own is 4,096, for the whole process.

    Attributes:
        between: it has no part of a frame or of a message, and takes messages: what comes next begins one.
    """

    def __init__(self, most: int, **options: Any) -> None:
        super().__init__(**options)
        self._most = most
        self._fragments = 0
        self.between = False

    def receive_data(self, data: bytes | bytearray) -> None:
        self.between = False
        super().receive_data(data)

    def recv_frame(self, frame: Frame) -> None:
        if frame.opcode is Opcode.CONT:
            self._fragments += 1  # empty ones, too: they cost as much
            if self._fragments > self._most:
                self.fail(CloseCode.MESSAGE_TOO_BIG, f"more than {self._most} fragments")
                return
        elif not frame.fin:
            self._fragments = 1
        super().recv_frame(frame)
        self.between = not self.reader.buffer and self.current_size is None and self.state is State.OPEN

    def fail(self, code: CloseCode | int, reason: str = "") -> None:
        self.between = False
        super().fail(code, reason)

    def send_close(self, code: CloseCode | int | None = None, reason: str = "") -> None:
        self.between = False
        super().send_close(code, reason)
