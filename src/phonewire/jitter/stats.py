"""What a jitter buffer has counted."""

from __future__ import annotations

import msgspec

__all__ = ["JitterStats"]


class JitterStats(msgspec.Struct, kw_only=True):
    """Counters of a jitter buffer.

    Of the packets that were received, and that no other is a duplicate of, each was played, came too late, was
    dropped, was pushed out, or waits.

    Attributes:
        received: packets that belong to the stream, duplicates included.
        refused: packets that do not, by RFC 3550 A.1, or have no place: another source, a jump that no second packet
            confirmed, an empty or a huge payload.
        duplicate: packets that had come already.
        reordered: packets that came after one that was sent later.
        late: packets that came when something else stood in their place already.
        lost: packets that were not there in time; those that came late among them.
        dropped: packets left out because the delay had become longer than it needs to be.
        pushed_out: packets that had to make room for newer ones.
        played: packets played.
        concealed_ms: audio made here, because none was there in time.
        dropped_ms: audio of the packets dropped and pushed out.
        restarts: times that the source began anew, or another took its place.
        jumps: times that its timestamps did not fit the time that had passed.
        delay_ms: how long the last packet played was under way and waiting, above the fastest of the last 2 s.
        target_ms: how long it should be.
        jitter_ms: interarrival jitter, RFC 3550 A.8.
    """

    received: int = 0
    refused: int = 0
    duplicate: int = 0
    reordered: int = 0
    late: int = 0
    lost: int = 0
    dropped: int = 0
    pushed_out: int = 0
    played: int = 0
    concealed_ms: int = 0
    dropped_ms: int = 0
    restarts: int = 0
    jumps: int = 0
    delay_ms: int = 0
    target_ms: int = 0
    jitter_ms: float = 0.0
