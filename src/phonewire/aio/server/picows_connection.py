"""A server's connection whose messages picows reads; the library does the handshake and all the rest.

picows reads frames faster than anything in Python, but knows neither authentication that takes its time, nor messages
in pieces, nor how long a peer may take to close. So a connection begins with the library and is handed over between two
frames; what is no whole message goes back to the library, as the frame that it was.
"""

from __future__ import annotations

import asyncio
from typing import Any

from picows import WSFrame, WSListener, WSMsgType, WSTransport
from picows.picows import WSProtocol  # type: ignore[attr-defined]  # its stubs leave it out

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
    """A connection whose reading is handed over to picows when its first message has been read.

    Writing is not: a message that picows writes costs more than one that is written here.
    """

    _handed_over = False

    # What asyncio says

    def data_received(self, data: bytes) -> None:
        """Take bytes from the socket, up to the first message; what comes then picows takes."""
        super().data_received(data)
        # A network in memory has no socket, and picows nothing to read from.
        if self.frames.between and self.transport.get_extra_info("socket") is not None and not self._handed_over:
            self._handed_over = True
            self.transport.set_protocol(_Handover(self, _picows_of(self)))

    def cut_off(self, code: int, reason: str) -> None:
        """Say goodbye to a peer that broke the rules, which picows has seen, and take what else he sends."""
        self.transport.set_protocol(self)
        self.protocol.fail(code, reason)
        self.send_data()
        self._bound()


class _Handover(asyncio.BufferedProtocol):
    """What the event loop talks to: picows reads, everything else is the connection's.

    An object of its own, because uvloop does not take a buffer from a class of websockets, and looks all of these up
    once, so that it calls compiled functions only.
    """

    def __init__(self, connection: PicowsConnection, picows: WSProtocol) -> None:
        vars(self).update(
            get_buffer=picows.get_buffer,
            buffer_updated=picows.buffer_updated,
            eof_received=connection.eof_received,
            connection_lost=connection.connection_lost,
            pause_writing=connection.pause_writing,
            resume_writing=connection.resume_writing,
        )


class _Frames(WSListener):
    """Takes the frames of a connection."""

    def __init__(self, connection: PicowsConnection) -> None:
        self._connection = connection

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take a frame."""
        connection, kind, plain = self._connection, frame.msg_type, not (frame.rsv1 or frame.rsv2 or frame.rsv3)
        whole = frame.fin and (kind is WSMsgType.TEXT or kind is WSMsgType.BINARY)
        if whole and plain and connection.frames.between:
            message, text = frame.get_payload_as_bytes(), kind is WSMsgType.TEXT
            if not text or message.isascii() or connection.is_utf8(message):
                connection.messages.put(message, text)
        elif not connection.transport.is_closing():
            connection.data_received(_as_it_came(frame))


class _Socket:
    """A connection's socket as picows sees it, which writes nothing but the goodbye to who breaks the rules."""

    def __init__(self, connection: PicowsConnection) -> None:
        self._connection = connection
        self._answered = False
        self.get_write_buffer_size = connection.transport.get_write_buffer_size

    def get_extra_info(self, name: str) -> Any:
        # Into a socket without TLS it would write past this.
        return True if name == "ssl_object" else self._connection.transport.get_extra_info(name)

    def write(self, data: bytes) -> None:
        if self._answered:
            length, code = data[1], int.from_bytes(data[2:4])  # a CLOSE frame, which is never longer than 127 bytes
            self._connection.cut_off(code, data[4 : 2 + length].decode())
        self._answered = True  # the first is the answer to the handshake

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
