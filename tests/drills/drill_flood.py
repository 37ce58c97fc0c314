"""3,000 connections that make no call, against a server's defaults: all of them gone in time, and honest calls start.

A server lets 1,000 wait at its door and sends the oldest away for a new one; `drill_flood_held` has no such bound.
"""

from __future__ import annotations

from tests.drills import Line
from tests.drills.flood import flood, lines
from tests.drills.served import serving

OPENED_WITHIN_S = 10.0  # 300 a second


def run() -> list[Line]:
    """Attack, and call."""
    return lines(flood(serving("--echo"), OPENED_WITHIN_S))
