"""Frames of audio that go out at once, in plain Python: the way of nearly all that a program says to Twilio."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import Any, TypeGuard, final

from phonewire._typing import MediaFramer

__all__ = ["Schedule", "Sender", "first_step"]


def first_step(awaitable: Awaitable[object], /) -> tuple[Generator[Any, Any, Any], Any] | None:
    """Begin what nobody awaits, up to where it first waits.

    Args:
        awaitable: what to begin.

    Returns:
        None when it is over; else what goes on with it, and what it waits for.

    Raises:
        Exception: whatever it raises.
    """
    steps = awaitable.__await__()
    try:
        return steps, next(steps)
    except StopIteration:
        return None


class Schedule:
    """Until when a far end has audio to play, by what was sent to it.

    Args:
        now_ns: the present.

    Attributes:
        sent_ns: audio handed over and not cleared, ns.
        quiet_at_ns: when the far end has played all of that audio.
        idle_at_ns: when it has played the silence behind it, too; the next frame's audio starts there or later.
    """

    def __init__(self, now_ns: int) -> None:
        self.sent_ns = 0
        self.quiet_at_ns = self.idle_at_ns = now_ns

    def send(self, duration_ns: int, now_ns: int, grace_ns: int = 0) -> bool:
        """Count audio that is handed over now.

        Args:
            duration_ns: its length.
            now_ns: the present.
            grace_ns: how far behind its schedule the sender may be and still catch up. 0 for a far end that buffers:
                when it ran empty, its playout starts anew with this audio.

        Returns:
            True when the schedule moved: the far end had run empty (by more than the grace) before this audio came.
        """
        late = now_ns - self.idle_at_ns > grace_ns
        self.idle_at_ns = self.quiet_at_ns = (now_ns if late else self.idle_at_ns) + duration_ns
        self.sent_ns += duration_ns
        return late


@final
class Sender:
    """Sends frames to a far end that buffers; at once while it is open: nothing waits ahead of them.

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

    def __init__(self, schedule: Schedule, lead_ns: int, most_bytes: int, now_ns: Callable[[], int]) -> None:
        self._schedule = schedule
        self._lead_ns = lead_ns
        self._most_bytes = most_bytes
        self._now_ns = now_ns
        self.is_ready = self.is_open = False
        self.frames = self.bytes = 0
        self.listeners: list[Callable[[bytes, int], object]] = []

    def prepare(self, frame_ns: int, payload_size: int, framers: tuple[MediaFramer, int, MediaFramer], to: Any) -> None:
        """Learn how to send.

        Args:
            frame_ns: how long a frame lasts.
            payload_size: bytes of a frame that is coded as on the wire.
            framers: from a payload to its message, bytes of a frame of s16 samples, and from these to the message.
            to: has ``buffered_bytes`` and ``write(message, text)``, which returns False when nothing was written.
        """
        self._frame_ns, self._payload_size, self._to = frame_ns, payload_size, to
        self._payload, self._samples_size, self._samples = framers
        self.is_ready = True

    def open(self) -> None:
        """Send what comes at once, when it is ready."""
        self.is_open = self.is_ready

    def close(self) -> None:
        """Send nothing at once: what is in the queue goes first."""
        self.is_open = False

    def forget(self) -> None:
        """Send nothing until it is prepared again."""
        self.is_ready = self.is_open = False

    def send_samples(self, samples: object, /) -> bool:
        """Send a frame; False when it is none, or cannot go at once, or somebody listens: then nothing was done."""
        if not self.is_open or self.listeners or not _is_frame(samples, self._samples_size):
            return False
        return self._send(self._samples, samples)

    def send_payload(self, payload: object, /) -> bool:
        """The same for a frame that is coded as on the wire."""
        return self.is_open and _is_frame(payload, self._payload_size) and self._send(self._payload, payload)

    def send_queued(self, payload: object, now_ns: int, /) -> bool:
        """Send a frame whose turn it is, coded as on the wire; False when it is none, or the far end has run dry."""
        if not self.is_ready or not _is_frame(payload, self._payload_size) or now_ns > self._schedule.idle_at_ns:
            return False
        return self._write(self._payload, payload, now_ns)

    def _send(self, frame: MediaFramer, audio: bytes) -> bool:
        now_ns = self._now_ns()
        if self._schedule.idle_at_ns - self._lead_ns > now_ns or self._to.buffered_bytes >= self._most_bytes:
            return False
        return self._write(frame, audio, now_ns)

    def _write(self, frame: MediaFramer, audio: bytes, now_ns: int) -> bool:
        if not self._to.write(frame(audio), True):
            return False
        self._schedule.send(self._frame_ns, now_ns)
        self.frames += 1
        self.bytes += self._payload_size
        for listener in self.listeners:
            listener(audio, self._schedule.idle_at_ns - self._frame_ns)
        return True


def _is_frame(audio: object, size: int) -> TypeGuard[bytes]:
    """Whether this is a frame; what begins like a WAV file has to be looked at."""
    return type(audio) is bytes and len(audio) == size and not audio.startswith(b"RIFF")
