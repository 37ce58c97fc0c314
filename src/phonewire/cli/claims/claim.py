"""What the demo says of itself: one row."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Claim", "lengthened"]


@dataclass(frozen=True)
class Claim:
    """One row of the demo.

    Attributes:
        claim: what should be so.
        measured: what is.
        holds: whether it is so.
    """

    claim: str
    measured: str
    holds: bool


def lengthened(audio: bytes, size: int) -> bytes:
    """Repeat *audio* until it is long enough, and cut it to *size*."""
    return (audio * (size // len(audio) + 1))[:size]
