"""Which library reads and writes the messages of a server's connections."""

from __future__ import annotations

import os

from phonewire.aio.server.connection import Connection

__all__ = ["TRANSPORTS", "chosen_transport", "connection_class"]

#: What there is; the first is the default.
TRANSPORTS = ("websockets", "picows")


def chosen_transport(name: str | None = None) -> str:
    """Return *name*, or what PHONEWIRE_TRANSPORT in the environment demands, or the default.

    Raises:
        ValueError: there is no such transport.
    """
    name = name or os.environ.get("PHONEWIRE_TRANSPORT") or TRANSPORTS[0]
    if name not in TRANSPORTS:
        raise ValueError(f"a transport is one of {', '.join(TRANSPORTS)}, got {name!r}")
    return name


def connection_class(name: str | None) -> type[Connection]:
    """Return what a server's connections are with the transport that `chosen_transport` says.

    Raises:
        ValueError: there is no such transport, or it is not installed.
    """
    if chosen_transport(name) == "websockets":
        return Connection
    try:
        from phonewire.aio.server.picows_connection import PicowsConnection
    except ImportError as error:
        raise ValueError(f"the transport picows needs pip install 'phonewire[picows]': {error}") from None
    return PicowsConnection
