"""How long audio takes from here to the far end's ear."""

from __future__ import annotations

from phonewire.aio.outbound.mark import Mark

__all__ = ["Latency"]


class Latency:
    """How long audio takes from `write` to the ear, by the marks that come back.

    A mark comes back later than the model of the far end has it, by the way there and back; half of that is the way
    there. The rest is what the audio waited here and in the far end's buffer.

    Attributes:
        count: marks that came back.
        total_ns: the estimates together.
    """

    def __init__(self) -> None:
        self.count = self.total_ns = 0

    def add(self, mark: Mark, returned_ns: int) -> None:
        """Count a mark that came back because it was played."""
        round_trip_ns = max(returned_ns - mark.due_ns, 0)
        self.count += 1
        self.total_ns += returned_ns - mark.queued_ns - round_trip_ns // 2
