"""Conferences by id, which begin with the first call and end with the last."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from phonewire.aio.call.call import Call
from phonewire.aio.conference.conference import Conference
from phonewire.errors import ConferenceFullError

__all__ = ["Conferences"]

_TRY_AGAIN = 1013  # WebSocket close code, as servers say it that have too many calls


class Conferences:
    """Conferences by id, for an endpoint such as ``/v1.0/conferences/{id}/media_stream`` with *handler* as its handler.

    The first call makes a conference of its id, which is that of the path; the last to leave ends it.

    Args:
        max_conferences: that there may be at the same time.
        began: called with each new conference, before its first leg joins: to record it, for example.
        options: of each `Conference`: *sample_rate_hz*, *max_legs*, *buffer_ms*.

    Raises:
        ValueError: one of these is out of its range.
    """

    def __init__(
        self, *, max_conferences: int = 100, began: Callable[[Conference], None] | None = None, **options: Any
    ) -> None:
        if max_conferences < 1:
            raise ValueError(f"max_conferences is at least 1, got {max_conferences}")
        Conference("", **options)  # what is wrong with them is told now
        self._max_conferences = max_conferences
        self._began = began
        self._options = options
        self._open: dict[str, Conference] = {}

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[Conference]:
        return iter(tuple(self._open.values()))

    def get(self, conference_id: str) -> Conference | None:
        """Return the conference of this id; None when there is none."""
        return self._open.get(conference_id)

    async def handler(self, call: Call) -> None:
        """Take part with *call* in the conference of its id; for servers and endpoints.

        Where there is no room, the call is closed with 1013.
        """
        try:
            await self.join(call, call.id)
        except ConferenceFullError as error:
            await call.close(_TRY_AGAIN, str(error))

    async def join(self, call: Call, conference_id: str, *, listen_only: bool = False) -> None:
        """Take part with *call* in the conference of this id, which is made when there is none; as `Conference.join`.

        Raises:
            ConferenceFullError: it takes no more legs, or there are too many conferences.
        """
        conference = self._open.get(conference_id) or self._begin(conference_id)
        try:
            await conference.join(call, listen_only=listen_only)
        finally:
            if not conference.legs and self._open.get(conference_id) is conference:
                del self._open[conference_id]
                await conference.close()

    async def close(self) -> None:
        """End all conferences; new ones may begin."""
        conferences = tuple(self._open.values())
        self._open.clear()
        for conference in conferences:
            await conference.close()

    def _begin(self, conference_id: str) -> Conference:
        if len(self._open) >= self._max_conferences:
            raise ConferenceFullError("conferences", self._max_conferences)
        conference = Conference(conference_id, **self._options)
        if self._began is not None:
            self._began(conference)
        self._open[conference_id] = conference
        return conference
