"""Entering what may take long, such as a call that is dialled, until nobody wants it any more."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, TypeVar

__all__ = ["enter_unless"]

T = TypeVar("T")


async def enter_unless(
    over: Coroutine[Any, Any, Any], manager: AbstractAsyncContextManager[T], stack: AsyncExitStack
) -> T | None:
    """Enter *manager* on *stack*, and return what that gives; None when *over* is done first.

    Raises:
        Exception: what entering raises.
    """
    loop = asyncio.get_running_loop()
    waiting = asyncio.create_task(over)
    try:
        async with asyncio.timeout(None) as patience:

            def give_up(_: object) -> None:
                patience.reschedule(loop.time())

            waiting.add_done_callback(give_up)
            try:
                return await stack.enter_async_context(manager)
            finally:
                waiting.remove_done_callback(give_up)
    except TimeoutError:
        if patience.expired():
            return None
        raise
    finally:
        waiting.cancel()
