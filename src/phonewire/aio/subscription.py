"""Bounded queues, one for each reader of a call's frames or events; a slow reader harms nobody else."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Generic, TypeVar

__all__ = ["Fanout", "Subscription"]

T = TypeVar("T")


class Subscription(Generic[T]):
    """What one reader has still to read.

    When the reader falls behind by more than the limit, either the oldest items are dropped and counted (real-time
    audio: late is worse than lost), or `room` makes the publisher wait (audio that comes faster than real time, where
    the sender can be made to wait).

    Attributes:
        dropped: items that the reader never saw because it was too slow.
    """

    def __init__(self, limit: int, *, lossless: bool) -> None:
        self._limit = limit
        self._lossless = lossless
        self._items: deque[tuple[T, int]] = deque()
        self._size = 0
        self._ended = False
        self._readable = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self.dropped = 0

    def publish(self, item: T, size: int) -> None:
        """Add *item*, which counts *size* against the limit; never waits."""
        self._items.append((item, size))
        self._size += size
        self._readable.set()
        if self._size > self._limit:
            if self._lossless:
                self._room.clear()
            else:
                self._drop_oldest()

    async def room(self) -> None:
        """Wait until the reader has caught up by half, or reads no more; at once for one that drops."""
        await self._room.wait()

    def relax(self) -> None:
        """Drop from now on rather than let anybody wait."""
        self._lossless = False
        self._room.set()

    def end(self) -> None:
        """Say that nothing more comes; what is queued can still be read."""
        self._ended = True
        self._readable.set()

    async def read(self) -> T:
        """Return the next item, or raise StopAsyncIteration after the last."""
        while not self._items:
            if self._ended:
                raise StopAsyncIteration
            self._readable.clear()
            await self._readable.wait()
        item, size = self._items.popleft()
        self._size -= size
        if self._size <= self._limit // 2:
            self._room.set()
        return item

    def _drop_oldest(self) -> None:
        while self._size > self._limit and len(self._items) > 1:
            _, size = self._items.popleft()
            self._size -= size
            self.dropped += 1


class Fanout(Generic[T]):
    """Hands each item to every reader.

    Items that come before anybody reads are kept for the first reader, so that a handler which first looks something
    up loses nothing.
    """

    def __init__(self, limit: int, *, lossless: bool = False) -> None:
        self._limit = limit
        self._lossless = lossless
        self._early: Subscription[T] | None = Subscription(limit, lossless=lossless)
        self._subscriptions: list[Subscription[T]] = [self._early]
        self._dropped = 0  # by readers that have left
        self._ended = False

    @property
    def dropped(self) -> int:
        """Items that readers never saw because they were too slow."""
        return self._dropped + sum(each.dropped for each in self._subscriptions if each is not self._early)

    def publish(self, item: T, size: int = 1) -> None:
        """Hand *item*, which counts *size* against the limit, to every reader; never waits."""
        for subscription in self._subscriptions:
            subscription.publish(item, size)

    async def room(self) -> None:
        """Wait until every lossless reader has room."""
        for subscription in tuple(self._subscriptions):
            await subscription.room()

    def relax(self) -> None:
        """While nobody reads, drop rather than wait: somebody reads something else of this call."""
        if self._early is not None:
            self._early.relax()

    def end(self) -> None:
        """Say that nothing more comes; what is queued can still be read."""
        self._ended = True
        for subscription in self._subscriptions:
            subscription.end()

    async def read(self) -> AsyncIterator[T]:
        """Yield what is published from now on (the first reader: from the start) until the end."""
        subscription = self._subscribe()
        try:
            while True:
                yield await subscription.read()
        except StopAsyncIteration:
            return
        finally:
            subscription.relax()
            self._subscriptions.remove(subscription)
            self._dropped += subscription.dropped

    def _subscribe(self) -> Subscription[T]:
        if self._early is not None:
            subscription, self._early = self._early, None
            return subscription
        subscription = Subscription(self._limit, lossless=self._lossless)
        self._subscriptions.append(subscription)
        if self._ended:
            subscription.end()
        return subscription
