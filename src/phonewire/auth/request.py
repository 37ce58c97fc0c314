"""What authentication looks at, and what it answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from phonewire.errors import AuthenticationError

__all__ = ["Authenticator", "Pairs", "Request", "Verified", "pairs", "verified"]

Pairs = Mapping[str, str] | Iterable[tuple[str, str]]


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
        self.form = None if form is None else tuple(pairs(form))
        self._headers: dict[str, list[str]] = {}
        for name, value in pairs(headers):
            self._headers.setdefault(name.lower(), []).append(value)

    def header(self, name: str) -> str | None:
        """Return the value of a header, whatever the case of its name; None when it is missing or came twice."""
        values = self.values(name)
        return values[0] if len(values) == 1 else None

    def values(self, name: str) -> Sequence[str]:
        """Return every value of a header, in order, whatever the case of its name."""
        return self._headers.get(name.lower(), ())

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


def verified(kind: str, matches: list[bool]) -> Verified:
    """Return which secret it was, or raise AuthenticationError."""
    if True not in matches:
        raise AuthenticationError("the request is not authentic")
    return Verified(f"{kind}:{matches.index(True)}")


def pairs(several: Pairs) -> Iterable[tuple[str, str]]:
    """Return the (name, value) pairs."""
    return several.items() if isinstance(several, Mapping) else several
