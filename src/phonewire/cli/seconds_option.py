"""An option that says how long something takes."""

from __future__ import annotations

import click

from phonewire.cli.amount import Amount
from phonewire.cli.option_group import AddOption

__all__ = ["seconds_option"]


def seconds_option(flag: str, default_s: float, *, help: str, zero: bool = True) -> AddOption:  # noqa: A002 - click's
    """Return what adds an option for a number of seconds, whose default is shown.

    Args:
        flag: its name, such as ``"--wait"``.
        default_s: without it.
        help: what it says in the help text.
        zero: whether none at all makes sense.
    """
    return click.option(
        flag,
        default=default_s,
        show_default=True,
        type=Amount(zero=zero),
        metavar="SECONDS",
        help=help,
    )
