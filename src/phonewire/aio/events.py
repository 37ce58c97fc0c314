"""What a call tells of itself; what the far end tells are the protocol's own events."""

from __future__ import annotations

import msgspec

__all__ = ["Discontinuity", "RecordingFailed"]


class Discontinuity(msgspec.Struct, frozen=True):
    """The far end's timestamps jumped by more than is filled with silence, or went back.

    Attributes:
        track: whose.
        missing_ms: how far; negative when they went back.
        filled_ms: how much silence stands for it.
    """

    track: str | None
    missing_ms: int
    filled_ms: int


class RecordingFailed(msgspec.Struct, frozen=True):
    """A recording ended early, because the disk refused it; the call goes on.

    Attributes:
        path: as given to `Call.record`.
        reason: what the operating system said.
    """

    path: str
    reason: str
