"""das-Peak's service: sessions over REST, the consumer of their audio, and the verdict."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import ssl
from collections.abc import Callable
from hashlib import sha256
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import h11
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from phonewire.aio.transports.transport import LIBRARY_LOG
from phonewire.emulators.das_peak_consumer import CONSUMERS
from phonewire.emulators.das_peak_sessions import ENDED_EARLY, SUCCESS, WRONG_SCORE, Sessions
from phonewire.emulators.dial import MAX_MESSAGE_SIZE

__all__ = ["DasPeakService", "same_audio"]

_REST = "/dpsrest"
_TWILIO, _AUDIOHOOK = CONSUMERS
_REQUEST_BYTES = 64 * 1024

#: Is given a session and its audio, and returns the status that is the verdict; None when there is none yet.
Judge = Callable[[dict[str, Any], bytes], str | None]


def same_audio(session: dict[str, Any], audio: bytes) -> str:
    """Return the verdict of this service by default: only the audio that gave a credential is the same voice.

    The audio is n codewords, µ-law, compared byte for byte. Without a field ``credential``, the emulator's own name for
    it, everything is a success.
    """
    return SUCCESS if session.get("credential") in (None, _credential(audio)) else WRONG_SCORE


class DasPeakService:
    """A das-Peak that makes sessions, takes their audio and judges it; an async context manager.

    Args:
        apikey: that requests and audio must have.
        judge: gives the verdict.
        looks: at a session before the one that finds it ready; None when it never is.
        answer_s: how long each answer to a request takes.
        tls: to serve ``https://`` and ``wss://``.

    Attributes:
        sessions: what the service knows.
        heard: µ-law of each call, by its id.
        requests: method and path of each that came.
        answer_s: may change at any time.
        answers: statuses, or whole answers in bytes, for the next requests instead of the right ones.
    """

    def __init__(
        self,
        *,
        apikey: str,
        judge: Judge = same_audio,
        looks: int | None = 1,
        answer_s: float = 0.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.sessions = Sessions(looks)
        self.heard: dict[str, bytes] = {}
        self.requests: list[tuple[str, str]] = []
        self.answers: list[int | bytes] = []
        self._apikey, self._judge = apikey, judge
        self.answer_s = answer_s
        self._tls = tls
        self._over = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        """Where the paths of the REST service begin."""
        return f"http{self._s}://127.0.0.1:{self._rest.sockets[0].getsockname()[1]}{_REST}"

    @property
    def audio_url(self) -> str:
        """Where the audio goes, in Twilio's messages."""
        return self._websocket_url(_TWILIO)

    @property
    def audiohook_url(self) -> str:
        """Where it goes in Genesys AudioHook; the conversation's id is the ``call_id``."""
        return self._websocket_url(_AUDIOHOOK)

    def _websocket_url(self, path: str) -> str:
        return f"ws{self._s}://127.0.0.1:{self._consumer.sockets[0].getsockname()[1]}{path}"

    @property
    def _s(self) -> str:
        return "" if self._tls is None else "s"

    async def __aenter__(self) -> Self:
        options: dict[str, Any] = {"logger": LIBRARY_LOG, "ssl": self._tls, "max_size": MAX_MESSAGE_SIZE}
        self._rest = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self._consumer = await serve(
            self._consume, "127.0.0.1", 0, process_request=self._check, compression=None, **options
        )
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        for writer in self._writers:
            writer.transport.abort()
        self._rest.close()
        self._consumer.close()
        await self._rest.wait_closed()
        await self._consumer.wait_closed()

    # Signalling

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        self._writers.add(writer)
        try:
            connection = h11.Connection(h11.SERVER)
            asked, body = await _read(connection, reader)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.answer_s):
                    await self._over.wait()
            writer.write(self._respond(connection, asked, body))
            await writer.drain()
        except (h11.RemoteProtocolError, OSError):
            pass  # who hangs up in the middle, or speaks no HTTP, has no answer
        finally:
            self._writers.discard(writer)
            writer.close()

    def _respond(self, connection: h11.Connection, asked: h11.Request, body: bytes) -> bytes:
        method, path = asked.method.decode(), asked.target.decode()
        self.requests.append((method, path))
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, bytes):
            return answer
        status, fields = answer or 0, dict[str, Any]()
        if not status and dict(asked.headers).get(b"apikey") != self._apikey.encode():
            status = HTTPStatus.UNAUTHORIZED
        if not status and path.startswith(_REST):
            status, fields = self.sessions.answer(method, path.removeprefix(_REST), body)
        data = json.dumps(fields).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(data))), ("Connection", "close")]
        response = h11.Response(status_code=status or HTTPStatus.NOT_FOUND, headers=headers)
        return b"".join(connection.send(part) or b"" for part in (response, h11.Data(data=data), h11.EndOfMessage()))

    # Audio

    def _check(self, connection: ServerConnection, request: Request) -> Response | None:
        # Genesys has a field of its own for a key.
        if self._apikey not in (request.headers.get("apikey"), request.headers.get("x-api-key")):
            return connection.respond(HTTPStatus.UNAUTHORIZED, "")
        return None if request.path in CONSUMERS else connection.respond(HTTPStatus.NOT_FOUND, "")

    async def _consume(self, socket: ServerConnection) -> None:
        """Take the audio of one connection, and judge it."""
        assert socket.request is not None  # noqa: S101 - it has been answered
        consumer = CONSUMERS[socket.request.path](socket, self.sessions.expecting)
        try:
            await consumer.run()
        finally:
            if consumer.session is not None:
                self._conclude(consumer.session, bytes(consumer.audio), enough=consumer.has_enough)

    def _conclude(self, session: dict[str, Any], audio: bytes, *, enough: bool) -> None:
        self.heard[session["call_id"]] = audio
        status = self._judge(session, audio) if enough else ENDED_EARLY
        if status is not None:
            session["status"] = status
        if status == SUCCESS:
            session["credential"] = _credential(audio)


def _credential(audio: bytes) -> str:
    return base64.b64encode(sha256(audio).digest()).decode()


async def _read(connection: h11.Connection, reader: asyncio.StreamReader) -> tuple[h11.Request, bytes]:
    """Return a request and its body.

    Raises:
        h11.RemoteProtocolError: it is none, or too long.
    """
    asked, body = None, bytearray()
    while not isinstance(event := connection.next_event(), h11.EndOfMessage):
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(_REQUEST_BYTES))
        elif isinstance(event, h11.Request):
            asked = event
        elif isinstance(event, h11.Data) and len(body) + len(event.data) <= _REQUEST_BYTES:
            body += event.data
        else:
            break
    if asked is None:
        raise h11.RemoteProtocolError("no request")
    return asked, bytes(body)
