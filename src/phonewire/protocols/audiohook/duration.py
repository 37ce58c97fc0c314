"""Media time as the protocol writes it: ``PT12.3S``, seconds only."""

from __future__ import annotations

import re

__all__ = ["Microseconds", "duration", "microseconds"]

# Twelve digits are 30,000 years: what is longer is no time, and no reason to make a large number.
_DURATION = re.compile(r"PT(?:([0-9]{0,12})\.)?([0-9]{1,12})S", re.ASCII)


class Microseconds(int):
    """A media time: one sample at 8 kHz is 125 of them, so that every position is exact."""


def microseconds(text: object) -> Microseconds:
    """Return the microseconds of a duration; what is finer is cut off.

    Raises:
        ValueError: it is none of the form ``PT…S``.
    """
    found = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError("not a duration of the form PT1.5S")
    seconds, rest = found.groups()
    if seconds is None:
        return Microseconds(int(rest) * 1_000_000)
    return Microseconds(int(seconds or 0) * 1_000_000 + int(rest[:6].ljust(6, "0")))


def duration(us: int) -> str:
    """Return microseconds as a duration.

    Raises:
        ValueError: they are negative.
    """
    if us < 0:
        raise ValueError(f"a duration is at least 0 µs, got {us}")
    seconds, rest = divmod(us, 1_000_000)
    return f"PT{seconds}.{rest:06}".rstrip("0").rstrip(".") + "S" if rest else f"PT{seconds}S"
