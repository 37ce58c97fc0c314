"""What the page is told, as JSON: snapshots of all calls, everything about one of them, and what is listened to.

What comes from peers is escaped and cut before it gets here.
"""

from __future__ import annotations

import msgspec

from phonewire.stats import CallStats

__all__ = ["CallView", "Detail", "Listening", "Snapshot", "TrackView"]


class TrackView(msgspec.Struct):
    """A voice since the last snapshot.

    Attributes:
        name: the platform's, or ``sent``.
        rms_dbfs: how loud it was; None for silence.
        peak_dbfs: its loudest sample; None for silence.
        wave: lowest and highest sample of each of five parts, in turn, -128 to 127; empty when nothing came.
    """

    name: str
    rms_dbfs: float | None
    peak_dbfs: float | None
    wave: list[int]


class CallView(msgspec.Struct):
    """A call.

    Attributes:
        key: by which the page names it; ids are the platform's, and may come twice.
        id, protocol, peer: as the call has them.
        sample_rate_hz: of its audio.
        seconds: since it began.
        state: ``open``, ``paused``, or how it ended.
        tracks: its voices.
        pacing_ms: how late its ticks were in the last second, on average; None when there were none.
        rejected: messages of the far end that were skipped.

    The others are those of `CallStats`.
    """

    key: int
    id: str
    protocol: str
    peer: str
    sample_rate_hz: int
    seconds: float
    state: str
    tracks: list[TrackView]
    lost_packets: int
    concealed_ms: int
    jitter_ms: float
    pacing_ms: float | None
    queued_ms: int
    played_ms: int
    dropped_ms: int
    rejected: int


class Snapshot(msgspec.Struct, tag="snapshot"):
    """All calls.

    Attributes:
        total: how many go on; more than *calls* when there are too many to show.
        calls: the newest first.
        ended: those that have ended since the last snapshot, as they were last.
    """

    total: int
    calls: list[CallView]
    ended: list[CallView]


class Detail(msgspec.Struct, tag="detail"):
    """Everything that one call has counted, and how many snapshots were left out for who is slow."""

    key: int
    stats: CallStats
    skipped: int


class Listening(msgspec.Struct, tag="listening"):
    """Whose audio comes from now on, in binary messages: the number of a track, two bytes, and samples, s16le.

    Attributes:
        key: of the call; None when nothing comes any more.
        sample_rate_hz: of the samples.
        tracks: by their numbers.
    """

    key: int | None
    sample_rate_hz: int = 0
    tracks: list[str] = []
