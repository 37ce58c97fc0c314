"""Waiting while a server takes calls, until it is closed or told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Coroutine
from typing import Any

__all__ = ["serve_until"]

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


async def serve_until(closed: Coroutine[Any, Any, object], *, stop_on_signals: bool) -> None:
    """Wait for *closed*, or for SIGINT or SIGTERM where they are to stop it; a second signal has its usual effect.

    The event loop of Windows has no signals: there they have their usual effect at once.
    """
    waiting = asyncio.create_task(closed)
    loop = asyncio.get_running_loop()
    signals = _STOP_SIGNALS if stop_on_signals else ()
    with contextlib.suppress(NotImplementedError):
        for number in signals:
            loop.add_signal_handler(number, waiting.cancel)
    try:
        await asyncio.wait([waiting])
    finally:
        with contextlib.suppress(NotImplementedError):
            for number in signals:
                loop.remove_signal_handler(number)
        waiting.cancel()
