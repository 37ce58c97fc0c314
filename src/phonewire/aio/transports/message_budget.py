"""How many messages may still go to a far end that counts them."""

from __future__ import annotations

from collections.abc import Callable

from phonewire.protocols.connection import MessageRate

__all__ = ["MessageBudget"]

# Messages that audio leaves for what cannot wait: two pongs, a barge-in, `disconnect` and `closed`.
_KEPT = 5


class MessageBudget:
    """A bucket of messages that fills up with time; all that go out are counted, whoever sends them.

    Whole nanoseconds, so that nothing adds up.

    Args:
        rate: how fast it fills up, and how much it holds.
        now_ns: the clock.
    """

    def __init__(self, rate: MessageRate, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._each_ns = -int(-1e9 // rate.per_s)  # rounded up: not one too many in a year
        self._burst_ns = rate.burst * self._each_ns
        self._low = _KEPT + (rate.burst - _KEPT) // 2
        self._full_at_ns = 0

    def spend(self) -> None:
        """Count a message."""
        full_at_ns = max(self._full_at_ns, self._now_ns()) + self._each_ns
        # Who makes us answer more often than he takes answers is not to silence the call for ever.
        self._full_at_ns = min(full_at_ns, self._now_ns() + 2 * self._burst_ns)

    def allows_audio(self) -> bool:
        """Say whether a message of audio may go, which leaves some for what cannot wait."""
        return self._has(_KEPT + 1)

    @property
    def is_low(self) -> bool:
        """Whether there is less than half of what audio may spend."""
        return not self._has(self._low)

    def allows_event(self) -> bool:
        """Say whether a message may go."""
        return self._has(1)

    def _has(self, messages: int) -> bool:
        return self._full_at_ns - self._now_ns() + messages * self._each_ns <= self._burst_ns
