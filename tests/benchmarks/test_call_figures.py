"""The figures of ``make bench-calls``: right for times that were made up so that the answer is known."""

import numpy as np
import pytest

from benchmarks.calls import figures
from phonewire import rtp

MS = 1_000_000
FRAMES = 3000
GRID = 1_000 * MS + 20 * MS * np.arange(FRAMES)


def calls(*rows):
    return np.array(rows, dtype=np.int64)


def test_a_clock_that_runs_slow_drifts():
    slow = GRID[0] + (GRID - GRID[0]) * 60_003 // 60_000
    assert figures.drifts_ms(calls(GRID, slow), calls(GRID, GRID)) == pytest.approx([0, 3], abs=1e-4)


def test_being_late_is_no_drift_and_a_schedule_that_moved_is_none():
    moved = GRID + np.where(np.arange(FRAMES) < 2000, 0, 140 * MS)
    late = np.tile([0, 2 * MS], FRAMES // 2)
    elsewhere = moved - np.where(np.arange(FRAMES) < 2000, 0, 13 * MS)  # what goes with the same ticks, due before them
    sent = calls(GRID + 5 * MS, moved, GRID + late, moved)
    assert np.abs(figures.drifts_ms(sent, calls(GRID, moved, GRID, elsewhere))).max() < 0.01


def test_a_clock_that_runs_slow_drifts_on_both_sides_of_a_shift():
    schedule = GRID + np.where(np.arange(FRAMES) < 2000, 0, 140 * MS)
    slow = schedule + (GRID - GRID[0]) * 3 // 60_000
    assert figures.drifts_ms(calls(slow), calls(schedule)) == pytest.approx([3], abs=1e-4)


def test_intervals():
    sent = calls(GRID[:4] + np.array([0, 3, 0, 0]) * MS)
    assert figures.interval_deviations_ms(sent) == pytest.approx([3, 3, 0])


def test_lateness_counts_from_the_earliest_frame_of_each_call():
    sent = calls(GRID[:3] + np.array([7, 8, 7]) * MS, GRID[:3])
    assert figures.lateness_ms(sent, calls(GRID[:3], GRID[:3])) == pytest.approx([0, 1, 0, 0, 0, 0])


def test_jitter_is_that_of_the_tracker():
    noise_us = np.random.default_rng(1).integers(0, 5000, FRAMES)
    tracker = rtp.SequenceTracker()
    seen_us = []
    for number, arrival_us in enumerate(GRID // 1000 + noise_us):
        tracker.update_jitter(20_000 * number, int(arrival_us))
        seen_us.append(tracker.jitter)
    mean_ms = sum(seen_us[1:]) / (FRAMES - 1) / 1000
    assert figures.jitters_ms(calls(GRID + noise_us * 1000, GRID)) == pytest.approx([mean_ms, 0], abs=0.001)
