"""What Genesys does with the audio that an Audio Connector's server sends: it counts it, buffers it, and plays it.

No clock in here: time is an argument, in integers of nanoseconds that never go back.
"""

from __future__ import annotations

from phonewire.emulators.playout import Playout
from phonewire.protocols import audiohook
from phonewire.protocols.connection import MessageRate

__all__ = ["MessageCounter", "Speaker"]

_NS_PER_BYTE = 125_000  # µ-law at 8 kHz


class MessageCounter:
    """Holds what comes against Genesys' limits; every message counts, text too.

    Args:
        rate: the limits.

    Attributes:
        violations: what went over a limit, in words.
        largest: bytes of audio in the longest message.
    """

    def __init__(self, rate: MessageRate) -> None:
        self._rate = rate
        self._level = 0.0  # messages that have not run out of the bucket yet
        self._at_ns: int | None = None
        self.violations: list[str] = []
        self.largest = 0

    def take(self, size: int, *, text: bool, now_ns: int) -> bool:
        """Count a message; return whether it was within the limits."""
        before = len(self.violations)
        if self._at_ns is not None:
            self._level = max(self._level - (now_ns - self._at_ns) / 1e9 * self._rate.per_s, 0.0)
        self._at_ns = now_ns
        self._level += 1
        if self._level > self._rate.burst + 1e-6:
            self.violations.append(f"{self._level:.2f} messages where {self._rate.burst} may come at once")
        if not text:
            self.largest = max(self.largest, size)
            if size > self._rate.message_bytes:
                self.violations.append(f"{size} bytes in a message that may have {self._rate.message_bytes}")
        return len(self.violations) == before


class Speaker:
    """Plays what comes, in real time and in order, and says when it begins and when it has nothing left.

    Args:
        delay_ns: from the first audio after a pause to the moment when it begins to play.

    Attributes:
        barge_ins: what had been heard at each, in ms.
    """

    def __init__(self, delay_ns: int = 0) -> None:
        self._delay_ns = delay_ns
        self._playout = Playout()
        self._begins_at_ns: int | None = None  # it has been sent something, and waits
        self._ends_at_ns: int | None = None
        self.barge_ins: list[float] = []

    def heard(self, now_ns: int) -> bytes:
        """Return all that has been heard up to *now_ns*; silence between is not in it."""
        self._playout.play(now_ns)
        return bytes(self._playout.heard)

    def take(self, audio: bytes, now_ns: int) -> list[audiohook.Event]:
        """Take the audio of a message; return what is said about it at once."""
        events = self.due(now_ns)
        if self._ends_at_ns is None:
            self._begins_at_ns = self._ends_at_ns = now_ns + self._delay_ns
            self._playout.queue(audio, self._begins_at_ns)
        else:
            self._playout.queue(audio, now_ns)
        self._ends_at_ns += len(audio) * _NS_PER_BYTE
        return events + self.due(now_ns)

    def barge_in(self, now_ns: int) -> list[audiohook.Event]:
        """Drop what has not been played; return what is said about that."""
        events = self.due(now_ns)
        self._playout.clear(now_ns)
        self.barge_ins.append(self._playout.heard_ms)
        if self._ends_at_ns is not None:
            events.append(audiohook.PlaybackCompleted())
        self._begins_at_ns = self._ends_at_ns = None
        return events

    def stop(self, now_ns: int) -> None:
        """Play no more: the session is over."""
        self._playout.clear(now_ns)
        self._begins_at_ns = self._ends_at_ns = None

    def next_deadline_ns(self) -> int | None:
        """Return when `due` has something to say."""
        return self._ends_at_ns if self._begins_at_ns is None else self._begins_at_ns

    def due(self, now_ns: int) -> list[audiohook.Event]:
        """Return what is to be said by *now_ns*."""
        events: list[audiohook.Event] = []
        if self._begins_at_ns is not None and now_ns >= self._begins_at_ns:
            self._begins_at_ns = None
            events.append(audiohook.PlaybackStarted())
        if self._ends_at_ns is not None and now_ns >= self._ends_at_ns:
            self._playout.play(now_ns)
            self._ends_at_ns = None
            events.append(audiohook.PlaybackCompleted())
        return events
