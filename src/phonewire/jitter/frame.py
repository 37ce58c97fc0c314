"""What comes out of a jitter buffer."""

from __future__ import annotations

from enum import Enum

import msgspec

__all__ = ["Frame", "FrameKind", "Jump"]


class FrameKind(Enum):
    """Where the audio of a frame is from."""

    RECEIVED = "received"  # the payload of a packet, as it came
    CONCEALED = "concealed"  # made here: the last packet again, fading, then silence


class Jump(msgspec.Struct, frozen=True):
    """Time that no audio stands for.

    Attributes:
        missing_ms: by how much the far end's time went ahead of what was heard; negative when it went back.
        filled_ms: how much silence stands for it.
    """

    missing_ms: int
    filled_ms: int


class Frame(msgspec.Struct, frozen=True, gc=False):
    """Audio to be played now.

    Attributes:
        payload: as on the wire.
        kind: whether it came or was made here.
        timestamp_ms: when it is played, from the first frame on: frames follow each other without a gap, except
            after a pause that was too long to be filled.
        jump: what lies between the frame before and this one; None when nothing does.
    """

    payload: bytes
    kind: FrameKind
    timestamp_ms: int
    jump: Jump | None = None
