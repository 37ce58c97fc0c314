# cython: language_level=3
"""Linux' timers that are files: what `os` has from Python 3.13 on, under the same names."""

from cpython.exc cimport PyErr_SetFromErrno
from posix.time cimport itimerspec

__all__ = ["TFD_CLOEXEC", "TFD_NONBLOCK", "TFD_TIMER_ABSTIME", "timerfd_create", "timerfd_settime_ns"]


cdef extern from "sys/timerfd.h":
    int c_create "timerfd_create"(int clockid, int flags)
    int c_settime "timerfd_settime"(int fd, int flags, const itimerspec* new, itimerspec* old)
    int c_cloexec "TFD_CLOEXEC"
    int c_nonblock "TFD_NONBLOCK"
    int c_abstime "TFD_TIMER_ABSTIME"


TFD_CLOEXEC = c_cloexec
TFD_NONBLOCK = c_nonblock
TFD_TIMER_ABSTIME = c_abstime


def timerfd_create(int clockid, /, *, int flags):
    """Return the descriptor of a new timer on that clock; it is not running."""
    cdef int fd = c_create(clockid, flags)
    if fd < 0:
        PyErr_SetFromErrno(OSError)
    return fd


def timerfd_settime_ns(int fd, /, *, int flags, long long initial):
    """Let the timer run out once at or in *initial* ns, whatever it was set to before; 0 stops it."""
    cdef itimerspec spec
    spec.it_interval.tv_sec = spec.it_interval.tv_nsec = 0
    spec.it_value.tv_sec = initial // 1_000_000_000
    spec.it_value.tv_nsec = initial % 1_000_000_000
    if c_settime(fd, flags, &spec, NULL) < 0:
        PyErr_SetFromErrno(OSError)
