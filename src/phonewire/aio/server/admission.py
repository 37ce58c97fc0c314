"""Who may wait at the door: connections that have not shown who they are, bounded in all and by address.

A connection counts from its accept until it is authenticated, or, where nobody is, until its stream has started. So
a platform with a thousand calls from one address is one address with a thousand calls, not a flood.
"""

from __future__ import annotations

from collections import Counter
from typing import Generic, TypeVar

__all__ = ["Admission"]

T = TypeVar("T")


class Admission(Generic[T]):
    """The connections that count, oldest first.

    Args:
        most: connections in all.
        most_per_address: connections of one address.
    """

    def __init__(self, most: int, most_per_address: int) -> None:
        self._most = most
        self._most_per_address = most_per_address
        self._waiting: dict[T, str | None] = {}  # in the order in which they came
        self._from: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, connection: T) -> bool:
        return connection in self._waiting

    def enter(self, connection: T, address: str | None) -> bool:
        """Count a connection; False, and nothing is counted, when its address has too many already.

        The bound in all is for `overdue` to keep.

        Args:
            connection: anything hashable.
            address: where it comes from; None when only its request will tell, behind a proxy.
        """
        self._waiting[connection] = None
        if self.attribute(connection, address):
            return True
        self.leave(connection)
        return False

    def attribute(self, connection: T, address: str | None) -> bool:
        """Say where a connection comes from; False when it counts and that address has too many already."""
        if address is None or self._waiting.get(connection, address) is not None:
            return True
        if self._from[address] >= self._most_per_address:
            return False
        self._from[address] += 1
        self._waiting[connection] = address
        return True

    def leave(self, connection: T) -> None:
        """Count a connection no more; no error when it does not count."""
        address = self._waiting.pop(connection, None)
        if address is not None:
            self._from[address] -= 1
            if not self._from[address]:
                del self._from[address]  # so that there are no more addresses than connections

    def overdue(self) -> T | None:
        """Return the oldest connection when there are more than allowed, otherwise None.

        The oldest goes, not the newest: an honest handshake takes a moment, so who has waited longest is the least
        likely to be one, and a flood can not keep others out.
        """
        return next(iter(self._waiting)) if len(self._waiting) > self._most else None
