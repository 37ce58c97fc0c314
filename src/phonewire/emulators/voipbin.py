"""VoIPBIN's side of media streams: a call or a conference, whose stream a program dials.

The gateway is silent about errors: what it cannot use goes nowhere, and it ends a connection without a goodbye.

Source: VoIPBIN, ``websockhandler``, ``streamhandler``, ``mediastream_overview.rst``; read 2026-11.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
import uuid
from collections import Counter
from collections.abc import Mapping
from http import HTTPStatus
from os import PathLike
from typing import Any, Self
from urllib.parse import parse_qs, quote, urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from phonewire._typing import Buffer
from phonewire.aio.transports.transport import LIBRARY_LOG
from phonewire.emulators.dial import MAX_MESSAGE_SIZE
from phonewire.emulators.disorder import Disorder
from phonewire.emulators.microphone import Microphone, every_20_ms, mix
from phonewire.emulators.phone import Phone
from phonewire.emulators.voipbin_gateway import WIRES, Dropped, Gateway, HangupError

__all__ = ["Dropped", "VoipbinCall", "VoipbinConference"]

_RATE_HZ = 8000
_SILENCE = bytes(320)
_STREAM_S = 10.0  # of one stream's audio that the others have still to hear
_PATH = re.compile(r"/v1\.0/(calls|conferences)/([^/]+)/media_stream")


class VoipbinCall(Phone):
    """A call at VoIPBIN, to be dialled at `url`; an async context manager that lasts as long as the call.

    The phone speaks from the moment on that somebody first hears it, silence too, whether somebody hears it or not.

    Args:
        wire: ``"tutorial"``, ``"documented"`` or ``"deployed"``: how VoIPBIN's texts, or its service, have it.
        payload_type: of RTP, where it is another than that of *wire*: 0 in older releases, 96 today.
        token: that a client has to show; None takes everybody.
        permitted: whether who shows it may have this call's stream; otherwise 403.
        attach_s: after a client's connection is up, until Asterisk has dialled the gateway: what comes before is lost.
        cut_every_s: break each connection so long after it was attached; the call goes on.
        disorder: of the messages to the client.
        tls: to serve ``wss://``.

    Attributes:
        call_id: its id, in the URL.
        payload_type: may change during the call.
        dropped: messages of clients that went nowhere, by reason.
        refused: answers to who was not let in, such as 401.
        connections: that were made.

    Raises:
        ValueError: there is no such *wire*.
    """

    _collection = "calls"

    def __init__(
        self,
        *,
        wire: str = "documented",
        payload_type: int | None = None,
        token: str | None = None,
        permitted: bool = True,
        attach_s: float = 0.0,
        cut_every_s: float | None = None,
        disorder: Disorder | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        if wire not in WIRES:
            raise ValueError(f"wire is one of {', '.join(WIRES)}, got {wire!r}")
        super().__init__(_RATE_HZ)
        self.call_id = str(uuid.uuid4())
        self.payload_type = WIRES[wire].payload_type if payload_type is None else payload_type
        self.dropped: Counter[Dropped] = Counter()
        self.refused: list[int] = []
        self.connections = 0
        self._wire = WIRES[wire]
        self._token, self._permitted = token, permitted
        self._attach_s, self._cut_every_s = attach_s, cut_every_s
        self._disorder = disorder or Disorder()
        self._tls = tls
        self._microphones: dict[str, Microphone] = {}
        self._attached: dict[ServerConnection, Gateway] = {}
        self._sockets: set[ServerConnection] = set()
        self._first = asyncio.Event()

    # What the phone does

    def url(self, encapsulation: str | None = "rtp") -> str:
        """Return where a client dials, with the token.

        Args:
            encapsulation: that it asks for, known or not; None for none.
        """
        port = self._server.sockets[0].getsockname()[1]
        query = {"encapsulation": encapsulation, "token": self._token}
        asked = "&".join(f"{name}={quote(value)}" for name, value in query.items() if value is not None)
        scheme = "ws" if self._tls is None else "wss"
        return f"{scheme}://127.0.0.1:{port}/v1.0/{self._collection}/{self.call_id}/media_stream?{asked}"

    async def say(self, source: str | PathLike[str] | Buffer) -> None:
        """Speak, and return when it was said or the call is over; before the first connection nothing is said.

        Args:
            source: s16 samples, or the path of a WAV file, 8 kHz mono; the last frame is filled up with silence.

        Raises:
            CodecError: the file is no such WAV file; nothing is said.
        """
        await self._say(source, "the phone")

    async def _say(self, source: str | PathLike[str] | Buffer, who: str) -> None:
        await self._speak_into(self._microphones.setdefault(who, Microphone(_RATE_HZ)), source)

    def cut(self) -> None:
        """Break every connection; the call goes on, and can be dialled again."""
        for socket in self._sockets:
            _vanish(socket)

    async def hang_up(self) -> None:
        """End the call: connections vanish, and who dials again is told that there is no such call."""
        self._end()
        self.cut()
        for socket in list(self._sockets):
            await socket.wait_closed()

    # The truth

    @property
    def attached(self) -> int:
        """How many connections carry audio now."""
        return len(self._attached)

    # How it works

    async def __aenter__(self) -> Self:
        options: dict[str, Any] = {"logger": LIBRARY_LOG, "ssl": self._tls, "max_size": MAX_MESSAGE_SIZE}
        self._server = await serve(
            self._take, "127.0.0.1", 0, process_request=self._check, compression=None, ping_interval=None, **options
        )
        self._speaking = asyncio.create_task(self._speak())
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.hang_up()
        self._speaking.cancel()
        await asyncio.wait([self._speaking])
        self._server.close()
        await self._server.wait_closed()

    def _check(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer who may not have the stream, before there is a WebSocket."""
        answer = self._refusal(request)
        if answer is None:
            return None
        status, error = answer
        self.refused.append(status)
        self._notify()
        return connection.respond(status, error + "\n")

    def _refusal(self, request: Request) -> tuple[HTTPStatus, str] | None:
        parts = urlsplit(request.path)
        found = _PATH.fullmatch(parts.path)
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        token = parse_qs(parts.query).get("token", [bearer])[0]
        if self._token is not None and token != self._token:
            return HTTPStatus.UNAUTHORIZED, "INVALID_CREDENTIALS" if token else "AUTHENTICATION_REQUIRED"
        if found is not None and not _is_uuid(found[2]):
            return HTTPStatus.BAD_REQUEST, "INVALID_ID"
        if found is None or found.groups() != (self._collection, self.call_id) or self._over.is_set():
            return HTTPStatus.NOT_FOUND, "NOT_FOUND"
        return None if self._permitted else (HTTPStatus.FORBIDDEN, "PERMISSION_DENIED")

    async def _take(self, socket: ServerConnection) -> None:
        """Be the gateway of a connection until it ends."""
        assert socket.request is not None  # noqa: S101 - it has been answered
        asked = parse_qs(urlsplit(socket.request.path).query).get("encapsulation", [""])[0]
        gateway = Gateway(asked, self._wire, self.dropped)
        self.connections += 1
        self._sockets.add(socket)
        attaching = asyncio.get_running_loop().call_later(self._attach_s, self._attach, socket, gateway)
        try:
            with contextlib.suppress(ConnectionClosed):
                while True:
                    self._pass_on(await socket.recv(), socket, gateway)
        except HangupError:
            _vanish(socket)
            await socket.wait_closed()
        finally:
            attaching.cancel()
            self._sockets.discard(socket)
            self._attached.pop(socket, None)
            self._notify()

    def _attach(self, socket: ServerConnection, gateway: Gateway) -> None:
        """Take note that Asterisk has dialled the gateway."""
        self._attached[socket] = gateway
        self._first.set()
        if self._cut_every_s is not None:
            asyncio.get_running_loop().call_later(self._cut_every_s, _vanish, socket)
        self._notify()

    def _pass_on(self, message: bytes | str, socket: ServerConnection, gateway: Gateway) -> None:
        if socket not in self._attached:
            self.dropped[Dropped.EARLY] += 1
            return
        for frame in gateway.to_phone(message, self.payload_type):
            self._hear_stream(frame, socket)
        self._notify()

    def _hear_stream(self, frame: bytes, _socket: ServerConnection) -> None:
        self._hear(frame)

    async def _speak(self) -> None:
        await self._first.wait()
        async for _ in every_20_ms():
            frame = mix([microphone.frame() for microphone in self._microphones.values()], _SILENCE)
            self.said += frame
            said = self._to_streams(frame)
            for socket, gateway in list(self._attached.items()):
                message = gateway.to_client(said.get(socket, frame), self.payload_type)
                if message is not None:
                    await self._send(socket, self._disorder.pass_on(message))
            self._notify()

    def _to_streams(self, _frame: bytes) -> Mapping[ServerConnection, bytes]:
        """Return what streams hear in the place of the frame that the phone says."""
        return {}

    async def _send(self, socket: ServerConnection, messages: list[bytes]) -> None:
        with contextlib.suppress(ConnectionClosed):  # _take sees it too
            for message in messages:
                await socket.send(message)


class VoipbinConference(VoipbinCall):
    """A conference at VoIPBIN: as a `VoipbinCall`, with several people, whom a client hears together.

    Streams hear each other, too, each all but itself, at the speed of speech. Of what a stream sends ahead of that, up
    to 10 s wait; the oldest of more is lost.
    """

    _collection = "conferences"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._streams: dict[ServerConnection, Microphone] = {}

    async def say(self, source: str | PathLike[str] | Buffer, who: str = "somebody") -> None:
        """Let one of them speak, and return when it was said or the conference is over.

        Args:
            source: as in `VoipbinCall.say`: a file, or samples.
            who: any name; others may speak at the same time.

        Raises:
            CodecError: the file is no such WAV file; nothing is said.
        """
        await self._say(source, who)

    def _hear_stream(self, frame: bytes, socket: ServerConnection) -> None:
        super()._hear_stream(frame, socket)
        self._streams.setdefault(socket, Microphone(_RATE_HZ, longest_s=_STREAM_S)).speak(frame)

    def _to_streams(self, frame: bytes) -> Mapping[ServerConnection, bytes]:
        for socket in self._streams.keys() - self._attached.keys():
            del self._streams[socket]
        speaking = {socket: stream.frame() for socket, stream in self._streams.items() if stream}
        if not speaking:
            return {}
        return {
            listener: mix([frame, *(said for speaker, said in speaking.items() if speaker is not listener)], _SILENCE)
            for listener in self._attached
        }


def _vanish(socket: ServerConnection) -> None:
    """Close the TCP connection, and say nothing: its client sees 1006."""
    socket.transport.close()


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
