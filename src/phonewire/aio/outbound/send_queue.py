"""What waits to be sent: frames, with marks between them."""

from __future__ import annotations

from collections import deque

from phonewire.aio.outbound.mark import Mark, MarkOutcome

__all__ = ["SendQueue"]


class SendQueue(deque["bytes | Mark"]):
    """Frames and marks in the order in which they go out; the first goes out next.

    Attributes:
        audio_bytes: bytes of the frames.
        finished: what was last appended is the end of something; until there are no frames.
    """

    def __init__(self) -> None:
        super().__init__()
        self.audio_bytes = 0
        self.finished = False

    def append(self, item: bytes | Mark) -> None:
        """Add a frame or a mark at the end."""
        super().append(item)
        if isinstance(item, bytes):
            self.audio_bytes += len(item)

    def drop_head(self) -> None:
        """Take out what went out."""
        item = self.popleft()
        if isinstance(item, bytes):
            self._lost(item)

    def drop_oldest(self) -> int:
        """Drop the frame that waits longest, and return its size; marks keep their place."""
        for index, item in enumerate(self):
            if isinstance(item, bytes):
                del self[index]
                self._lost(item)
                return len(item)
        return 0

    def drop_all(self, outcome: MarkOutcome) -> None:
        """Drop everything; marks get *outcome*."""
        for item in self:
            if not isinstance(item, bytes):
                item.resolve(outcome)
        self.clear()
        self.audio_bytes = 0
        self.finished = False

    def _lost(self, frame: bytes) -> None:
        self.audio_bytes -= len(frame)
        if not self.audio_bytes:
            self.finished = False
