"""What the times of frames say: drift, deviation, jitter. Rows are calls, columns frames; times in ns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Times", "drifts_ms", "interval_deviations_ms", "jitters_ms", "lateness_ms"]

Times = NDArray[np.int64]
PTIME_NS = 20_000_000
MINUTE_NS = 60_000_000_000


def drifts_ms(sent_ns: Times, schedule_ns: Times) -> NDArray[np.float64]:
    """Return by how much each call leaves its schedule in a minute: the least-squares slope of its lateness.

    Args:
        sent_ns: when each frame was sent.
        schedule_ns: when it was to be sent. Where that moved a new piece begins, and all pieces have one slope: a shift
            is no drift, nor that the new schedule lies elsewhere between two ticks.
    """
    return np.array([_slope(*call) * MINUTE_NS / 1e6 for call in zip(sent_ns, schedule_ns, strict=True)])


def _slope(sent_ns: Times, schedule_ns: Times) -> float:
    piece = np.concatenate([[0], np.cumsum(np.diff(schedule_ns) != PTIME_NS)])
    ideal_ns = _centred(np.arange(len(sent_ns)) * float(PTIME_NS), piece)
    late_ns = _centred((sent_ns - schedule_ns).astype(np.float64), piece)
    return float(late_ns @ ideal_ns / (ideal_ns @ ideal_ns))


def _centred(values: NDArray[np.float64], piece: NDArray[np.int64]) -> NDArray[np.float64]:
    means = np.bincount(piece, weights=values) / np.bincount(piece)
    return values - means[piece]


def interval_deviations_ms(times_ns: Times) -> NDArray[np.float64]:
    """Return by how much each interval between two frames of a call differs from 20 ms."""
    return np.abs(np.diff(times_ns, axis=1) - PTIME_NS).ravel() / 1e6


def lateness_ms(sent_ns: Times, schedule_ns: Times) -> NDArray[np.float64]:
    """Return how late each frame was against the grid of its call, the earliest frame of each being in time.

    A far end that buffers begins to play between two ticks; how long before one is no lateness.
    """
    late_ns = sent_ns - schedule_ns
    return (late_ns - late_ns.min(axis=1, keepdims=True)).ravel() / 1e6


def jitters_ms(times_ns: Times) -> NDArray[np.float64]:
    """Return each call's mean interarrival jitter, as in RFC 3550 section 6.4.1."""
    transit_ns = times_ns - np.arange(times_ns.shape[1]) * PTIME_NS
    jitter_ns = np.zeros(times_ns.shape[0])
    total_ns = np.zeros(times_ns.shape[0])
    for change_ns in np.abs(np.diff(transit_ns, axis=1)).T:
        jitter_ns += (change_ns - jitter_ns) / 16
        total_ns += jitter_ns
    return total_ns / (times_ns.shape[1] - 1) / 1e6
