"""``--monitor``: where the page is on which calls can be seen and heard."""

from __future__ import annotations

from typing import Any

import click

import phonewire
from phonewire.cli.host_port import HostPort

__all__ = ["monitor_option"]


class _MonitorAddress(HostPort):
    """PORT, of this machine, or HOST:PORT."""

    name = "port"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the monitor, or say what is wrong."""
        text = str(value)
        address = super().convert(f"127.0.0.1:{text}" if text.isdecimal() else text, param, ctx)
        try:
            return phonewire.Monitor(address)
        except ValueError as error:
            self.fail(str(error), param, ctx)


#: Adds ``--monitor`` to a command, which gets a `Monitor` that has not been entered, or None.
monitor_option = click.option(
    "--monitor",
    is_flag=False,
    flag_value="0",
    type=_MonitorAddress(),
    metavar="[PORT]",
    help="Show the calls, and let them be heard, on a page of this machine; its URL, with a token, is printed. "
    "HOST:PORT for another address of loopback; without PORT any that is free.",
)
