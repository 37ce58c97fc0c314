"""Keys in a header.

Specification: das-Peak Streaming, "Other Platforms".
"""

from __future__ import annotations

from phonewire.auth.request import Request, Verified, verified
from phonewire.auth.secret import Secrets, secrets

__all__ = ["ApiKey"]


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
        self._keys = secrets(keys)
        self._header = header

    def verify(self, request: Request, now_s: float) -> Verified:
        """Return which key it was, or raise AuthenticationError."""
        candidate = request.header(self._header) or ""
        return verified("apikey", [key.matches(candidate) for key in self._keys])
