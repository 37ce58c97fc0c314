"""Secrets that are not shown, and compared in a time that tells nothing."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from hmac import compare_digest
from typing import NoReturn

__all__ = ["Secret", "Secrets", "same", "secrets", "utf8"]


class Secret:
    """A secret that is not shown: not in logs, not in tracebacks, not in pickles.

    Args:
        value: at least 1 character.

    Raises:
        ValueError: it is empty, as a variable that was never set is.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        if not value:
            raise ValueError("a secret needs at least 1 character, got 0")
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself, to send it."""
        return self._value

    def matches(self, candidate: str) -> bool:
        """Return whether both are the same, in a time that tells nothing of either."""
        return same(self._value, candidate)

    def __repr__(self) -> str:
        return "***"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret can not be pickled")


Secrets = str | Secret | Iterable[str | Secret]


def secrets(values: Secrets) -> tuple[Secret, ...]:
    """Return one or several secrets as a tuple.

    Raises:
        ValueError: there is none, or an empty one.
    """
    # One string is one secret: its characters would each be a key that anybody guesses.
    several = (values,) if isinstance(values, (str, Secret)) else values
    found = tuple(value if isinstance(value, Secret) else Secret(value) for value in several)
    if not found:
        raise ValueError("authentication needs at least 1 secret, got 0")
    return found


def same(one: str, other: str) -> bool:
    """Return whether both are the same, in a time that tells nothing of either."""
    # Digests have one size, so that not even a length is told.
    return compare_digest(sha256(utf8(one)).digest(), sha256(utf8(other)).digest())


def utf8(text: str) -> bytes:
    """Return the bytes of a header value or a secret."""
    # Header values can carry lone surrogates, which are no UTF-8 but still bytes to compare.
    return text.encode("utf-8", "surrogatepass")
