__all__ = ["TFD_CLOEXEC", "TFD_NONBLOCK", "TFD_TIMER_ABSTIME", "timerfd_create", "timerfd_settime_ns"]

TFD_CLOEXEC: int
TFD_NONBLOCK: int
TFD_TIMER_ABSTIME: int

def timerfd_create(clockid: int, /, *, flags: int) -> int: ...
def timerfd_settime_ns(fd: int, /, *, flags: int, initial: int) -> None: ...
