"""The marks of a server that is spoken to as by a phone platform: each goes back when it has been played."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque

from phonewire.aio.call.call import Call
from phonewire.aio.outbound.mark import Mark as SentMark
from phonewire.aio.outbound.mark import MarkOutcome
from phonewire.errors import LocalProtocolError
from phonewire.protocols.connection import Mark

__all__ = ["MarkEcho"]


class MarkEcho:
    """Sends marks back in the order in which they came.

    Args:
        asker: the call whose far end wants to know.

    Attributes:
        played: how many were heard, not cleared.
    """

    def __init__(self, asker: Call) -> None:
        self._asker = asker
        self._expected: deque[tuple[Mark, SentMark | None]] = deque()
        self._more = asyncio.Event()
        self.played = 0

    @property
    def waiting(self) -> int:
        """How many are still to go back."""
        return len(self._expected)

    def expect(self, mark: Mark, sent: SentMark | None) -> None:
        """Send *mark* back when *sent* has been played or cleared; in its turn when that is None."""
        self._expected.append((mark, sent))
        self._more.set()

    async def run(self) -> None:
        """Send marks back until this is cancelled."""
        while True:
            if not self._expected:
                self._more.clear()
                await self._more.wait()
            mark, sent = self._expected[0]
            outcome = MarkOutcome.CLEARED if sent is None else await sent
            self._expected.popleft()
            self.played += outcome is MarkOutcome.PLAYED
            if outcome is not MarkOutcome.ENDED:
                with contextlib.suppress(LocalProtocolError):  # it has hung up
                    self._asker.send(mark)
