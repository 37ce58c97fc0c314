"""How an emulated platform opens its WebSocket."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

from websockets.asyncio.client import connect

from phonewire.aio.client.connection import BoundedConnection
from phonewire.aio.tls import client_context
from phonewire.aio.transports.transport import LIBRARY_LOG

__all__ = ["MAX_MESSAGE_SIZE", "dial"]

#: Platforms take messages of any length; this is 98 s of audio in one.
MAX_MESSAGE_SIZE = 1 << 20


def dial(url: str, headers: Mapping[str, str], tls: ssl.SSLContext | None) -> connect:
    """Return what opens a connection, awaited or as an async context manager.

    Args:
        url: ``ws://`` or ``wss://``.
        headers: what the platform adds to the handshake.
        tls: for ``wss://``; None verifies against the system's authorities.
    """
    if tls is None and url.startswith("wss:"):
        tls = client_context()
    options: dict[str, Any] = {} if tls is None else {"ssl": tls}
    return connect(
        url,
        additional_headers=headers,
        compression=None,  # as the platforms
        proxy=None,  # servers under test are near
        max_size=MAX_MESSAGE_SIZE,
        create_connection=BoundedConnection,
        logger=LIBRARY_LOG,
        **options,
    )
