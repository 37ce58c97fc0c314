"""What a call has counted, from everybody who counts."""

from __future__ import annotations

from phonewire.aio.inbound import Inbound
from phonewire.aio.outbound import Outbound
from phonewire.protocols.connection import MediaConnection
from phonewire.stats import CallStats

__all__ = ["call_stats"]


def call_stats(engine: MediaConnection, inbound: Inbound, outbound: Outbound, faults: int) -> CallStats:
    """Return what the parts of a call have counted so far."""
    bytes_per_ms = engine.media_format.bytes_per_ms
    jitter = inbound.playout.stats()
    return CallStats(
        frames_in=inbound.frames_in,
        bytes_in=inbound.bytes_in,
        ms_in=inbound.bytes_in // bytes_per_ms,
        lost_packets=jitter.lost,
        late_packets=jitter.late,
        refused_packets=jitter.refused,
        duplicate_packets=jitter.duplicate,
        concealed_ms=jitter.concealed_ms,
        skipped_ms=jitter.dropped_ms,
        jitter_ms=jitter.jitter_ms,
        playout_delay_ms=jitter.delay_ms,
        spread_ms=0 if inbound.spread is None else inbound.spread.spread_bytes // bytes_per_ms,
        frames_out=outbound.frames_out,
        bytes_out=outbound.bytes_out,
        ms_out=outbound.bytes_out // bytes_per_ms,
        played_ms=outbound.played_ms,
        unconfirmed_ms=outbound.unconfirmed_ms,
        silence_ms=outbound.silence_bytes // bytes_per_ms,
        queued_ms=outbound.writer.queued_ms,
        cleared_ms=outbound.writer.cleared_bytes // bytes_per_ms,
        unsent_ms=outbound.writer.unsent_bytes // bytes_per_ms,
        dropped_ms=outbound.writer.dropped_bytes // bytes_per_ms,
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
