"""Where to listen, on the command line: ``127.0.0.1:9090``."""

from __future__ import annotations

from typing import Any

import click

__all__ = ["HOST_PORT", "HostPort"]


class HostPort(click.ParamType[tuple[str, int]]):
    """HOST:PORT, such as ``127.0.0.1:9090`` or ``[::1]:9090``."""

    name = "host:port"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        """Return both, or say what is wrong."""
        host, _, port = str(value).rpartition(":")
        if not host or not port.isdecimal() or int(port) > 65_535:
            self.fail(f"{value!r} is not an address and a port, such as 127.0.0.1:9090", param, ctx)
        return host.removeprefix("[").removesuffix("]"), int(port)


HOST_PORT = HostPort()
