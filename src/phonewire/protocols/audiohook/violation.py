"""What a peer may not do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from phonewire.protocols.connection import RejectReason, Skip

__all__ = ["Violation", "or_violation"]

T = TypeVar("T")


class Violation(Skip):
    """What came breaks the protocol: it is skipped, and the session ends with the goodbye that there is for that.

    Attributes:
        code: of the message ``error``, with which a client says so: 400, 405, 408, 409 or 415.
    """

    def __init__(self, code: int, reason: RejectReason, detail: str) -> None:
        super().__init__(reason, detail)
        self.code = code


def or_violation(parse: Callable[[bytes], T], data: bytes) -> T:
    """Return what *parse* makes of *data*, bytes that have no excuse for being malformed."""
    try:
        return parse(data)
    except Skip as skip:
        raise Violation(400, skip.reason, skip.detail) from None
