"""What phonewire finds on this machine: its core, its clock, and how many files it may open."""

from __future__ import annotations

import asyncio
import time

import phonewire
from phonewire.aio.alarm import TimerfdAlarm, make_alarm
from phonewire.cli.doctor.check import Check, Status

try:
    from resource import RLIMIT_NOFILE, getrlimit
except ImportError:  # pragma: no cover - Windows: no such limit
    getrlimit = None  # type: ignore[assignment]

__all__ = ["clock", "core", "open_files", "timer"]

#: What a recorded call has open: its connection and its file.
_FILES_A_CALL = 2
_OTHER_FILES = 64  # libraries, logs, listening sockets

_COARSE_S = 0.001


def core() -> Check:
    """Say which core runs."""
    info = phonewire.backend_info()
    if info.backend == "native":
        return Check("core", Status.OK, f"native ({info.isa})")
    why = f": {info.native_error}" if info.native_error else ", as PHONEWIRE_BACKEND demands"
    return Check("core", Status.WARNING, f"plain Python, many times slower{why}", "install a wheel, or a C compiler")


def clock(resolution_s: float | None = None) -> Check:
    """Say how fine the clock is that audio is paced by."""
    if resolution_s is None:
        resolution_s = time.get_clock_info("monotonic").resolution
    status = Status.OK if resolution_s <= _COARSE_S else Status.WARNING
    remedy = "" if status is Status.OK else "audio is due every 20 ms: this clock cannot tell when"
    return Check("clock", status, f"monotonic, resolution {resolution_s * 1e6:g} µs", remedy)


def timer() -> Check:
    """Say what wakes the server when audio is due."""
    if asyncio.run(_has_timerfd()):
        return Check("timer", Status.OK, "timerfd: to the microsecond")
    remedy = "Linux with the compiled core has timerfd; calls work without it, too"
    return Check("timer", Status.WARNING, "the event loop's own: to the millisecond", remedy)


async def _has_timerfd() -> bool:
    alarm = make_alarm(asyncio.get_running_loop(), lambda: None)
    try:
        return isinstance(alarm, TimerfdAlarm)
    finally:
        alarm.close()


def open_files(calls: int) -> Check:
    """Say whether that many recorded calls may be open at a time."""
    if getrlimit is None:  # pragma: no cover - Windows
        return Check("open files", Status.OK, "no limit")
    limit, _ = getrlimit(RLIMIT_NOFILE)
    needed = calls * _FILES_A_CALL + _OTHER_FILES
    detail = f"the limit is {limit}; {calls} recorded calls need {needed}"
    if limit < 0 or limit >= needed:  # RLIM_INFINITY is below 0
        return Check("open files", Status.OK, detail)
    remedy = f"ulimit -n {needed}, or LimitNOFILE={needed} in the systemd unit"
    return Check("open files", Status.WARNING, detail, remedy)
