"""Ids of calls that are good for one call each."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["SingleUse"]


class SingleUse:
    """For *call_ids* of `Endpoint` and `serve_audiosocket`: who has seen an id on the network cannot use it again.

    An id is used up when it comes, also when the server has no room for the call then.

    Args:
        call_ids: that are expected; more can be added while the server runs.
    """

    def __init__(self, call_ids: Iterable[str] = ()) -> None:
        self._expected = {call_ids} if isinstance(call_ids, str) else set(call_ids)

    def __len__(self) -> int:
        return len(self._expected)

    def add(self, call_id: str) -> None:
        """Expect a call."""
        self._expected.add(call_id)

    def discard(self, call_id: str) -> None:
        """Expect it no more; no error when it has come."""
        self._expected.discard(call_id)

    async def __call__(self, call_id: str) -> bool:
        """Say whether the call is expected; from now on it is not."""
        if call_id not in self._expected:
            return False
        self._expected.remove(call_id)
        return True
