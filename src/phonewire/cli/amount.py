"""An option that is a number of something: of seconds, days, GiB."""

from __future__ import annotations

from typing import Any

import click

__all__ = ["Amount"]

#: Seconds of 31 years. No clock, timer or file size that a number goes to holds much more.
_MOST = 1_000_000_000


class Amount(click.FloatRange):
    """A number above or from 0 that can be counted with: neither ``nan`` nor ``inf``, which Python reads as numbers.

    Args:
        zero: whether none at all makes sense.
    """

    def __init__(self, *, zero: bool = False) -> None:
        super().__init__(min=0, min_open=not zero)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number, or say what is wrong."""
        number = super().convert(value, param, ctx)
        if not number <= _MOST:  # also true of nan
            self.fail(f"{value} is not a number up to {_MOST:,}.", param, ctx)
        return number
