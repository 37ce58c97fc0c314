"""The client's pings: when they are due, and how long the answers took."""

from __future__ import annotations

__all__ = ["Keepalive"]

# As Genesys' reference client has them: the first soon, the second at once so that the server learns the round trip.
_FIRST_NS = 1_000_000_000
_EVERY_NS = 5_000_000_000


class Keepalive:
    """A timer without a clock.

    Attributes:
        due_ns: when the next ping is, None before the session is open.
        rtt_us: of the last ping that was answered, None before.
    """

    def __init__(self) -> None:
        self.due_ns: int | None = None
        self.rtt_us: int | None = None
        self._sent_ns: int | None = None
        self._sent = 0

    @property
    def overdue(self) -> bool:
        """Whether the last ping has not been answered."""
        return self._sent_ns is not None

    def opened(self, now_ns: int) -> None:
        """Take note that the session is open."""
        self.due_ns = now_ns + _FIRST_NS

    def pinged(self, now_ns: int) -> None:
        """Take note that a ping goes out."""
        self._sent += 1
        self._sent_ns = now_ns
        self.due_ns = now_ns + _EVERY_NS

    def answered(self, now_ns: int) -> bool:
        """Take note of a pong; False when nobody has asked."""
        if self._sent_ns is None:
            return False
        self.rtt_us = max(now_ns - self._sent_ns, 0) // 1000  # a ping may be sent a little before it is due
        self._sent_ns = None
        if self._sent == 1:
            self.due_ns = now_ns
        return True

    def stop(self) -> None:
        """Send no more."""
        self.due_ns = None
