"""What a call has counted, from everybody who counts."""

from __future__ import annotations

from phonewire.aio.inbound.inbound import Inbound
from phonewire.aio.outbound.outbound import Outbound
from phonewire.protocols.connection import MediaConnection
from phonewire.stats import CallStats

__all__ = ["call_stats"]


def call_stats(engine: MediaConnection, inbound: Inbound, outbound: Outbound, faults: int) -> CallStats:
    """Return what the parts of a call have counted so far."""
    ms_of = engine.media_format.ms_of
    jitter = inbound.playout.stats()
    return CallStats(
        frames_in=inbound.hearing.frames,
        bytes_in=inbound.hearing.bytes,
        ms_in=ms_of(inbound.hearing.bytes),
        lost_packets=jitter.lost,
        late_packets=jitter.late,
        refused_packets=jitter.refused,
        duplicate_packets=jitter.duplicate,
        concealed_ms=jitter.concealed_ms,
        skipped_ms=jitter.dropped_ms,
        jitter_ms=jitter.jitter_ms,
        playout_delay_ms=jitter.delay_ms,
        drift_ms=abs(engine.drift_us) / 1000,
        spread_ms=0 if inbound.spread is None else ms_of(inbound.spread.spread_bytes),
        frames_out=outbound.sender.frames,
        bytes_out=outbound.sender.bytes,
        ms_out=ms_of(outbound.sender.bytes),
        played_ms=outbound.played_ms,
        unconfirmed_ms=outbound.unconfirmed_ms,
        silence_ms=ms_of(outbound.silence_bytes),
        queued_ms=outbound.writer.queued_ms,
        cleared_ms=ms_of(outbound.writer.cleared_bytes),
        unsent_ms=ms_of(outbound.writer.unsent_bytes),
        dropped_ms=ms_of(outbound.writer.dropped_bytes),
        schedule_shifts=outbound.schedule_shifts,
        ticks=outbound.punctuality.ticks,
        ticks_late_ms=outbound.punctuality.late_ns / 1e6,
        tick_latest_ms=outbound.punctuality.latest_ns / 1e6,
        marks_played=outbound.latency.count,
        mouth_to_ear_sum_ms=outbound.latency.total_ns // 1_000_000,
        unread_frames=inbound.frames.dropped,
        unread_events=inbound.events.dropped,
        faults=faults,
        rejected={reason.value: count for reason, count in engine.rejected.items()},
        tolerated={slip.value: count for slip, count in engine.tolerated.items()},
    )
