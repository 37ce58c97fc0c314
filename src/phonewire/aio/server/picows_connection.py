"""A server's connection whose messages picows reads and writes; the library does the handshake and all the rest.

picows reads frames faster than anything in Python, but knows neither authentication that takes its time, nor messages
in pieces, nor how long a peer may take to close. So a connection begins with the library and is handed over between two
frames; what is no whole message goes back to the library, as the frame that it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from picows import WSFrame, WSListener, WSMsgType, WSTransport
from picows.picows import WSProtocol  # type: ignore[attr-defined]  # its stubs leave it out
from websockets.protocol import State

from phonewire.aio.server.connection import Connection
from phonewire.aio.transports.transport import LIBRARY_LOG, frame_header

__all__ = ["PicowsConnection"]

# picows does a handshake of its own: it is shown this one, and its answer goes nowhere.
_HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: -\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
_READ_BYTES = 2048  # what it has for one read; with longer messages it takes more


class PicowsConnection(Connection):
    """A connection that is handed over to picows when its first message has been read."""

    _picows: WSProtocol | None = None

    def send_message(self, data: bytes, text: bool) -> None:
        """Write a whole message to the socket."""
        if self._picows is None:
            super().send_message(data, text)
        else:
            self._picows.transport.send(WSMsgType.TEXT if text else WSMsgType.BINARY, data)

    # What asyncio says

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where to read to."""
        if self._picows is None or self.protocol.eof_sent:
            return super().get_buffer(sizehint)
        return self._picows.get_buffer(sizehint)  # type: ignore[no-any-return]

    def buffer_updated(self, nbytes: int) -> None:
        """Take what was read."""
        if self._picows is None or self.protocol.eof_sent:
            super().buffer_updated(nbytes)
            # A network in memory has no socket, and picows nothing to write to.
            if self.is_between_messages and self.transport.get_extra_info("socket") is not None:
                self._picows = _picows_of(self)
            return
        self._picows.buffer_updated(nbytes)
        if self._picows.transport.is_close_frame_sent:
            self._was_cut_off(self._picows.transport)
        self._bound()

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end of the connection."""
        super().connection_lost(exc)
        self._picows = None

    def _was_cut_off(self, picows: WSTransport) -> None:
        """Take note that picows has said goodbye to a peer that broke the rules."""
        goodbye: Any = picows.close_handshake.sent
        is_first = self.protocol.state is State.OPEN
        self.protocol.fail(_number(goodbye.code), goodbye.reason)
        if is_first:
            del self.protocol.writes[0]  # the same goodbye
        self.send_data()


class _Frames(WSListener):
    """Takes the frames of a connection."""

    def __init__(self, connection: PicowsConnection) -> None:
        self._connection = connection

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take a frame."""
        connection, kind, plain = self._connection, frame.msg_type, not (frame.rsv1 or frame.rsv2 or frame.rsv3)
        whole = frame.fin and (kind is WSMsgType.TEXT or kind is WSMsgType.BINARY)
        if whole and plain and connection.is_between_messages:
            connection.take_message(frame.get_payload_as_bytes(), kind is WSMsgType.TEXT)
        elif not connection.transport.is_closing():
            connection.data_received(_as_it_came(frame))


class _Socket:
    """A connection's socket as picows sees it; when it is closed is not for picows to say."""

    def __init__(self, connection: PicowsConnection) -> None:
        self._transport = connection.transport
        self._answered = False
        self.get_extra_info = connection.transport.get_extra_info
        self.get_write_buffer_size = connection.transport.get_write_buffer_size

    def write(self, data: bytes) -> None:
        if self._answered:
            self._transport.write(data)
        self._answered = True  # the first is the answer to the handshake

    def writelines(self, pieces: Iterable[bytes]) -> None:
        self._transport.write(b"".join(pieces))  # a copy: picows writes to the same memory again

    def close(self) -> None:
        pass

    abort = close


def _as_it_came(frame: WSFrame) -> bytes:
    """Return the bytes of a client's frame; its mask is of zeros."""
    payload = frame.get_payload_as_bytes()
    first = frame.fin << 7 | frame.rsv1 << 6 | frame.rsv2 << 5 | frame.rsv3 << 4 | _number(frame.msg_type)
    second, *size = frame_header(len(payload), text=False)[1:]
    return bytes((first, 0x80 | second, *size, 0, 0, 0, 0)) + payload


def _number(name: Any) -> int:
    return int(name)  # its enumerations are of integers, which its stubs do not say


def _picows_of(connection: PicowsConnection) -> WSProtocol:
    """Return what reads a connection that is between two frames."""
    options: dict[str, Any] = {
        "host_port": None,
        "ws_path": None,
        "is_client_side": False,
        "ws_listener_factory": lambda request: _Frames(connection),
        "logger": LIBRARY_LOG,
        "disconnect_on_exception": True,
        "websocket_handshake_timeout": None,
        "enable_auto_ping": False,
        "auto_ping_idle_timeout": None,
        "auto_ping_reply_timeout": None,
        "auto_ping_strategy": 1,
        "enable_auto_pong": False,
        "max_frame_size": connection.protocol.max_message_size,
        "extra_headers": None,
        "read_buffer_init_size": _READ_BYTES,
    }
    picows = WSProtocol(**options)
    picows.connection_made(_Socket(connection))
    buffer = picows.get_buffer(len(_HANDSHAKE))
    buffer[: len(_HANDSHAKE)] = _HANDSHAKE
    picows.buffer_updated(len(_HANDSHAKE))
    return picows
