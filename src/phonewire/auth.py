"""Who may open a stream: Twilio's signature, and keys in a header.

Everything here is a pure function of the request and the time, checked before a WebSocket is accepted. Whatever is
wrong, the answer is the same `AuthenticationError` after the same work: a missing or unknown secret costs what a wrong
one does, and comparisons take the same time wherever the difference is.

Specification: https://www.twilio.com/docs/usage/security, read 2026-11; das-Peak Streaming, "Other Platforms".
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from hmac import digest as hmac_digest
from typing import NoReturn, Protocol
from urllib.parse import urlsplit

from phonewire.errors import AuthenticationError

__all__ = ["ApiKey", "Authenticator", "Request", "Secret", "TwilioSignature", "Verified", "sign_twilio"]

Pairs = Mapping[str, str] | Iterable[tuple[str, str]]

# A host and perhaps a port, nothing that could move the boundary between host and path.
_HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?P<port>:[0-9]{1,5})?")


class Request:
    """The part of a handshake or webhook that authentication looks at.

    Attributes:
        method: ``GET`` for every WebSocket.
        target: raw path and query, as they came.
        form: decoded fields of a webhook, as (name, value) pairs; None for a WebSocket upgrade.
    """

    __slots__ = ("_headers", "form", "method", "target")

    def __init__(self, method: str, target: str, headers: Pairs, form: Pairs | None = None) -> None:
        """Take the request apart from its transport.

        Args:
            method: as it came.
            target: raw path and query.
            headers: a mapping, or (name, value) pairs.
            form: fields of a webhook's body, empty for GET; None says that this is a WebSocket upgrade.
        """
        self.method = method
        self.target = target
        self.form = None if form is None else tuple(_pairs(form))
        self._headers: dict[str, list[str]] = {}
        for name, value in _pairs(headers):
            self._headers.setdefault(name.lower(), []).append(value)

    def header(self, name: str) -> str | None:
        """Return the value of a header, whatever the case of its name; None when it is missing or came twice."""
        values = self._headers.get(name.lower(), ())
        return values[0] if len(values) == 1 else None

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.target.partition('?')[0]}>"


@dataclass(frozen=True, slots=True)
class Verified:
    """Who it is.

    Attributes:
        identity: which of the configured secrets it was, by kind and place; never the secret.
        nonce: what must not come a second time, None where the scheme has none.
        expires_s: until when the nonce must be remembered, in the seconds of *now_s*.
    """

    identity: str
    nonce: str | None = None
    expires_s: float | None = None


class Authenticator(Protocol):
    """What an endpoint needs of its authentication."""

    def verify(self, request: Request, now_s: float) -> Verified:
        """Return who it is, or raise AuthenticationError."""


class Secret:
    """A secret that is not shown: not in logs, not in tracebacks, not in pickles."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        if not value:
            raise ValueError("a secret needs at least 1 character, got 0")
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself, to send it."""
        return self._value

    def matches(self, candidate: str) -> bool:
        """Compare in a time that tells nothing of either."""
        return _same(self._value, candidate)

    def __repr__(self) -> str:
        return "***"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret can not be pickled")


Secrets = str | Secret | Iterable[str | Secret]


class ApiKey:
    """A key in a header, as das-Peak has it."""

    def __init__(self, keys: Secrets, header: str = "apikey") -> None:
        """Accept any of some keys.

        Args:
            keys: one or several, for rotation.
            header: the header's name, in any case.

        Raises:
            ValueError: no key is given, or an empty one.
        """
        self._keys = _secrets(keys)
        self._header = header

    def verify(self, request: Request, now_s: float) -> Verified:
        """Return which key it was, or raise AuthenticationError."""
        candidate = request.header(self._header) or ""
        return _verified("apikey", [key.matches(candidate) for key in self._keys])


class TwilioSignature:
    """Twilio's ``X-Twilio-Signature`` over a stream's ``wss://`` URL, or over a webhook's ``https://`` URL and form."""

    def __init__(self, auth_tokens: Secrets, public_url: str | None = None) -> None:
        """Accept what any of some auth tokens signed.

        Args:
            auth_tokens: one or several, for rotation.
            public_url: how Twilio reaches this server through a proxy: ``https://`` or ``wss://``, host, and the
                path that the proxy takes away, if it does. The request's own path and query are appended, so that one
                public URL serves all endpoints; a URL that has the endpoint's path already is understood, too. None:
                the Host header is what Twilio called.

        Raises:
            ValueError: no token is given, or an empty one; the URL is not as above.
        """
        self._auth_tokens = _secrets(auth_tokens)
        self._base = None if public_url is None else _split_base(public_url)

    def verify(self, request: Request, now_s: float) -> Verified:
        """Return which auth token it was, or raise AuthenticationError."""
        candidate = request.header("x-twilio-signature") or ""
        signed = [url + _signed_form(request) for url in self._urls(request)]
        # Lists, not any(): every token and every URL is tried, whichever matched.
        matches = [True in [_same(_sign(token, text), candidate) for text in signed] for token in self._auth_tokens]
        return _verified("twilio", matches)

    def _urls(self, request: Request) -> list[str]:
        """Return every way in which Twilio may have written the URL of this request."""
        scheme = "wss" if request.form is None else "https"
        host, prefix = self._base or (request.header("host") or "", "")
        found = _HOST.fullmatch(host)
        if found is None:
            return ["\0"]  # nothing that Twilio ever signs, whatever form follows
        paths = [prefix + request.target]
        if prefix and prefix == request.target.partition("?")[0].rstrip("/"):
            paths.append(request.target)
        hosts = dict.fromkeys((host, found["host"], found["host"] + ":443"))
        return [f"{scheme}://{name}{path}" for name in hosts for path in _slash_variants(paths, scheme)]


def sign_twilio(auth_token: str | Secret, url: str, form: Pairs = ()) -> str:
    """Return the ``X-Twilio-Signature`` of a request, as Twilio makes it.

    Args:
        auth_token: the account's.
        url: ``wss://`` for a stream, ``https://`` with its query for a webhook; exactly as configured at Twilio.
        form: fields of a POSTed webhook.

    Source: https://www.twilio.com/docs/usage/security, "Validating requests".
    """
    secret = auth_token if isinstance(auth_token, Secret) else Secret(auth_token)
    return _sign(secret, url + _sorted_form(_pairs(form)))


def _sign(auth_token: Secret, text: str) -> str:
    # SHA-1 is Twilio's choice; as an HMAC it is not broken.
    return b64encode(hmac_digest(_utf8(auth_token.reveal()), _utf8(text), "sha1")).decode("ascii")


def _signed_form(request: Request) -> str:
    return _sorted_form(request.form or ()) if request.method == "POST" else ""


def _sorted_form(form: Iterable[tuple[str, str]]) -> str:
    """Return every name and value once, sorted by name, then by value, with nothing between them."""
    return "".join(name + value for name, value in sorted(set(form)))


def _slash_variants(paths: list[str], scheme: str) -> Iterator[str]:
    """Yield the paths; for a stream, whose URL may be written with a last slash or without, both."""
    for path in paths:
        yield path
        if scheme == "wss":
            yield path.removesuffix("/") if path.endswith("/") else path + "/"


def _split_base(public_url: str) -> tuple[str, str]:
    """Return host and prefix of a public URL."""
    parts = urlsplit(public_url)
    if parts.scheme not in ("https", "wss") or not _HOST.fullmatch(parts.netloc):
        raise ValueError("public_url is https:// or wss:// and a host, without user and password")
    if "?" in public_url or "#" in public_url:
        raise ValueError("public_url has no query and no fragment")
    return parts.netloc, parts.path.rstrip("/")


def _verified(kind: str, matches: list[bool]) -> Verified:
    if True not in matches:
        raise AuthenticationError("the request is not authentic")
    return Verified(f"{kind}:{matches.index(True)}")


def _secrets(values: Secrets) -> tuple[Secret, ...]:
    # One string is one secret: its characters would each be a key that anybody guesses.
    several = (values,) if isinstance(values, (str, Secret)) else values
    secrets = tuple(value if isinstance(value, Secret) else Secret(value) for value in several)
    if not secrets:
        raise ValueError("authentication needs at least 1 secret, got 0")
    return secrets


def _same(one: str, other: str) -> bool:
    # Digests have one size, so that not even a length is told.
    return compare_digest(sha256(_utf8(one)).digest(), sha256(_utf8(other)).digest())


def _utf8(text: str) -> bytes:
    # Header values can carry lone surrogates, which are no UTF-8 but still bytes to compare.
    return text.encode("utf-8", "surrogatepass")


def _pairs(pairs: Pairs) -> Iterable[tuple[str, str]]:
    return pairs.items() if isinstance(pairs, Mapping) else pairs
