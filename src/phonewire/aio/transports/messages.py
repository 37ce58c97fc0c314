"""Whole messages of a WebSocket connection, on their way to whoever receives them."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections import deque
from collections.abc import Callable

from websockets.asyncio.connection import Connection as WebSocket
from websockets.frames import DATA_OPCODES, CloseCode, Frame, Opcode
from websockets.protocol import Event
from websockets.typing import BytesLike

from phonewire.aio import faults
from phonewire.aio.transports.transport import Take, TransportClosed, closed_by

__all__ = ["MessageConnection", "Messages"]

_MOST_WAITING = 16  # messages that nobody has taken; with more the socket is not read
_FEW_WAITING = 4  # then it is read again


class Messages:
    """Hands messages on as they come, and keeps those that nobody takes at once.

    To wake a task for each message costs more than all else that is done for one. So who receives says what is to be
    done with a message, and is woken only when there is something to wait for.

    Args:
        pause: reads no more from the socket.
        resume: reads again.
    """

    def __init__(self, pause: Callable[[], None], resume: Callable[[], None]) -> None:
        self._pause = pause
        self._resume = resume
        self._most, self._few = _MOST_WAITING, _FEW_WAITING
        self._waiting: deque[tuple[bytes, bool]] = deque()
        self._paused = False
        self._take: Take | None = None
        self._receiver: asyncio.Future[None] | None = None
        self._error: Exception | None = None  # that take raised, until it is raised to who receives
        self._end: TransportClosed | None = None
        self._over = False  # nothing more is handed on

    def __len__(self) -> int:
        return len(self._waiting)

    def keep_few(self) -> None:
        """Keep no more than two messages, because they are long."""
        self._most, self._few = 1, 0

    async def receive(self, take: Take | None = None) -> tuple[bytes, bool]:
        """Return the next message that *take* does not take; see `Transport.receive`. For one task at a time."""
        while not self._waiting:
            if self._error is not None:
                raise self._error_once()
            if self._end is not None:
                # A new one: an exception that is kept keeps whoever has seen it.
                raise TransportClosed(self._end.code, cut_off=self._end.cut_off)
            self._take, self._receiver = take, asyncio.get_running_loop().create_future()
            try:
                await self._receiver
            finally:
                self._take = self._receiver = None
        message = self._waiting.popleft()
        if self._paused and len(self._waiting) <= self._few:
            self._paused = False
            self._resume()
        return message

    # What the connection says

    def put(self, data: bytes, text: bool) -> None:
        """Take a whole message."""
        if self._over:
            return
        try:
            if faults.hook is not None:
                faults.hook("transport.receive")
            if self._take is not None and self._take(data, text):
                return
        except Exception as error:
            self._error, self._over = error, True
            self._wake()
            return
        self._take = None  # what comes now stands behind this one
        self._waiting.append((data, text))
        self._wake()
        if len(self._waiting) > self._most and not self._paused:
            self._paused = True
            self._pause()

    def end(self, closed: TransportClosed) -> None:
        """Take note that nothing more comes; what is kept can still be received, then *closed* is raised."""
        self._end, self._over = closed, True
        self._wake()

    def _error_once(self) -> Exception:
        error, self._error = self._error, None
        assert error is not None  # noqa: S101 - tells the type checker what its caller has asked
        return error

    def _wake(self) -> None:
        if self._receiver is not None and not self._receiver.done():
            self._receiver.set_result(None)


class MessageConnection(WebSocket):
    """A connection of the library whose messages are handed on.

    Attributes:
        messages: from here they are received, instead of by ``recv``.
    """

    messages: Messages

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socket."""
        super().connection_made(transport)
        self.messages = Messages(self.transport.pause_reading, self.transport.resume_reading)
        self._pieces: list[BytesLike] = []  # of a message that comes in several frames
        self._text = False  # what it is

    @abstractmethod
    def send_message(self, data: bytes, text: bool) -> None:
        """Write a whole message to the socket, without waiting."""

    def process_event(self, event: Event) -> None:
        """Take what the library has read."""
        if isinstance(event, Frame) and event.opcode in DATA_OPCODES:
            self._take_frame(event)
        else:
            super().process_event(event)

    def is_utf8(self, message: bytes) -> bool:
        """Whether text is UTF-8; a peer whose text is not is cut off."""
        try:
            message.decode()
        except UnicodeDecodeError as error:
            self._fail_text(error)
            return False
        return True

    def _take_frame(self, frame: Frame) -> None:
        """Take a frame of a message, of which the last one completes it."""
        if frame.opcode is not Opcode.CONT:
            self._text = frame.opcode is Opcode.TEXT
        self._pieces.append(frame.data)
        if frame.fin:
            message = b"".join(self._pieces)
            self._pieces.clear()
            if not self._text or message.isascii() or self.is_utf8(message):
                self.messages.put(message, self._text)

    def _fail_text(self, error: UnicodeDecodeError) -> None:
        """Cut off a peer whose text is not UTF-8, as the library does in ``recv``."""
        self.protocol.fail(CloseCode.INVALID_DATA, f"{error.reason} at position {error.start}")
        if self.close_deadline is None and self.close_timeout is not None:
            self.close_deadline = self.loop.time() + self.close_timeout
        self.send_data()

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end of the connection."""
        super().connection_lost(exc)
        self.messages.end(closed_by(self.close_exc))
