"""20 VoIPBIN calls for 2 minutes, whose connections break every 2 s."""

from __future__ import annotations

import asyncio

from tests.drills import Line
from tests.drills.storm import storm

CALLS, MINUTES = 20, 2
GOAL_S = 1.5


def run() -> list[Line]:
    """Break them, and account for every frame."""
    seen = asyncio.run(storm(CALLS, MINUTES))
    frames = CALLS * MINUTES * 60 * 50
    # A gap is told by the arrival of two frames: it is wrong by as much as these are late, at each of their two ends.
    farthest_ms, latest_ms = max(seen.gap_errors_ms), seen.latest_ms
    return [
        Line(
            f"frames of {frames:,} that came twice, out of order, or were lost without a word",
            f"0; {seen.lost} lost of those unconfirmed, {seen.missed:,} missed in reported gaps",
            "0",
            True,
        ),
        Line(
            "gap whose report is farthest from what was missed",
            f"{farthest_ms} ms, and this process was up to {latest_ms:.0f} ms late",
            f"<= a frame + twice that, {20 + 2 * latest_ms:.0f} ms",
            farthest_ms <= 20 + 2 * latest_ms,
        ),
        Line(
            f"connected again after {seen.breaks:,} breaks, p99",
            f"{seen.again_p99_s:.2f} s",
            f"<= {GOAL_S} s",
            seen.again_p99_s <= GOAL_S,
        ),
    ]
