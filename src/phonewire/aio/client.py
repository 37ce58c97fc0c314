"""The client: dials a server and gives back the same call object that servers hand to their handlers."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Mapping
from ipaddress import ip_address
from types import TracebackType
from typing import Any, Literal
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as connect_websocket
from websockets.exceptions import InvalidStatus, WebSocketException

from phonewire.aio.call import Call
from phonewire.aio.engines import announce, call_settings, make_engine, protocol_of
from phonewire.aio.outbound import QueuePolicy, check_queue
from phonewire.aio.transport import LIBRARY_LOG, WebSocketTransport
from phonewire.errors import AuthenticationError, HandshakeError, RemoteProtocolError
from phonewire.protocols.connection import MediaFormat, Side

__all__ = ["connect"]

# Header fields that carry a secret; they are not sent in the clear unless told to.
_SECRET_HEADERS = {"apikey", "authorization", "cookie", "proxy-authorization", "x-api-key"}


class connect:  # noqa: N801 - read as a verb: async with phonewire.connect(...) as call
    """Dial a server: ``async with phonewire.connect(url, ...) as call``.

    Leaving the block lets what is queued be heard, then hangs up; leaving it by an exception hangs up at once.

    Args:
        url: ``wss://…``, or ``ws://…`` for loopback.
        protocol: ``"twilio"`` or ``"twilio-one-way"`` (this side plays the phone), or ``"das-peak"``; by default what
            the path of the URL says.
        call_id: the platform's id of the call (das-Peak: the ``call_id`` of the signalling); by default a new one.
        parameters: passed along with the start of the stream, where the protocol can.
        headers: of the handshake, such as ``{"apikey": …}``.
        media_format: how audio is coded, where the wire does not tell (das-Peak).
        pace: ``"realtime"`` or ``"none"`` (as fast as the far end takes it); by default the protocol's own.
        tls: a client-side context; by default the system's certificates.
        queue_ms: audio that may wait to be sent.
        queue_policy: what a write does when more would: ``"wait"``, ``"drop-oldest"`` or ``"raise"``.
        allow_insecure: send secret headers over ``ws://`` to other machines too.
        message_bytes: of one message of the server; more ends the call.
        open_timeout_s: for the connection and the handshake.
        drain_timeout_s: for queued audio to be heard when the block is left.

    Raises:
        ValueError: no such protocol, pace or queue, or a secret would go over ``ws://`` to another machine.
        AuthenticationError: on entry: the server answered 401 or 403.
        HandshakeError: on entry: the server answered something else than an upgrade.
        RemoteProtocolError: on entry: what answers is no WebSocket server.
        OSError, TimeoutError: on entry: nothing answers.
    """

    def __init__(
        self,
        url: str,
        *,
        protocol: str | None = None,
        call_id: str | None = None,
        parameters: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        media_format: MediaFormat | None = None,
        pace: Literal["realtime", "none"] | None = None,
        tls: ssl.SSLContext | None = None,
        queue_ms: int = 2000,
        queue_policy: QueuePolicy = "wait",
        allow_insecure: bool = False,
        message_bytes: int = 65_536,
        open_timeout_s: float = 10.0,
        drain_timeout_s: float = 10.0,
    ) -> None:
        self._url = url
        self._protocol = protocol or protocol_of(url)
        self._call_id = call_id
        self._parameters = dict(parameters or {})
        self._headers = dict(headers or {})
        self._tls = tls
        self._open_timeout_s = open_timeout_s
        self._drain_timeout_s = drain_timeout_s
        self._message_bytes = message_bytes
        self._engine = make_engine(self._protocol, Side.CLIENT, media_format=media_format, message_bytes=message_bytes)
        check_queue(queue_ms, queue_policy)
        self._settings = call_settings(
            self._protocol, self._engine, Side.CLIENT, pace, queue_ms=queue_ms, queue_policy=queue_policy
        )
        if not allow_insecure:
            _refuse_secrets_in_the_clear(url, self._headers)

    async def __aenter__(self) -> Call:
        engine = self._engine
        announce(engine, self._call_id, self._parameters)  # first: an id that is refused opens no connection
        websocket = await self._dial()
        self._call = Call(engine, WebSocketTransport(websocket), self._settings)
        self._reader = asyncio.create_task(self._call.run())
        return self._call

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if exc is None:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._drain_timeout_s):
                        await self._call.drain()
        finally:
            await self._call.close()
            await self._reader

    async def _dial(self) -> ClientConnection:
        options: dict[str, Any] = {"ssl": self._tls} if self._tls is not None else {}
        try:
            return await connect_websocket(
                self._url,
                additional_headers=self._headers,
                compression=None,
                max_size=self._message_bytes,
                open_timeout=self._open_timeout_s,
                user_agent_header=None,
                logger=LIBRARY_LOG,
                # One attempt: what is worth another is for the caller to say.
                process_exception=lambda exc: exc,
                **options,
            )
        except InvalidStatus as exc:
            status = exc.response.status_code
            if status in (401, 403):
                raise AuthenticationError(f"the server refused the connection with HTTP status {status}") from None
            raise HandshakeError(status) from None
        except WebSocketException as exc:
            raise RemoteProtocolError(f"the server does not speak WebSocket: {type(exc).__name__}") from None


def _refuse_secrets_in_the_clear(url: str, headers: Mapping[str, str]) -> None:
    parts = urlsplit(url)
    secret = sorted(_SECRET_HEADERS.intersection(name.lower() for name in headers))
    if parts.scheme == "ws" and secret and not _is_loopback(parts.hostname or ""):
        raise ValueError(f"{', '.join(secret)} would be sent in the clear: use wss://, or say allow_insecure=True")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
