"""What an operator asks a server: is it alive, may it have more calls, what has it counted."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import NamedTuple

from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request as HttpRequest
from websockets.http11 import Response

from phonewire.aio.observe.log import PeerLog
from phonewire.aio.observe.measures import Measures
from phonewire.aio.observe.tally import Tally
from phonewire.aio.server.gate import Gate
from phonewire.aio.server.page_port import PagePort

__all__ = ["Observe", "Page", "Pages"]

# Prometheus' text format; 1.0.0 differs from 0.0.4 in names that need quotes, of which there are none here.
_EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"


class Observe:
    """Where a server answers ``/healthz``, ``/readyz`` and ``/metrics``: nowhere unless asked.

    ``/healthz`` is 200 while the event loop turns. ``/readyz`` is 200 while the server takes calls, and 503 when it has
    as many as it may or is being closed. ``/metrics`` is Prometheus' text format; it needs
    ``pip install 'phonewire[prometheus]'``, and is 501 without.

    Args:
        address: host and port of their own, answered until the last call has ended; port 0 for any that is free.
        prefix: path in front of them on the port of the calls, which strangers can reach: ``"/internal"``, ``""``.

    Raises:
        ValueError: neither or both are given, or the prefix is no path.
    """

    def __init__(self, *, address: tuple[str, int] | None = None, prefix: str | None = None) -> None:
        if (address is None) == (prefix is None):
            raise ValueError("say address= or prefix=, one of them")
        if prefix and (not prefix.startswith("/") or prefix.endswith("/")):
            raise ValueError(f"a prefix begins with a slash and does not end with one, got {prefix!r}")
        self.address = address
        self.prefix = prefix


class Page(NamedTuple):
    """An answer: its status, its text, and what that is."""

    status: HTTPStatus
    text: str
    content_type: str = "text/plain; charset=utf-8"


class Pages:
    """The answers.

    Args:
        observe: where they are asked for.
        gate: says whether a call can be taken, and counts who waits.
        tally: counts calls.
        log: of lines about peers.
    """

    def __init__(self, observe: Observe, gate: Gate, tally: Tally, log: PeerLog) -> None:
        self._address = observe.address
        self._unready = gate.unready
        self._metrics = _metrics(tally, gate, log)
        self._own_port = PagePort(self.answer_all)
        prefix = observe.prefix or ""
        self._pages = {
            f"{prefix}/healthz": self._health,
            f"{prefix}/readyz": self._readiness,
            f"{prefix}/metrics": self._exposition,
        }

    @property
    def port(self) -> int | None:
        """The port of their own; None when they have none."""
        return self._own_port.port

    async def open(self) -> None:
        """Listen, when there is an address to listen on."""
        if self._address is not None:
            await self._own_port.open(*self._address)

    async def close(self) -> None:
        """Listen no more."""
        await self._own_port.close()

    def find(self, path: str) -> Page | None:
        """Return the page of a path, None when it has none."""
        page = self._pages.get(path)
        return None if page is None else page()

    def answer(self, connection: ServerConnection, http: HttpRequest) -> Response | None:
        """Return the page that was asked for, None when it is none of these."""
        page = self.find(http.path.partition("?")[0])
        if page is None:
            return None
        response = connection.respond(page.status, page.text)
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = page.content_type
        return response

    def answer_all(self, connection: ServerConnection, http: HttpRequest) -> Response:
        """Return the page that was asked for, or that there is no such page."""
        return self.answer(connection, http) or connection.respond(HTTPStatus.NOT_FOUND, "Not found.\n")

    def _health(self) -> Page:
        return Page(HTTPStatus.OK, "ok\n")

    def _readiness(self) -> Page:
        reason = self._unready()
        return Page(HTTPStatus.OK if reason is None else HTTPStatus.SERVICE_UNAVAILABLE, f"{reason or 'ready'}\n")

    def _exposition(self) -> Page:
        if self._metrics is None:
            return Page(HTTPStatus.NOT_IMPLEMENTED, "Needs pip install 'phonewire[prometheus]'.\n")
        return Page(HTTPStatus.OK, self._metrics().decode(), _EXPOSITION)


def _metrics(tally: Tally, gate: Gate, log: PeerLog) -> Callable[[], bytes] | None:
    try:
        from phonewire.aio.observe.metrics import exposition
    except ImportError:
        return None
    return exposition(Measures(tally, gate.waiting, log))
