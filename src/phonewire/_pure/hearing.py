"""Audio that goes to its reader as it comes, in plain Python: the way of nearly all that Twilio sends."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, TypeAlias, final

__all__ = ["Backlog", "Hearing"]

#: Makes the event of a message of audio; None where it is anything else.
Reader: TypeAlias = Callable[[bytes], Any]


class Backlog:
    """What one reader has still to read, and when it is too much.

    Args:
        limit: more than this, in the sum of sizes, is too much.
        lossless: then `full` says so; otherwise the oldest items are dropped.

    Attributes:
        items: what is still to read, each with its size.
        limit, lossless: as the arguments.
        full: there is too much, and has been since there was twice as much as there may be again.
        dropped: items that were dropped.
        reader: a future that is done when there is something to read; None when nobody waits.
    """

    def __init__(self, limit: int, lossless: bool) -> None:
        self.limit = limit
        self._size = 0
        self.items: deque[tuple[Any, int]] = deque()
        self.lossless = lossless
        self.full = False
        self.dropped = 0
        self.reader: Any = None

    def publish(self, item: Any, size: int, /) -> None:
        """Add *item*, which counts *size* against the limit; never waits."""
        self.items.append((item, size))
        self._size += size
        if self.reader is not None:
            self.wake()
        if self._size > self.limit:
            if self.lossless:
                self.full = True
            else:
                self._drop_oldest()

    def take(self) -> Any:
        """Return the next of `items`."""
        item, size = self.items.popleft()
        self._size -= size
        if self.full and self._size <= self.limit // 2:
            self.make_room()
        return item

    def make_room(self) -> None:
        """Be full no more."""
        self.full = False

    def wake(self) -> None:
        """Have the reader look again."""
        reader, self.reader = self.reader, None
        if reader is not None and not reader.done():
            reader.set_result(None)

    def _drop_oldest(self) -> None:
        while self._size > self.limit and len(self.items) > 1:
            _, size = self.items.popleft()
            self._size -= size
            self.dropped += 1


@final
class Hearing:
    """Takes messages, and hands audio to the one who reads while it is open: nobody else is to be told.

    Attributes:
        is_open: whether audio is handed on.
        otherwise: takes the messages (data, text) that are not handed on here; what it returns is returned.
        frames: messages of audio; whoever takes others counts them here, too.
        bytes: of audio in them.
    """

    otherwise: Callable[[bytes, bool], bool]

    def __init__(self) -> None:
        self.is_open = False
        self.frames = self.bytes = 0

    def open(self, readers: tuple[Reader, ...], backlog: Backlog) -> None:
        """Hand on what comes.

        Args:
            readers: make events of text messages, which have ``payload``.
            backlog: of the one who reads.
        """
        self._readers, self._backlog = readers, backlog
        self.is_open = True

    def close(self) -> None:
        """Hand nothing on."""
        self.is_open = False

    def take(self, data: bytes, text: bool, /) -> bool:
        """Take a message."""
        if self.is_open and text:
            for read in self._readers:
                media = read(data)
                if media is not None:
                    size = len(media.payload)
                    self.frames += 1
                    self.bytes += size
                    self._backlog.publish(media, size)
                    return True
        return self.otherwise(data, text)
