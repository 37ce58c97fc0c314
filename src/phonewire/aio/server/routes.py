"""Which endpoint the path of a request belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from phonewire.aio.server.endpoint import ID, Endpoint

__all__ = ["Route", "Routes"]

# Nothing that means something to a file system or a log; UUIDs and the ids of other platforms are all of this.
_ID = r"([A-Za-z0-9][A-Za-z0-9._:@+=-]{0,127})"


class Route(NamedTuple):
    """Where a path leads.

    Attributes:
        endpoint: that is there.
        call_id: what the path has in the place of ``{id}``; empty where the endpoint has none.
    """

    endpoint: Endpoint
    call_id: str


class Routes:
    """The paths of a server's endpoints.

    Args:
        endpoints: those without an id come first, the rest as they are given.

    Raises:
        ValueError: there are none, or two of one path.
    """

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._fixed: dict[str, Endpoint] = {}
        self._with_id: dict[str, tuple[re.Pattern[str], Endpoint]] = {}
        for endpoint in endpoints:
            path = endpoint.path
            if path in self._fixed or path in self._with_id:
                raise ValueError(f"two endpoints have the path {path}")
            if ID in path:
                self._with_id[path] = re.compile(re.escape(path).replace(re.escape(ID), _ID)), endpoint
            else:
                self._fixed[path] = endpoint
        if not self._fixed and not self._with_id:
            raise ValueError("a server needs at least one endpoint")

    def find(self, path: str) -> Route | None:
        """Return where *path*, which has no query any more, leads; None for nowhere."""
        if (endpoint := self._fixed.get(path)) is not None:
            return Route(endpoint, "")
        for pattern, endpoint in self._with_id.values():
            if found := pattern.fullmatch(path):
                return Route(endpoint, found[1])
        return None
