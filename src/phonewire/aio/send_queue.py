"""What waits to be sent: frames, with marks between them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from phonewire.aio.mark import Mark, MarkOutcome

__all__ = ["SendQueue"]


class SendQueue:
    """Frames and marks in the order in which they go out.

    Attributes:
        audio_bytes: bytes of the frames.
        finished: what was last appended is the end of something; until there are no frames.
    """

    def __init__(self) -> None:
        self._items: deque[bytes | Mark] = deque()
        self.audio_bytes = 0
        self.finished = False

    def __iter__(self) -> Iterator[bytes | Mark]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def append(self, item: bytes | Mark) -> None:
        """Add a frame or a mark at the end."""
        self._items.append(item)
        if isinstance(item, bytes):
            self.audio_bytes += len(item)

    @property
    def head(self) -> bytes | Mark:
        """What goes out next; there is something."""
        return self._items[0]

    def drop_head(self) -> None:
        """Take out what went out."""
        item = self._items.popleft()
        if isinstance(item, bytes):
            self._lost(item)

    def drop_oldest(self) -> int:
        """Drop the frame that waits longest, and return its size; marks keep their place."""
        for index, item in enumerate(self._items):
            if isinstance(item, bytes):
                del self._items[index]
                self._lost(item)
                return len(item)
        return 0

    def clear(self, outcome: MarkOutcome) -> None:
        """Drop everything; marks get *outcome*."""
        for item in self._items:
            if not isinstance(item, bytes):
                item.resolve(outcome)
        self._items.clear()
        self.audio_bytes = 0
        self.finished = False

    def _lost(self, frame: bytes) -> None:
        self.audio_bytes -= len(frame)
        if not self.audio_bytes:
            self.finished = False
