# cython: language_level=3
"""Frames that go out at once, by compiled code; see `phonewire._pure.sending`."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from cpython.ref cimport Py_DECREF, PyObject
from cython cimport auto_pickle, final
from libc.string cimport memcmp

from phonewire._native import document

__all__ = ["Schedule", "Sender", "first_step"]


cdef extern from "Python.h":
    ctypedef enum PySendResult:
        PYGEN_RETURN
        PYGEN_ERROR
        PYGEN_NEXT

    bint PyCoro_CheckExact(object)
    PySendResult PyIter_Send(object steps, object value, PyObject** result) except PYGEN_ERROR


def first_step(awaitable, /):
    cdef PyObject* result = NULL
    steps = awaitable if PyCoro_CheckExact(awaitable) else awaitable.__await__()
    state = PyIter_Send(steps, None, &result)  # without the exception that tells Python that it is over
    waits_for = <object>result
    Py_DECREF(waits_for)
    return None if state == PYGEN_RETURN else (steps, waits_for)


@auto_pickle(False)
cdef class Schedule:
    """Schedule(now_ns)\n--\n
    Until when a far end has audio to play, by what was sent to it.

    Args:
        now_ns: the present.

    Attributes:
        sent_ns: audio handed over and not cleared, ns.
        quiet_at_ns: when the far end has played all of that audio.
        idle_at_ns: when it has played the silence behind it, too; the next frame's audio starts there or later.
    """
    cdef public long long sent_ns, quiet_at_ns, idle_at_ns

    def __init__(self, long long now_ns):
        self.sent_ns = 0
        self.quiet_at_ns = self.idle_at_ns = now_ns

    cdef bint count(self, long long duration_ns, long long now_ns, long long grace_ns) noexcept:
        cdef bint late = now_ns - self.idle_at_ns > grace_ns
        self.idle_at_ns = self.quiet_at_ns = (now_ns if late else self.idle_at_ns) + duration_ns
        self.sent_ns += duration_ns
        return late

    def send(self, long long duration_ns, long long now_ns, long long grace_ns=0):
        return self.count(duration_ns, now_ns, grace_ns)


@final
@auto_pickle(False)
cdef class Sender:
    """Sender(schedule, lead_ns, most_bytes, now_ns)\n--\n
    Sends frames to a far end that buffers; at once while it is open: nothing waits ahead of them.

    Args:
        schedule: of the far end.
        lead_ns: a frame goes no earlier than this before the far end needs it.
        most_bytes: with as many in the socket nothing goes; who does not read has none of it wait there.
        now_ns: returns the present.

    Attributes:
        is_ready: whether it knows how to send.
        is_open: whether frames may go at once.
        frames: that were sent; whoever sends others counts them here, too.
        bytes: of audio in them.
        listeners: told of each frame, coded as on the wire, and when the far end plays it, ns.
    """
    cdef Schedule _schedule
    cdef long long _lead_ns, _frame_ns
    cdef Py_ssize_t _most_bytes, _payload_size, _samples_size
    cdef object _now_ns, _payload, _samples, _to
    cdef readonly bint is_ready, is_open
    cdef public long long frames, bytes
    cdef readonly list listeners

    def __init__(self, Schedule schedule not None, long long lead_ns, Py_ssize_t most_bytes, now_ns):
        self._schedule = schedule
        self._lead_ns = lead_ns
        self._most_bytes = most_bytes
        self._now_ns = now_ns
        self.listeners = []

    def prepare(self, long long frame_ns, Py_ssize_t payload_size, framers, to):
        self._frame_ns, self._payload_size, self._to = frame_ns, payload_size, to
        self._payload, self._samples_size, self._samples = framers
        self.is_ready = True

    def open(self):
        self.is_open = self.is_ready

    def close(self):
        self.is_open = False

    def forget(self):
        self.is_ready = self.is_open = False

    def send_samples(self, samples, /):
        if not self.is_open or self.listeners or not is_frame(samples, self._samples_size):
            return False
        return self._send(self._samples, samples)

    def send_payload(self, payload, /):
        return self.is_open and is_frame(payload, self._payload_size) and self._send(self._payload, payload)

    def send_queued(self, payload, long long now_ns, /):
        if not self.is_ready or not is_frame(payload, self._payload_size) or now_ns > self._schedule.idle_at_ns:
            return False
        return self._write(self._payload, payload, now_ns)

    cdef bint _send(self, frame, audio) except -1:
        cdef long long now_ns = self._now_ns()
        if self._schedule.idle_at_ns - self._lead_ns > now_ns or <Py_ssize_t>self._to.buffered_bytes >= self._most_bytes:
            return False
        return self._write(frame, audio, now_ns)

    cdef bint _write(self, frame, audio, long long now_ns) except -1:
        if not self._to.write(frame(audio), True):
            return False
        self._schedule.count(self._frame_ns, now_ns, 0)
        self.frames += 1
        self.bytes += self._payload_size
        for listener in self.listeners:
            listener(audio, self._schedule.idle_at_ns - self._frame_ns)
        return True


cdef bint is_frame(audio, Py_ssize_t size):
    if not PyBytes_CheckExact(audio) or PyBytes_GET_SIZE(audio) != size:
        return False
    return size < 4 or memcmp(PyBytes_AS_STRING(audio), b"RIFF", 4) != 0


document(globals())
