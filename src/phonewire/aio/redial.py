"""When to dial again: which answers are final, and how long to wait after the others.

No input or output, no clock, no randomness: time and chance are arguments.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime

import msgspec

from phonewire.errors import AuthenticationError, HandshakeError, PhonewireError, RemoteProtocolError

__all__ = ["Redial", "is_final", "may_come_back", "refusal", "retry_after_s"]

# HTTP answers that speak of the moment. Every other status (401, 403, 404, a redirect) speaks of the request, and the
# next one would be the same.
_PASSING_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})

# RFC 6455 section 7.4 and IANA's registry: the server goes away, nobody said goodbye, an error of the server's own, it
# restarts, is too busy, or its gateway lost it. The others are goodbyes, or say what is wrong with us.
_PASSING_CLOSE_CODES = frozenset({1001, 1006, 1011, 1012, 1013, 1014})


class Redial(msgspec.Struct, frozen=True, kw_only=True):
    """How often, and how fast, to dial again.

    The wait after the n-th failure in a row is chance: between 0 and ``first_s * 2 ** (n - 1)``, at most *most_s*
    (full jitter), so that a thousand clients of a server that restarts do not come back together.

    Attributes:
        retries: attempts after the one that failed, in a row; 0 for none. A connection that brings audio ends the row.
        first_s: the longest wait after the first failure.
        most_s: the longest wait after any.
        patience_s: the longest ``Retry-After`` to wait for; a server that asks for more is given up.

    Raises:
        ValueError: a number is below 0, or *first_s* is above *most_s*.
    """

    retries: int = 8
    first_s: float = 0.5
    most_s: float = 8.0
    patience_s: float = 30.0

    def __post_init__(self) -> None:
        if self.retries < 0:
            raise ValueError(f"retries is at least 0, got {self.retries}")
        if not 0 <= self.first_s <= self.most_s:
            raise ValueError(f"first_s is 0 to most_s, got {self.first_s} and {self.most_s}")
        if not self.patience_s >= 0:
            raise ValueError(f"patience_s is at least 0, got {self.patience_s}")

    def wait_s(self, failures: int, chance: float, asked_s: float | None = None) -> float | None:
        """Return how long to wait before the next attempt, None to give up.

        Args:
            failures: in a row, at least 1.
            chance: a random number, at least 0 and less than 1.
            asked_s: ``Retry-After``: how long the server asked to wait; chance comes on top of it.
        """
        if failures > self.retries or (asked_s is not None and asked_s > self.patience_s):
            return None
        longest_s = self.most_s
        if failures <= 64:  # beyond, a float would overflow where most_s has long been reached
            longest_s = min(self.most_s, self.first_s * 2 ** (failures - 1))
        return (asked_s or 0.0) + chance * longest_s


def refusal(status: int, retry_after: Sequence[str], now_s: float) -> AuthenticationError | HandshakeError:
    """Return the error that an HTTP answer means which is not what was asked for.

    Args:
        status: of the answer.
        retry_after: values of its ``Retry-After`` fields.
        now_s: the present, in seconds since 1970.
    """
    if status in (401, 403):
        return AuthenticationError(f"the server answered with HTTP status {status}")
    return HandshakeError(status, retry_after_s(retry_after[0], now_s) if len(retry_after) == 1 else None)


def is_final(failure: Exception) -> bool:
    """Whether the next attempt would fail like this one: 401, 403, 404, a wrong certificate, no WebSocket server."""
    if isinstance(failure, HandshakeError):
        return failure.status not in _PASSING_STATUS
    if isinstance(failure, RemoteProtocolError):
        return not may_come_back(failure.close_code)
    return isinstance(failure, (PhonewireError, ssl.SSLCertVerificationError))


def may_come_back(close_code: int) -> bool:
    """Whether a connection that ended with this WebSocket close code broke, rather than being ended."""
    return close_code in _PASSING_CLOSE_CODES


def retry_after_s(value: str | None, now_s: float) -> float | None:
    """Return how many seconds a ``Retry-After`` field asks to wait, None when it is missing or neither form of it.

    Args:
        value: of the field: seconds, or an HTTP date (RFC 9110 section 10.2.3).
        now_s: the present, in seconds since 1970.
    """
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    # The oldest of the three forms of a date leaves out the zone, which is always GMT.
    return max(0.0, date.replace(tzinfo=date.tzinfo or UTC).timestamp() - now_s)
