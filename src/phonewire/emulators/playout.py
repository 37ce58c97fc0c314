"""Twilio's playout buffer: what a phone hears of the audio that a server sends, and when marks come back.

Audio plays in the order in which it was queued, at the speed of speech, from the moment that it arrives in an empty
queue. A mark comes back when everything queued before it has been played; `clear` empties the queue and brings all
pending marks back at once. No clock in here: time is an argument, so that a test can ask about any moment.

Source: Twilio, "Media Streams - WebSocket Messages", sections media, mark and clear; error 31931 for the limit.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from phonewire._typing import Buffer

__all__ = ["Playout", "ReturnedMark"]

_NS = 1_000_000_000
# Twilio buffers 10 minutes and drops what goes beyond (31931).
_LIMIT_S = 600
# Marks cost a server nothing to send; no application has thousands under way.
_MAX_MARKS = 10_000


@dataclass(frozen=True)
class ReturnedMark:
    """A mark that goes back to the server.

    Attributes:
        name: as the server gave it.
        heard_bytes: what the phone had heard when the mark came back.
        played: everything before the mark was heard; False when `Playout.clear` brought it back.
    """

    name: str
    heard_bytes: int
    played: bool


class Playout:
    """Play what is queued.

    All times are integers in nanoseconds of one monotonic clock and never go back.

    Args:
        bytes_per_s: speed of the audio; 8,000 for G.711.

    Attributes:
        heard: all audio that the phone has heard so far, to the sample; silence between is not in it.
        dropped_bytes: audio that came while 10 minutes were waiting already.
        dropped_marks: marks that came while 10,000 were waiting already.
    """

    def __init__(self, *, bytes_per_s: int = 8000) -> None:
        self.heard = bytearray()
        self.dropped_bytes = 0
        self.dropped_marks = 0
        self._bytes_per_s = bytes_per_s
        self._queue = bytearray()
        self._marks: deque[tuple[str, int]] = deque()  # name, and how much is to be heard before it
        self._run_start_ns = 0  # when the audio that plays without a gap began
        self._run_start_bytes = 0  # what had been heard before it

    @property
    def queued_bytes(self) -> int:
        """Audio that is still to be played."""
        return len(self._queue)

    @property
    def heard_ms(self) -> float:
        """How long the phone has heard audio, silence not counted."""
        return len(self.heard) * 1000 / self._bytes_per_s

    def queue(self, audio: Buffer, now_ns: int) -> None:
        """Append *audio*, any number of bytes; what goes beyond 10 minutes is dropped and counted."""
        self.play(now_ns)
        if not self._queue:
            self._run_start_ns, self._run_start_bytes = now_ns, len(self.heard)
        room = _LIMIT_S * self._bytes_per_s - len(self._queue)
        view = memoryview(audio).cast("B")
        self._queue += view[:room]
        self.dropped_bytes += max(len(view) - room, 0)

    def mark(self, name: str) -> None:
        """Append a mark; it is due at once when nothing is queued."""
        if len(self._marks) == _MAX_MARKS:
            self.dropped_marks += 1
            return
        self._marks.append((name, len(self.heard) + len(self._queue)))

    def clear(self, now_ns: int) -> list[ReturnedMark]:
        """Drop what is queued and return every mark that has not come back yet, in order."""
        returned = self.advance(now_ns)
        self._queue.clear()
        returned += [ReturnedMark(name, len(self.heard), played=False) for name, _ in self._marks]
        self._marks.clear()
        return returned

    def play(self, now_ns: int) -> None:
        """Play up to *now_ns*, so that `heard` is right; marks that were reached wait for `advance`."""
        played = (now_ns - self._run_start_ns) * self._bytes_per_s // _NS
        newly = self._run_start_bytes + played - len(self.heard)
        if newly > 0 and self._queue:
            self.heard += self._queue[:newly]
            del self._queue[:newly]

    def advance(self, now_ns: int) -> list[ReturnedMark]:
        """Play up to *now_ns* and return the marks that were reached since the last call."""
        self.play(now_ns)
        reached = []
        while self._marks and self._marks[0][1] <= len(self.heard):
            name, heard_bytes = self._marks.popleft()
            reached.append(ReturnedMark(name, heard_bytes, played=True))
        return reached

    def next_deadline_ns(self) -> int | None:
        """Return when the next mark will be reached, perhaps in the past; None when there is no mark."""
        if not self._marks:
            return None
        ahead = self._marks[0][1] - self._run_start_bytes
        return self._run_start_ns - (-ahead * _NS // self._bytes_per_s)  # rounded up: not before it was heard
