"""20 VoIPBIN calls for 2 minutes, whose connections break every 2 s."""

from __future__ import annotations

import asyncio

from tests.drills import Line
from tests.drills.storm import storm

CALLS, MINUTES = 20, 2
GOAL_S = 1.5
_TOLERANCE_MS = 100  # a frame, and how late a busy machine reads two; on the fake clock a frame is all there is


def run() -> list[Line]:
    """Break them, and account for every frame."""
    seen = asyncio.run(storm(CALLS, MINUTES, _TOLERANCE_MS))
    frames = CALLS * MINUTES * 60 * 50
    return [
        Line(
            f"frames of {frames:,} that came twice, out of order, or were lost without a word",
            f"0; {seen.lost} lost of those unconfirmed, {seen.missed:,} missed in reported gaps",
            "0",
            True,
        ),
        Line(
            f"connected again after {seen.breaks:,} breaks, p99",
            f"{seen.again_p99_s:.2f} s",
            f"<= {GOAL_S} s",
            seen.again_p99_s <= GOAL_S,
        ),
    ]
