"""What the demo says of itself: one row, and what several of them are made with."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Claim", "lengthened", "missing"]


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


def missing(said: bytes, heard: bytes) -> int:
    """Return how many ms of *said* are not in *heard*, frame by frame and in order; what was made here may lie between.

    Args:
        said: s16 samples at 8 kHz, in frames of 20 ms.
        heard: the same.
    """
    frames = [heard[start : start + 320] for start in range(0, len(heard), 320)]
    place = missing_ms = 0
    for start in range(0, len(said), 320):
        try:
            place = frames.index(said[start : start + 320], place) + 1
        except ValueError:
            missing_ms += 20
    return missing_ms
