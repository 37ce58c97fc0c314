"""What must not come a second time: signed handshakes that somebody has copied."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from typing import Protocol

__all__ = ["MemoryNonces", "NonceStore"]


class NonceStore(Protocol):
    """Remembers nonces until they expire; one that is shared lets several servers be one."""

    async def add(self, nonce: str, expires_s: float) -> bool:
        """Remember a nonce; False when it has been there, or when there is no room for it.

        Args:
            nonce: with the name of the key that it was signed with.
            expires_s: Unix time from which its signature is too old anyway.

        Raises:
            SharedStoreError: there is no telling whether it has been there.
        """


class MemoryNonces:
    """The nonces of one process.

    Args:
        most: that are remembered; when so many have not expired, no more are let in: to forget one would let a copy of
            it in.
        clock: of Unix time, in seconds.
    """

    def __init__(self, most: int = 100_000, clock: Callable[[], float] = time.time) -> None:
        self._most = most
        self._clock = clock
        self._known: set[str] = set()
        self._by_expiry: list[tuple[float, str]] = []

    def __len__(self) -> int:
        return len(self._known)

    async def add(self, nonce: str, expires_s: float) -> bool:
        """Remember a nonce; False when it has been there, or when there is no more room."""
        now_s = self._clock()
        while self._by_expiry and self._by_expiry[0][0] < now_s:
            self._known.discard(heapq.heappop(self._by_expiry)[1])
        if nonce in self._known or len(self._known) >= self._most:
            return False
        self._known.add(nonce)
        heapq.heappush(self._by_expiry, (expires_s, nonce))
        return True
