"""The event loop of commands that carry many calls."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

__all__ = ["run_quickly"]

T = TypeVar("T")


def run_quickly(main: Coroutine[Any, Any, T]) -> T:
    """Run *main* on uvloop where that is installed (extra ``fast``), otherwise on asyncio's own loop."""
    make_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    with contextlib.suppress(ImportError):
        import uvloop

        make_loop = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=make_loop) as runner:
        return runner.run(main)
