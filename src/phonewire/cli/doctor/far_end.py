"""Whether something answers at a URL, and what; its clock, too, which signatures go by."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import cast
from urllib.parse import urlsplit

import click
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.http11 import Response

from phonewire.aio.client.dialing import Once
from phonewire.aio.tls import client_context
from phonewire.aio.transports.transport import LIBRARY_LOG
from phonewire.cli.doctor.check import Check, Status

__all__ = ["SWITCHED", "Answer", "NobodyThereError", "dial", "far_end"]

#: The HTTP status of a WebSocket that was opened.
SWITCHED = 101

_SECURE = {"ws": "ws", "wss": "wss", "http": "ws", "https": "wss"}
_TIMEOUT_S = 5.0
_SKEW_S = 3.0  # what Genesys lets two clocks be apart; a Date has whole seconds


class NobodyThereError(Exception):
    """Nothing that speaks HTTP answers; says what did happen."""


@dataclass(frozen=True)
class Answer:
    """What a server said.

    Attributes:
        status: of HTTP; 101 when it opened a WebSocket.
        took_ms: from the first packet to the answer.
        ahead_s: how far its clock is ahead of this machine's, to a second; None when it did not say.
    """

    status: int
    took_ms: float
    ahead_s: float | None


def far_end(url: str) -> Iterator[Check]:
    """Yield whether a platform or a server can be reached from here.

    Raises:
        click.UsageError: the URL is none that can be dialled.
    """
    try:
        parts = urlsplit(url)
        name = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname or ""
    except ValueError:
        raise click.UsageError("this is no URL") from None
    try:
        if parts.scheme == "audiosocket":
            yield _tcp(parts.hostname, parts.port)
            return
        answer = dial(url)
    except NobodyThereError as error:
        yield Check("far end", Status.FAILED, f"{name}: {error}", "name server, firewall, proxy, certificate?")
        return
    what = "opened a WebSocket" if answer.status == SWITCHED else f"answered with HTTP status {answer.status}"
    yield Check("far end", Status.OK, f"{name} {what} after {answer.took_ms:.0f} ms")
    if answer.ahead_s is not None:
        yield _compared(answer.ahead_s)


def _compared(ahead_s: float) -> Check:
    detail = f"{abs(ahead_s):.0f} s {'behind' if ahead_s > 0 else 'ahead of'} the far end's"
    if abs(ahead_s) <= _SKEW_S:
        return Check("time of day", Status.OK, f"at most {_SKEW_S:g} s from the far end's")
    return Check("time of day", Status.WARNING, detail, "signatures (Genesys, tokens) are good for seconds: run NTP")


def dial(url: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Ask for a WebSocket, and hang up.

    Args:
        url: ``ws``, ``wss``, ``http`` or ``https``.
        headers: sent along.

    Raises:
        NobodyThereError: no HTTP came back.
        click.UsageError: the URL is none that can be dialled.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in _SECURE:
        raise click.UsageError("a URL to reach begins with wss://, ws://, https://, http:// or audiosocket://")
    began = time.monotonic()
    response = _response(f"{_SECURE[scheme]}://{rest}", headers or {})
    took_ms = (time.monotonic() - began) * 1000
    return Answer(response.status_code, took_ms, _ahead_s(response.headers.get("Date")))


def _response(url: str, headers: Mapping[str, str]) -> Response:
    try:
        return asyncio.run(_open(url, headers))
    except InvalidStatus as error:
        return error.response
    except WebSocketException as error:
        raise NobodyThereError(f"what answers does not speak HTTP or WebSocket ({type(error).__name__})") from None
    except OSError as error:
        raise NobodyThereError(_reason(error)) from None
    except ValueError:  # last: a certificate that is not trusted is one of these, too
        raise click.UsageError("this is no URL") from None


async def _open(url: str, headers: Mapping[str, str]) -> Response:
    # Not the library's client with threads: two that read and write one TLS connection lose a request now and then
    # (Python before 3.13).
    async with Once(
        url,
        ssl=client_context() if url.startswith("wss:") else None,
        additional_headers=headers,
        compression=None,
        open_timeout=_TIMEOUT_S,
        close_timeout=_TIMEOUT_S,
        user_agent_header=None,
        logger=LIBRARY_LOG,
    ) as websocket:
        return cast(Response, websocket.response)  # there is one: the WebSocket is open


def _reason(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return "its name has no address"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return "what answers does not speak TLS"
    if isinstance(error, TimeoutError):
        return f"no answer within {_TIMEOUT_S:g} s"
    return (os.strerror(error.errno) if error.errno else error.strerror) or type(error).__name__


def _tcp(host: str | None, port: int | None) -> Check:
    if not host or not port:
        raise click.UsageError("an AudioSocket URL is audiosocket://HOST:PORT")
    try:
        socket.create_connection((host, port), _TIMEOUT_S).close()
    except OSError as error:
        raise NobodyThereError(_reason(error)) from None
    return Check("far end", Status.OK, f"{host}:{port} takes TCP connections")


def _ahead_s(date: str | None) -> float | None:
    """Return how far a server's clock is ahead; None when it did not say."""
    try:
        return parsedate_to_datetime(date).timestamp() - time.time() if date else None
    except ValueError:
        return None
