"""Bounded queues, one for each reader of a call's frames or events; a slow reader harms nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from phonewire._backend import NATIVE

if TYPE_CHECKING or not NATIVE:
    from phonewire._pure.hearing import Backlog, Hearing
else:
    from phonewire._native.hearing import Backlog, Hearing

__all__ = ["Fanout", "Hearing", "Subscription"]

T = TypeVar("T")


class Subscription(Backlog, Generic[T]):
    """What one reader has still to read.

    When the reader falls behind by more than the limit, either the oldest items are dropped and counted (real-time
    audio: late is worse than lost), or `room` makes the publisher wait (audio that comes faster than real time, where
    the sender can be made to wait).

    Attributes:
        untouched: nothing has been read yet.
        ended: nothing more comes; what is queued can still be read.
    """

    def __init__(self, limit: int, *, lossless: bool) -> None:
        super().__init__(limit, lossless)
        self.ended = False
        self._room: asyncio.Event | None = None  # made when somebody waits for it: few ever do
        self.untouched = True

    def copy(self) -> Subscription[T]:
        """Return another subscription that has the same still to read."""
        other: Subscription[T] = Subscription(self.limit, lossless=self.lossless)
        for item, size in self.items:
            other.publish(item, size)
        return other

    def waiting(self) -> list[T]:
        """Return what is still to read, and leave it there."""
        return [item for item, _ in self.items]

    async def room(self) -> None:
        """Wait until the reader has caught up by half, or reads no more; at once for one that drops."""
        if self.full:
            self._room = self._room or asyncio.Event()
            await self._room.wait()

    def relax(self) -> None:
        """Drop from now on rather than let anybody wait."""
        self.lossless = False
        self.make_room()

    def end(self) -> None:
        """Say that nothing more comes; what is queued can still be read."""
        self.ended = True
        self.wake()

    def make_room(self) -> None:
        """Be full no more, and let go on who waits for that."""
        super().make_room()
        if self._room is not None:
            self._room.set()
            self._room = None


class Fanout(Generic[T]):
    """Hands each item to every reader.

    Items that come before anybody reads are kept, so that a handler which first looks something up loses nothing; who
    subscribes before the first of them is read gets them all.

    Args:
        limit: of each reader's `Subscription`.
        lossless: as theirs.
        changed: called when somebody begins to read, or reads no more.

    Attributes:
        subscriptions: of the readers; `publish` is short for each of theirs.
    """

    def __init__(self, limit: int, *, lossless: bool = False, changed: Callable[[], None] = lambda: None) -> None:
        self._changed = changed
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
        self._changed()
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
        create_future = asyncio.get_running_loop().create_future
        try:
            subscription.untouched = False
            while True:
                while subscription.items:
                    yield subscription.take()
                if subscription.ended:
                    return
                subscription.reader = arrival = create_future()
                await arrival
        finally:
            subscription.relax()
            self._changed()
            self.subscriptions.remove(subscription)
            self._dropped += subscription.dropped
