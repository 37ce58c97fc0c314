"""Bounded queues, one for each reader of a call's frames or events; a slow reader harms nobody else."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from typing import Generic, TypeVar

__all__ = ["Fanout", "Subscription"]

T = TypeVar("T")


class Subscription(Generic[T]):
    """What one reader has still to read.

    When the reader falls behind by more than the limit, either the oldest items are dropped and counted (real-time
    audio: late is worse than lost), or `room` makes the publisher wait (audio that comes faster than real time, where
    the sender can be made to wait).

    Attributes:
        items: what is still to read, each with its size.
        lossless: make the publisher wait rather than drop.
        full: `room` would wait.
        dropped: items that the reader never saw because it was too slow.
        untouched: nothing has been read yet.
        ended: nothing more comes; what is queued can still be read.
    """

    def __init__(self, limit: int, *, lossless: bool) -> None:
        self._limit = limit
        self.lossless = lossless
        self.items: deque[tuple[T, int]] = deque()
        self._size = 0
        self.ended = False
        self._reader: asyncio.Future[None] | None = None  # of the one who waits for something to read
        self.full = False
        self._room: asyncio.Event | None = None  # made when somebody waits for it: few ever do
        self.dropped = 0
        self.untouched = True

    def copy(self) -> Subscription[T]:
        """Return another subscription that has the same still to read."""
        other: Subscription[T] = Subscription(self._limit, lossless=self.lossless)
        for item, size in self.items:
            other.publish(item, size)
        return other

    def waiting(self) -> list[T]:
        """Return what is still to read, and leave it there."""
        return [item for item, _ in self.items]

    def publish(self, item: T, size: int) -> None:
        """Add *item*, which counts *size* against the limit; never waits."""
        self.items.append((item, size))
        self._size += size
        if (reader := self._reader) is not None:
            self._reader = None
            if not reader.done():
                reader.set_result(None)
        if self._size > self._limit:
            if self.lossless:
                self.full = True
            else:
                self._drop_oldest()

    async def room(self) -> None:
        """Wait until the reader has caught up by half, or reads no more; at once for one that drops."""
        if self.full:
            self._room = self._room or asyncio.Event()
            await self._room.wait()

    def relax(self) -> None:
        """Drop from now on rather than let anybody wait."""
        self.lossless = False
        self._make_room()

    def end(self) -> None:
        """Say that nothing more comes; what is queued can still be read."""
        self.ended = True
        self._wake()

    def take(self) -> T:
        """Return the next of `items`."""
        item, size = self.items.popleft()
        self._size -= size
        if self.full and self._size <= self._limit // 2:
            self._make_room()
        return item

    def arrival(self) -> asyncio.Future[None]:
        """Return what is done when there is something to read, or `ended`."""
        self._reader = asyncio.get_running_loop().create_future()
        return self._reader

    def _make_room(self) -> None:
        self.full = False
        if self._room is not None:
            self._room.set()
            self._room = None

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)
        self._reader = None

    def _drop_oldest(self) -> None:
        while self._size > self._limit and len(self.items) > 1:
            _, size = self.items.popleft()
            self._size -= size
            self.dropped += 1


class Fanout(Generic[T]):
    """Hands each item to every reader.

    Items that come before anybody reads are kept, so that a handler which first looks something up loses nothing; who
    subscribes before the first of them is read gets them all.

    Attributes:
        subscriptions: of the readers; `publish` is short for each of theirs.
    """

    def __init__(self, limit: int, *, lossless: bool = False) -> None:
        self._limit = limit
        self._lossless = lossless
        self._first: Subscription[T] = Subscription(limit, lossless=lossless)
        self._taken = False  # somebody has subscribed
        self.subscriptions: list[Subscription[T]] = [self._first]
        self._dropped = 0  # by readers that have left
        self._ended = False

    @property
    def dropped(self) -> int:
        """Items that readers never saw because they were too slow."""
        return self._dropped + sum(each.dropped for each in self.subscriptions if self._taken)

    def publish(self, item: T, size: int = 1) -> None:
        """Hand *item*, which counts *size* against the limit, to every reader; never waits."""
        for subscription in self.subscriptions:
            subscription.publish(item, size)

    @property
    def full(self) -> bool:
        """Whether `room` would wait."""
        return any(subscription.full for subscription in self.subscriptions)

    async def room(self) -> None:
        """Wait until every lossless reader has room."""
        for subscription in tuple(self.subscriptions):
            await subscription.room()

    def kept(self) -> list[T]:
        """Return what was kept for the first reader, as long as nobody has read any of it."""
        return self._first.waiting() if self._first.untouched else []

    def relax(self) -> None:
        """While nobody reads, drop rather than wait: somebody reads something else of this call."""
        if not self._taken:
            self._first.relax()

    def end(self) -> None:
        """Say that nothing more comes; what is queued can still be read."""
        self._ended = True
        for subscription in self.subscriptions:
            subscription.end()

    def subscribe(self) -> Subscription[T]:
        """Begin to read, now: what is published from here on is for this reader too."""
        if not self._taken:
            self._taken = True
            self._first.lossless = self._lossless
            if not self._lossless:
                self._first.dropped = 0  # real-time audio that nobody was there to hear is no loss
            return self._first
        untouched = self._first in self.subscriptions and self._first.untouched
        subscription = self._first.copy() if untouched else Subscription(self._limit, lossless=self._lossless)
        self.subscriptions.append(subscription)
        if self._ended:
            subscription.end()
        return subscription

    async def read(self, subscription: Subscription[T] | None = None) -> AsyncGenerator[T]:
        """Yield what is published to *subscription*, by default a new one, until the end."""
        subscription = subscription or self.subscribe()
        try:
            subscription.untouched = False
            while True:
                while subscription.items:
                    yield subscription.take()
                if subscription.ended:
                    return
                await subscription.arrival()
        finally:
            subscription.relax()
            self.subscriptions.remove(subscription)
            self._dropped += subscription.dropped
