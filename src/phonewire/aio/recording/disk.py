"""Work that waits for a disk, away from the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from phonewire.aio.faults import fault

__all__ = ["on_disk"]

T = TypeVar("T")

# Threads of its own: a disk that hangs must not keep anything else from its threads.
_threads = ThreadPoolExecutor(4, thread_name_prefix="phonewire-disk")


async def on_disk(work: Callable[[], T]) -> T:
    """Do *work* in a thread; a cancellation waits until it is done, so that two never touch one file."""
    fault("disk.thread")
    job = asyncio.get_running_loop().run_in_executor(_threads, work)
    try:
        return await asyncio.shield(job)
    except asyncio.CancelledError:
        await asyncio.wait([job])
        raise
