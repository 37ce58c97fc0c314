"""What wakes the ticker: one alarm on an event loop, and the clock that it goes by.

Event loops round their timers to milliseconds. A timerfd is a file that becomes readable when its time has come, which
the kernel keeps to within microseconds, and a loop watches it like a socket.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
import weakref
from collections.abc import Callable
from typing import Any, Protocol

from phonewire._backend import NATIVE

__all__ = ["Alarm", "LoopAlarm", "TimerfdAlarm", "make_alarm"]

_log = logging.getLogger("phonewire.pacing")

_timerfd: Any = None  # module with the functions of timerfd, None where there is none
if NATIVE and sys.platform == "linux":
    if sys.version_info >= (3, 13):
        _timerfd = os
    else:
        from phonewire._native import timerfd as _timerfd


class Alarm(Protocol):
    """A clock, and one alarm on it."""

    def now_ns(self) -> int:
        """Return the time."""

    def set(self, at_ns: int) -> None:
        """Ring once at *at_ns*, at once when that is over, and forget what was set before."""

    def cancel(self) -> None:
        """Do not ring."""

    def close(self) -> None:
        """Give back what the system lent; the alarm cannot be set any more."""


class LoopAlarm:
    """An alarm by ``call_at``: for every event loop, also one whose clock is not the machine's.

    Args:
        loop: rings here.
        ring: called when it is time.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        # A proxy: who holds an alarm must not keep a finished loop alive.
        self._loop = weakref.proxy(loop)
        self._ring = ring
        self._timer: asyncio.TimerHandle | None = None

    def now_ns(self) -> int:
        """Return the loop's time."""
        return int(self._loop.time() * 1e9)

    def set(self, at_ns: int) -> None:
        """Ring once at *at_ns*, at once when that is over, and forget what was set before."""
        self.cancel()
        self._timer = self._loop.call_at(at_ns / 1e9, self._ring)

    def cancel(self) -> None:
        """Do not ring."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def close(self) -> None:
        """Do not ring any more."""
        self.cancel()


class TimerfdAlarm:
    """An alarm by timerfd: for event loops on Linux that can watch a file and go by the machine's clock.

    Args:
        loop: rings here.
        ring: called when it is time; sets the alarm again or cancels it.

    Raises:
        OSError: the system has no descriptor left.
        NotImplementedError: the loop cannot watch a file.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._loop = weakref.proxy(loop)
        flags = _timerfd.TFD_NONBLOCK | _timerfd.TFD_CLOEXEC
        self._fd: int = _timerfd.timerfd_create(time.CLOCK_MONOTONIC, flags=flags)
        self._closed = weakref.finalize(self, os.close, self._fd)
        try:
            # Nothing has to be read: setting the alarm again, or stopping it, makes the file unreadable.
            loop.add_reader(self._fd, ring)
        except BaseException:
            self._closed()
            raise

    now_ns = staticmethod(time.monotonic_ns)  # as it is: it is asked for every frame

    def set(self, at_ns: int) -> None:
        """Ring once at *at_ns*, at once when that is over, and forget what was set before."""
        _timerfd.timerfd_settime_ns(self._fd, flags=_timerfd.TFD_TIMER_ABSTIME, initial=at_ns)

    def cancel(self) -> None:
        """Do not ring."""
        if self._closed.alive:
            _timerfd.timerfd_settime_ns(self._fd, flags=0, initial=0)

    def close(self) -> None:
        """Close the timer's file."""
        if not self._loop.is_closed():
            self._loop.remove_reader(self._fd)
        self._closed()


def make_alarm(loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> Alarm:
    """Return the most exact alarm that there is for *loop*."""
    if _timerfd is not None and _goes_by_the_machine(loop):
        try:
            return TimerfdAlarm(loop, ring)
        except (OSError, NotImplementedError) as error:
            _log.warning("the event loop's own timers pace the audio, to the millisecond: %s", error)
    return LoopAlarm(loop, ring)


def _goes_by_the_machine(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether the loop's time is the machine's, and not that of a test which lets hours pass in milliseconds."""
    owner = next(cls for cls in type(loop).__mro__ if "time" in vars(cls))
    return owner.__module__.partition(".")[0] in ("asyncio", "uvloop") and "time" not in vars(loop)
