"""When a measurement says nothing: the other side was busy, or the machine was away."""

from __future__ import annotations

from benchmarks.floor import TOO_LATE_MS
from phonewire.load.result import BUSY

__all__ = ["why_void"]


def why_void(share: float, floor_ms: float, who: str = "generator") -> str:
    """Return why a measurement is void; empty when it is not.

    Args:
        share: of a core, that the process on the other side used.
        floor_ms: the longest that the floor probe was late.
        who: that process.
    """
    if share > BUSY:
        return f"{who} at {share:.0%} of its core"
    return f"floor {floor_ms:.1f} ms" if floor_ms >= TOO_LATE_MS else ""
