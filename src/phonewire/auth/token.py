"""Tokens in the query, in a cookie, or as ``Authorization: Bearer``.

Specification: https://github.com/voipbin/monorepo, ``bin-api-manager/lib/middleware/authenticate.go``; RFC 6750.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote

from phonewire.auth.request import Request, Verified, verified
from phonewire.auth.secret import Secrets, secrets
from phonewire.errors import AuthenticationError

__all__ = ["Token"]

_NAME = "token"
_PRINTABLE = re.compile(r"[\x21-\x7e]+")


class Token:
    """A token, where VoIPBIN takes one: cookie ``token``, parameter ``token`` of the URL, ``Authorization: Bearer``."""

    def __init__(self, verify: Callable[[str], str | None] | Secrets) -> None:
        """Accept what a function says, or any of some tokens.

        Args:
            verify: returns who it is, by a name that may be shown, or None; whatever it raises means no, too. It is
                called for each handshake and must not wait. Or one or several tokens, for rotation.

        Raises:
            ValueError: no token is given, or an empty one.
            TypeError: *verify* is an async function.
        """
        if inspect.iscoroutinefunction(verify):
            raise TypeError("verify is a function that returns at once, got an async function")
        self._verify = verify if callable(verify) else _one_of(verify)

    def verify(self, request: Request, now_s: float) -> Verified:
        """Return who it is, or raise AuthenticationError.

        Where there are several tokens, they are tried in the order above. One that comes twice in a place is none.
        """
        for candidate in (_in_cookie(request), _in_query(request), _in_header(request)):
            if candidate is not None and (identity := self._ask(candidate)) is not None:
                return Verified(identity)
        raise AuthenticationError("the request is not authentic")

    def _ask(self, candidate: str) -> str | None:
        try:
            identity = self._verify(candidate)
        except Exception:
            return None  # not chained to what is raised: libraries put the token into their errors
        return identity if isinstance(identity, str) and identity else None


def _one_of(tokens: Secrets) -> Callable[[str], str]:
    known = secrets(tokens)

    def verify(candidate: str) -> str:
        return verified(_NAME, [token.matches(candidate) for token in known]).identity

    return verify


def _in_cookie(request: Request) -> str | None:
    return _only(_values((request.header("cookie") or "").split(";")))


def _in_query(request: Request) -> str | None:
    # Not as in forms, where a plus is a space: what is base64 has pluses, and no token has spaces.
    return _only(unquote(value) for value in _values(request.target.partition("?")[2].split("&")))


def _in_header(request: Request) -> str | None:
    scheme, _, token = (request.header("authorization") or "").partition(" ")
    return _only(iter([token.strip()])) if scheme.lower() == "bearer" else None


def _values(fields: list[str]) -> Iterator[str]:
    for field in fields:
        name, _, value = field.strip().partition("=")
        if name == _NAME:
            yield value


def _only(values: Iterator[str]) -> str | None:
    """Return the one value there is, if it can be a token."""
    several = list(values)
    return several[0] if len(several) == 1 and _PRINTABLE.fullmatch(several[0]) else None
