"""One HTTP request over a connection of its own; redirects are not followed."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Mapping
from urllib.parse import SplitResult

try:
    import h11
except ImportError as error:
    raise ImportError("das-Peak's signalling needs h11: pip install 'phonewire[das-peak]'") from error

from phonewire.aio.redial import refusal
from phonewire.aio.tls import client_context
from phonewire.errors import LimitExceededError, RemoteProtocolError

__all__ = ["request"]

_READ_BYTES = 16 * 1024


async def request(
    method: str,
    url: SplitResult,
    headers: Mapping[str, str],
    body: bytes,
    *,
    tls: ssl.SSLContext | None,
    answer_bytes: int,
) -> bytes:
    """Return the body of a 2xx answer.

    Args:
        method: such as ``GET``.
        url: where to; its path is sent as it is.
        headers: beside those that every request has.
        body: may be empty.
        tls: a client-side context; None for the system's authorities.
        answer_bytes: of the answer, header included, at most.

    Raises:
        AuthenticationError: the status is 401 or 403.
        HandshakeError: it is another one that is not 2xx.
        LimitExceededError: the answer is too long.
        RemoteProtocolError: it is no HTTP, or ends in the middle (close code 1006).
        OSError: nothing answers.
    """
    context = (tls or client_context()) if url.scheme == "https" else None
    port = url.port or (443 if context else 80)
    reader, writer = await asyncio.open_connection(url.hostname, port, ssl=context)
    try:
        connection = h11.Connection(h11.CLIENT)
        fields = {"Host": url.netloc, "Connection": "close", "Content-Length": str(len(body)), **headers}
        asked = h11.Request(method=method, target=url.path, headers=list(fields.items()))
        for event in (asked, h11.Data(data=body), h11.EndOfMessage()):
            writer.write(connection.send(event) or b"")
        await writer.drain()
        return await _answer(connection, reader, answer_bytes)
    finally:
        writer.transport.abort()  # one request is all: there is nothing to wait for


async def _answer(connection: h11.Connection, reader: asyncio.StreamReader, most_bytes: int) -> bytes:
    taken, ended = 0, False
    body = bytearray()
    while True:
        event = _next_event(connection, ended=ended)
        if event is h11.NEED_DATA:
            data = await reader.read(_READ_BYTES)
            taken, ended = taken + len(data), not data
            if taken > most_bytes:
                raise LimitExceededError("bytes of an HTTP answer", most_bytes, taken)
            connection.receive_data(data)
        elif isinstance(event, h11.Response):
            _check(event)
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            return bytes(body)
        elif isinstance(event, h11.ConnectionClosed):
            raise RemoteProtocolError("the server hung up before its answer", 1006)


def _next_event(connection: h11.Connection, *, ended: bool) -> h11.Event | type[h11.NEED_DATA | h11.PAUSED]:
    try:
        return connection.next_event()
    except h11.RemoteProtocolError:
        if ended:
            raise RemoteProtocolError("the server hung up within its answer", 1006) from None
        raise RemoteProtocolError("the answer is not HTTP") from None


def _check(response: h11.Response) -> None:
    if not 200 <= response.status_code < 300:
        values = [value.decode("latin-1") for name, value in response.headers if name == b"retry-after"]
        raise refusal(response.status_code, values, time.time())
