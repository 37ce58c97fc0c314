"""Media time of a session: what was said since its beginning, heard here or not."""

from __future__ import annotations

__all__ = ["Position"]


class Position:
    """Counts samples of each channel, and what was left out.

    Attributes:
        samples: from the beginning to what comes next.
        drift_us: what the client's last message said, less what is counted here; 0 while it is paused, when its
            count goes on and no audio comes.
    """

    def __init__(self, sample_rate_hz: int = 8000) -> None:
        self._rate = sample_rate_hz
        self.samples = 0
        self.drift_us = 0

    @property
    def us(self) -> int:
        """Microseconds from the beginning to what comes next."""
        return self.samples * 1_000_000 // self._rate

    @property
    def ms(self) -> int:
        """Milliseconds from the beginning to what comes next."""
        return self.samples * 1000 // self._rate

    def went_on(self, samples: int) -> None:
        """Count audio that came, or went."""
        self.samples += samples

    def left_out(self, us: int) -> None:
        """Count audio that does not come."""
        self.samples += us * self._rate // 1_000_000

    def said(self, us: int) -> None:
        """Compare with what the client says."""
        self.drift_us = us - self.us
