"""What the far end has played, as far as this side can know: a model of its playout buffer.

A far end that buffers (Twilio) plays what it gets at real-time speed, without a gap as long as it has something. So
what was sent and when says how much was heard: the latency of the network cancels out, because the `clear` that
asks "how much?" travels as long as the audio did. Marks that come back correct the model.

Time is an argument, in nanoseconds of one monotonic clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from phonewire._backend import NATIVE

if TYPE_CHECKING or not NATIVE:
    from phonewire._pure.sending import Schedule, Sender
else:
    from phonewire._native.sending import Schedule, Sender

__all__ = ["FarEnd", "Sender"]


class FarEnd(Schedule):
    """The far end's playout buffer: what was sent to it and when that will have been played."""

    _stood_at_ns = 0  # of what was sent, where it began last

    def send_silence(self, duration_ns: int, now_ns: int) -> None:
        """Count silence that is handed over now; it takes its time, but is nothing that was said."""
        self.idle_at_ns = max(self.idle_at_ns, now_ns) + duration_ns

    def played_ns(self, now_ns: int) -> int:
        """Return how much of what was sent has been played, ns since the start of the call."""
        return max(self.sent_ns - max(0, self.quiet_at_ns - now_ns), self._stood_at_ns)

    def confirm(self, position_ns: int, now_ns: int) -> None:
        """Take a mark's word that everything before *position_ns* has been played."""
        ahead_ns = position_ns - self.played_ns(now_ns)
        if ahead_ns > 0:
            self.idle_at_ns -= ahead_ns
            self.quiet_at_ns -= ahead_ns

    def began(self, position_ns: int, at_ns: int) -> None:
        """Take note that it begins at *at_ns*, perhaps not yet, with what was sent after *position_ns*."""
        self._stood_at_ns = position_ns
        self.idle_at_ns = self.quiet_at_ns = at_ns + self.sent_ns - position_ns

    def stood_still(self, at_ns: int) -> None:
        """Take the far end's word that it had played everything at *at_ns*."""
        self.idle_at_ns = min(self.idle_at_ns, at_ns)
        self.quiet_at_ns = min(self.quiet_at_ns, at_ns)

    def clear(self, now_ns: int) -> int:
        """Forget what has not been played, as the far end does, and return what has: ns since the start of the call."""
        played_ns = self.played_ns(now_ns)
        self.sent_ns = played_ns
        self.idle_at_ns = self.quiet_at_ns = min(self.idle_at_ns, now_ns)
        return played_ns
