"""What an operator asks a supervisor: its workers' metrics, summed. Needs the extra ``prometheus``."""

from __future__ import annotations

import asyncio
import urllib.request
from collections.abc import Callable, Collection
from http import HTTPStatus
from typing import Self

from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from phonewire.aio.server.page_port import PagePort
from phonewire.cli.workers.sums import Sums

__all__ = ["WorkerPages"]

_ANSWER_S = 2.0


class WorkerPages:
    """``/healthz``, ``/readyz`` and ``/metrics`` of several workers on one port.

    Args:
        host: to listen on.
        port: 0 for any that is free.
        ports: returns where the workers' own pages are, on 127.0.0.1.
        restarts: returns how often a worker was started anew.
    """

    def __init__(self, host: str, port: int, ports: Callable[[], Collection[int]], restarts: Callable[[], int]) -> None:
        self._address = host, port
        self._ports = ports
        self._restarts = restarts
        self._own_port = PagePort(self._answer)
        self._asked: dict[int, str] = {}  # the last metrics of each, by port
        self._ended = Sums()

    async def __aenter__(self) -> Self:
        await self._own_port.open(*self._address)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._own_port.close()

    @property
    def port(self) -> int | None:
        """The port that is listened on; None before."""
        return self._own_port.port

    async def _answer(self, connection: ServerConnection, http: Request) -> Response:
        path = http.path.partition("?")[0]
        if path == "/healthz":
            return connection.respond(HTTPStatus.OK, "ok\n")
        if path == "/readyz":
            ready = len(await self._ask(path, self._ports()))
            status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
            return connection.respond(status, f"{ready} workers are ready\n")
        if path == "/metrics":
            return connection.respond(HTTPStatus.OK, await self._metrics())
        return connection.respond(HTTPStatus.NOT_FOUND, "Not found.\n")

    async def _metrics(self) -> str:
        """Return the sum of all, those included that have ended, as far as they were asked before."""
        ports = set(self._ports())
        for port in self._asked.keys() - ports:
            self._ended.add(self._asked.pop(port), counters_only=True)
        self._asked.update(await self._ask("/metrics", ports))
        sums = self._ended.copy()
        for text in self._asked.values():
            sums.add(text)
        return sums.text(self._restarts())

    async def _ask(self, path: str, ports: Collection[int]) -> dict[int, str]:
        """Return what the workers answer; those that do not are left out."""
        answers = await asyncio.gather(*(asyncio.to_thread(_get, f"http://127.0.0.1:{port}{path}") for port in ports))
        return {port: answer for port, answer in zip(ports, answers, strict=True) if answer is not None}


def _get(url: str) -> str | None:
    try:
        with urllib.request.urlopen(url, timeout=_ANSWER_S) as response:  # noqa: S310 - a URL of ours
            text: str = response.read().decode()
            return text
    except OSError:
        return None
