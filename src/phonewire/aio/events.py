"""What a call tells of itself; what the far end tells are the protocol's own events."""

from __future__ import annotations

from typing import Self

import msgspec

from phonewire.aio.timeline import Gap
from phonewire.protocols.connection import Dtmf

__all__ = [
    "Disconnected",
    "Discontinuity",
    "DtmfInAudio",
    "NoMedia",
    "PositionDrift",
    "Quality",
    "Reconnected",
    "RecordingFailed",
    "Unpaced",
]


class Disconnected(msgspec.Struct, frozen=True):
    """The connection broke, and the server is dialed again; what is written meanwhile waits in the queue.

    Attributes:
        close_code: WebSocket close code; 1006 when it vanished.
        sent_ms: audio that had been sent since the start of the call.
        unconfirmed_ms: the last of it, which may not have arrived.
    """

    close_code: int
    sent_ms: int
    unconfirmed_ms: int


class Reconnected(msgspec.Struct, frozen=True):
    """Audio comes again, over another connection.

    Attributes:
        timestamp_ms: of its first sample; timestamps run on over all connections.
        gap_ms: how much the far end said before it that did not come, to a frame, unless all of the messages around it
            came late. `Call.record` has silence for it, and so has `Call.frames` with *ptime_ms*.
    """

    timestamp_ms: int
    gap_ms: int


class Discontinuity(msgspec.Struct, frozen=True):
    """The far end's timestamps jumped by more than is filled with silence, or went back.

    Told once, by whatever needs an unbroken line: `Call.record`, and `Call.frames` with *ptime_ms* or *sample_rate_hz*.

    Attributes:
        track: whose; ``"sent"`` for a pause of this side that a recording does not have in full.
        timestamp_ms: of the audio behind it, by the far end's account; None for what this side said.
        missing_ms: how far; negative when they went back.
        filled_ms: how much silence stands for it.
    """

    track: str | None
    timestamp_ms: int | None
    missing_ms: int
    filled_ms: int

    @classmethod
    def of(cls, gap: Gap, sample_rate_hz: int) -> Self:
        """Return what is to be told of *gap*."""
        time = gap.media_time
        return cls(
            track=gap.track,
            timestamp_ms=None if time is None else time * 1000 // sample_rate_hz,
            missing_ms=gap.missing * 1000 // sample_rate_hz,
            filled_ms=gap.filled * 1000 // sample_rate_hz,
        )


class DtmfInAudio(Dtmf, frozen=True):
    """The far end pressed a key: its tones were found in the audio, where *dtmf_in_audio* asks for that.

    What another call is to be told with `Call.send` is ``Dtmf(event.digit)``.

    Attributes:
        digit: one of ``0123456789*#ABCD``.
        track: whose audio it was in.
        timestamp_ms: when the tones began, by the far end's account where it has one.
        duration_ms: how long they lasted.
    """

    track: str | None
    timestamp_ms: int
    duration_ms: int


class NoMedia(msgspec.Struct, frozen=True):
    """The far end sends no audio; told once for each silence, after the *no_media_s* of `Endpoint` or `connect`.

    Attributes:
        quiet_ms: how long no audio has come.
        causes: what it is likely to be, for people; what is best known comes first.
    """

    quiet_ms: int
    causes: tuple[str, ...]


class Quality(msgspec.Struct, frozen=True):
    """Some audio was not heard as it was said; told every 5 s in which that happened.

    Attributes:
        interval_ms: which time this is about, up to now.
        harm: by how much the fields of `phonewire.stats.CallStats` that count harm have grown in it.
    """

    interval_ms: int
    harm: dict[str, int]


class PositionDrift(msgspec.Struct, frozen=True):
    """The far end's media time and the audio that came have drifted apart: some of it was lost on the way (AudioHook).

    Attributes:
        drift_ms: how far they are apart; told again when that has changed by 20 ms.
    """

    drift_ms: float


class Unpaced(msgspec.Struct, frozen=True):
    """The far end sends faster than is spoken, which platforms do not do; told once.

    Nothing of it is lost: the audio is spread over the time that it lasts, and the far end is made to wait.

    Attributes:
        waiting_ms: how much came too early.
    """

    waiting_ms: int


class RecordingFailed(msgspec.Struct, frozen=True):
    """A recording ended early, because the disk refused it; the call goes on.

    Attributes:
        path: as given to `Call.record`.
        reason: what the operating system said.
    """

    path: str
    reason: str
