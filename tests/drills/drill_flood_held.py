"""3,000 connections that make no call, all of them at once: only a server's timers end them, and honest calls start."""

from __future__ import annotations

from tests.drills import Line
from tests.drills.attackers import KINDS
from tests.drills.flood import MANY, Flood, flood, lines, most_at_once
from tests.drills.served import serving_roomy

OPENED_WITHIN_S = 3.0  # before the first of them is 5 s old
ALL = MANY * len(KINDS)


def run() -> list[Line]:
    """Attack, and call."""
    found = flood(serving_roomy(), OPENED_WITHIN_S)
    return [held(found), *lines(found)]


def held(found: Flood) -> Line:
    """Judge whether nothing but time has ended any of them."""
    most = most_at_once(span for of_kind in found.there_s.values() for span in of_kind)
    return Line(f"of {ALL:,} connections that make no call, held at once", f"{most:,}", f"{ALL:,}", most == ALL)
