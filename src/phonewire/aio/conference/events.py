"""What a conference tells of itself."""

from __future__ import annotations

import msgspec

from phonewire.aio.call.call import Call
from phonewire.stats import LegStats

__all__ = ["LegJoined", "LegLeft"]


class LegJoined(msgspec.Struct, frozen=True):
    """A call has joined the conference.

    Attributes:
        call: which.
        listen_only: whether it only hears the others.
    """

    call: Call
    listen_only: bool


class LegLeft(msgspec.Struct, frozen=True):
    """A call has left the conference; it may have ended, or go on elsewhere.

    Attributes:
        call: which.
        stats: what became of what it said.
    """

    call: Call
    stats: LegStats
