"""One attempt to reach a server: where to, with which secrets, and what its answer means."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast
from urllib.parse import SplitResult, quote, urlsplit

from websockets.asyncio.client import connect as connect_websocket
from websockets.exceptions import InvalidMessage, InvalidStatus, WebSocketException

from phonewire.aio.call.audiohook_session import Sign
from phonewire.aio.client.connection import DialledConnection
from phonewire.aio.client.header_fields import checked_fields
from phonewire.aio.client.within import within
from phonewire.aio.faults import fault
from phonewire.aio.redial import refusal
from phonewire.aio.tls import client_context
from phonewire.aio.transports.transport import LIBRARY_LOG, WebSocketTransport
from phonewire.auth import Secret
from phonewire.errors import RemoteProtocolError
from phonewire.url import is_loopback

__all__ = ["Dialer", "Once", "Token"]

#: A token, or what makes one for each attempt.
Token = str | Secret | Callable[[], Awaitable[str | Secret]]

# Header fields and parameters of a URL that carry a secret; they are not sent in the clear unless told to.
_SECRET_HEADERS = {"apikey", "authorization", "cookie", "proxy-authorization", "x-api-key"}
_SECRET_PARAMETERS = {"access_token", "accesskey", "api_key", "apikey", "token"}

_TOKEN_PARAMETER = re.compile(r"(?<![^&])token=[^&]*")
_TOKEN = re.compile(r"[\x21-\x7e]+")  # what a header field can carry, and no end of its line


class Once(connect_websocket):
    """The library's handshake, without following redirects: another server would get our headers."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Return what is to be raised: the answer as it is."""
        return exc


class Dialer:
    """Opens connections to one URL.

    Args:
        url: ``wss://…``, or ``ws://…``.
        headers: of the handshake.
        token: sent in the place of the URL's parameter ``token`` where it has one, otherwise as ``Authorization:
            Bearer``.
        sign: returns headers that sign an attempt; None for none.
        tls: a client-side context; None for the system's certificates.
        insecure: send secrets over ``ws://`` to other machines too.
        message_bytes: of one message of the server; more ends the connection.
        timeout_s: for the token, the connection and the handshake together.
        close_timeout_s: from either side's goodbye to the end of the connection.

    Raises:
        ValueError: the URL is none for WebSocket, a header is none, there are two tokens, or a secret would go over
            ``ws://`` to another machine.
    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        token: Token | None = None,
        *,
        sign: Sign | None = None,
        tls: ssl.SSLContext | None,
        insecure: bool,
        message_bytes: int,
        timeout_s: float,
        close_timeout_s: float,
    ) -> None:
        parts = _split(url)
        self._url = parts
        self._headers = checked_fields(headers or {})
        self._token = Secret(token) if isinstance(token, str) else token
        self._sign = sign
        self._token_in_url = _TOKEN_PARAMETER.search(parts.query) is not None
        self._tls = tls
        self._message_bytes = message_bytes
        self._timeout_s = timeout_s
        self._close_timeout_s = close_timeout_s
        names = {name.lower() for name in self._headers}
        if token is not None and not self._token_in_url and "authorization" in names:
            raise ValueError("there are a token and an Authorization header: give one of them")
        if not insecure:
            _refuse_in_the_clear(parts, names, has_token=token is not None)
        if sign is not None:
            sign(url, self._headers)  # what is wrong is told now

    async def dial(self) -> WebSocketTransport:
        """Connect once.

        Raises:
            AuthenticationError: the server answered 401 or 403.
            HandshakeError: the server answered something else than an upgrade.
            RemoteProtocolError: what answers is no WebSocket server, or hung up (close code 1006).
            OSError, TimeoutError: nothing answers.
            Exception: what the maker of tokens raises.
        """
        async with within(self._timeout_s, "no connection"):
            url, headers = await self._request()
            if self._sign is not None:
                headers = {**headers, **self._sign(url, headers)}
            return await self._connect(url, headers)

    async def _request(self) -> tuple[str, dict[str, str]]:
        """Return the URL and the headers of the next attempt."""
        fault("dial.token")
        if self._token is None:
            return self._url.geturl(), self._headers
        token = self._token if isinstance(self._token, Secret) else await self._token()
        text = token.reveal() if isinstance(token, Secret) else token
        if not _TOKEN.fullmatch(text):
            raise ValueError("a token is one or more printable ASCII characters without spaces")
        if self._token_in_url:
            query = _TOKEN_PARAMETER.sub(lambda _: "token=" + quote(text, safe=""), self._url.query)
            return self._url._replace(query=query).geturl(), self._headers
        return self._url.geturl(), self._headers | {"Authorization": f"Bearer {text}"}

    async def _connect(self, url: str, headers: Mapping[str, str]) -> WebSocketTransport:
        fault("dial.connect")
        tls = client_context() if self._tls is None and self._url.scheme == "wss" else self._tls
        options: dict[str, Any] = {} if tls is None else {"ssl": tls}
        try:
            websocket = await Once(
                url,
                additional_headers=headers,
                compression=None,
                max_size=self._message_bytes,
                open_timeout=None,
                close_timeout=self._close_timeout_s,
                create_connection=DialledConnection,
                user_agent_header=None,
                logger=LIBRARY_LOG,
                **options,
            )
        except InvalidStatus as exc:
            answer = exc.response
            raise refusal(answer.status_code, answer.headers.get_all("Retry-After"), time.time()) from None
        except InvalidMessage as exc:
            if isinstance(exc.__cause__, EOFError):
                raise RemoteProtocolError("the server hung up during the handshake", 1006) from None
            raise RemoteProtocolError("the server does not speak WebSocket: InvalidMessage") from None
        except WebSocketException as exc:
            raise RemoteProtocolError(f"the server does not speak WebSocket: {type(exc).__name__}") from None
        except ConnectionResetError as exc:
            if exc.args:
                raise
            # asyncio says nothing when its TLS handshake ends like this.
            raise ConnectionResetError("the server hung up during the TLS handshake: perhaps it wants ws://") from None
        return WebSocketTransport(cast("DialledConnection", websocket))


def _split(url: str) -> SplitResult:
    """Take a URL apart; what is wrong with it is said without it, because it may hold a token."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("ws", "wss") and parts.hostname and parts.port != 0 and not parts.fragment
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("the URL is ws:// or wss://, a host, and perhaps a port (1 to 65535), a path and a query")
    return parts


def _refuse_in_the_clear(url: SplitResult, headers: set[str], *, has_token: bool) -> None:
    if url.scheme == "wss" or is_loopback(url.hostname or ""):
        return
    secret = _SECRET_HEADERS & headers | _SECRET_PARAMETERS & {each.partition("=")[0] for each in url.query.split("&")}
    if has_token:
        secret.add("token")
    if url.password:
        secret.add("password")
    if secret:
        names = ", ".join(sorted(secret))
        raise ValueError(f"{names} would be sent in the clear: use wss://, or say allow_insecure=True")
