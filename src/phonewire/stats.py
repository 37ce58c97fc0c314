"""What calls and conferences have counted."""

from __future__ import annotations

import msgspec

__all__ = ["GAUGES", "HARM", "PEAKS", "CallStats", "ConferenceStats", "LegStats"]

#: Fields that go up and down, and belong to calls that go on; all others only grow.
GAUGES = frozenset({"drift_ms", "jitter_ms", "playout_delay_ms", "queued_ms", "tick_latest_ms", "unconfirmed_ms"})

#: Gauges of which the highest of all calls says something, and the sum nothing.
PEAKS = frozenset({"drift_ms", "jitter_ms", "playout_delay_ms", "tick_latest_ms"})

#: Fields that grow when audio is not heard as it was said.
HARM = frozenset({"dropped_ms", "lost_packets", "rejected", "schedule_shifts", "skipped_ms", "unread_frames"})


class CallStats(msgspec.Struct, kw_only=True):
    """Counters of one call; a copy, so that two of them can be subtracted.

    Attributes:
        frames_in: media messages accepted from the far end.
        bytes_in: bytes of audio in them, coded as on the wire.
        ms_in: their duration.
        lost_packets: RTP packets that were not there in time.
        late_packets: those of them that came all the same, too late.
        refused_packets: RTP packets that belong to no source, by RFC 3550 A.1.
        duplicate_packets: RTP packets that had come already.
        concealed_ms: audio made here because none was there in time.
        skipped_ms: audio of RTP packets left out to make the delay shorter, or because too many waited.
        jitter_ms: interarrival jitter of RTP packets, RFC 3550 A.8.
        playout_delay_ms: how long RTP packets wait for slower ones.
        drift_ms: how far what came here is from the media time that the far end says, in either direction (AudioHook).
        spread_ms: audio that came faster than it is spoken, and waited here for its time.
        frames_out: media messages sent.
        bytes_out: bytes of audio in them, coded as on the wire.
        ms_out: their duration.
        played_ms: how much of what was sent the far end has played, as far as this side can know.
        unconfirmed_ms: audio that was sent and that nothing has confirmed: no mark, and where a call can be connected
            anew, no answer to the question that is asked every second; all of it where nothing comes back.
        silence_ms: silence that was sent because there was nothing to say and the far end waits for audio.
        queued_ms: audio that was written and has not been sent.
        cleared_ms: audio that was written and dropped by `clear`.
        unsent_ms: audio that was written and not sent, because the call ended first.
        dropped_ms: audio that was written and dropped because newer audio needed its place in the queue.
        unread_frames: media frames dropped because a reader of `frames` was too slow.
        unread_events: events dropped because a reader of `events` was too slow.
        schedule_shifts: times that sending fell so far behind that its schedule moved.
        ticks: times that the clock let the call send, every 20 ms while it has something to say.
        ticks_late_ms: how late these were, together; divided by `ticks` the mean deviation of the pacing.
        tick_latest_ms: how late the latest of them was.
        marks_played: marks that came back because they were played.
        mouth_to_ear_sum_ms: how long the audio before them took from `Call.write` to the ear, as far as marks can
            tell, together; `mouth_to_ear_ms` divides.
        faults: errors of phonewire's own, such as no memory, that ended the call.
        rejected: messages of the far end that were skipped, by reason.
        tolerated: messages that were understood though they are not as the protocol has them, by slip.
    """

    frames_in: int = 0
    bytes_in: int = 0
    ms_in: int = 0
    lost_packets: int = 0
    late_packets: int = 0
    refused_packets: int = 0
    duplicate_packets: int = 0
    concealed_ms: int = 0
    skipped_ms: int = 0
    jitter_ms: float = 0.0
    playout_delay_ms: int = 0
    drift_ms: float = 0.0
    spread_ms: int = 0
    frames_out: int = 0
    bytes_out: int = 0
    ms_out: int = 0
    played_ms: int = 0
    unconfirmed_ms: int = 0
    silence_ms: int = 0
    queued_ms: int = 0
    cleared_ms: int = 0
    unsent_ms: int = 0
    dropped_ms: int = 0
    unread_frames: int = 0
    unread_events: int = 0
    schedule_shifts: int = 0
    ticks: int = 0
    ticks_late_ms: float = 0
    tick_latest_ms: float = 0
    marks_played: int = 0
    mouth_to_ear_sum_ms: int = 0
    faults: int = 0
    rejected: dict[str, int] = msgspec.field(default_factory=dict)
    tolerated: dict[str, int] = msgspec.field(default_factory=dict)

    @property
    def mouth_to_ear_ms(self) -> float | None:
        """How long audio took from `Call.write` to the far end's ear, on average; None before a mark tells."""
        return self.mouth_to_ear_sum_ms / self.marks_played if self.marks_played else None

    def harm_since(self, earlier: CallStats) -> dict[str, int]:
        """Return by how much those of `HARM` have grown since *earlier*; none that have not."""
        grown = {name: _total(getattr(self, name)) - _total(getattr(earlier, name)) for name in sorted(HARM)}
        return {name: count for name, count in grown.items() if count}


class LegStats(msgspec.Struct, frozen=True, kw_only=True):
    """What became of what a leg said.

    Attributes:
        mixed_ms: heard by the others.
        missing_ms: gaps of less than 100 ms, in which nothing was there when it was due; who sends nothing for longer
            says nothing.
        dropped_ms: left out because more waited than may: late audio is worse than lost.
        skipped_ms: pauses left out to make the delay shorter.
        waiting_ms: what waits now: how much later than it could be it is heard.
    """

    mixed_ms: int = 0
    missing_ms: int = 0
    dropped_ms: int = 0
    skipped_ms: int = 0
    waiting_ms: int = 0


class ConferenceStats(msgspec.Struct, frozen=True, kw_only=True):
    """What a conference has counted.

    Attributes:
        mixed_ms: how long it has mixed.
        legs: that are in it.
        schedule_shifts: times that mixing fell so far behind that its schedule moved.
    """

    mixed_ms: int = 0
    legs: int = 0
    schedule_shifts: int = 0


def _total(count: int | dict[str, int]) -> int:
    return sum(count.values()) if isinstance(count, dict) else count
