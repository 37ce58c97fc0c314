"""A time for what a far end is to do, which tells what was not done in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

__all__ = ["within"]


@asynccontextmanager
async def within(seconds: float, what: str) -> AsyncIterator[None]:
    """Give the block its time.

    Args:
        seconds: for the block.
        what: is missing when they are over, such as ``"no answer"``.

    Raises:
        TimeoutError: they are over; a TimeoutError of the block's own is left as it is.
    """
    try:
        async with asyncio.timeout(seconds) as limit:
            yield
    except TimeoutError:
        if limit.expired():
            raise TimeoutError(f"{what} within {seconds:g} s") from None
        raise
