"""A page on this machine, on which to see and hear calls while they go on."""

from __future__ import annotations

import asyncio
import itertools
import logging
import secrets
from collections import deque
from http import HTTPStatus
from types import TracebackType
from typing import Self

import msgspec
from websockets.asyncio.server import Server, ServerConnection
from websockets.asyncio.server import serve as serve_websocket
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from phonewire.aio.call.call import Call
from phonewire.aio.monitor.access import Access, check_loopback
from phonewire.aio.monitor.page import HEADERS, PAGE, page_headers
from phonewire.aio.monitor.views import CallView, Snapshot
from phonewire.aio.monitor.watched_call import WatchedCall
from phonewire.aio.monitor.watcher import Watcher
from phonewire.aio.observe.log import PeerLog
from phonewire.aio.transports.transport import LIBRARY_LOG, format_address

__all__ = ["Monitor"]

_log = logging.getLogger("phonewire.monitor")
_encode = msgspec.json.Encoder().encode

_TURN_S = 0.04  # two frames of audio at a time
_TURNS_PER_SNAPSHOT = 3
_MOST_SHOWN = 100  # calls; the rest is counted
_AT_ONCE = 4  # calls looked at before others have their turn
_MOST_ENDED = 100  # calls between two snapshots
_MOST_SAID = 1024  # bytes of what a page says
_CLOSE_S = 0.5  # for a page to answer a goodbye


class Monitor:
    """A page on which to see and hear calls: ``async with Monitor() as monitor``, and ``serve(..., monitor=monitor)``.

    It is at `url`, with a token that is good until the end; both are needed, and the page can be opened on this machine
    only. Calls are shown with levels, waveform, loss, pacing and what waits, and can be listened to. While nobody looks
    it costs them nothing; who looks and is too slow misses something, and no call waits for him.

    Several servers may share one. Enter it before them, so that it is there until their last call has ended.

    Args:
        address: host and port to listen on; the host of loopback, port 0 for any that is free.
        max_watchers: pages that may be open at the same time.

    Raises:
        ValueError: the host is not of loopback, or *max_watchers* below 1.
    """

    def __init__(self, address: tuple[str, int] = ("127.0.0.1", 0), *, max_watchers: int = 8) -> None:
        if max_watchers < 1:
            raise ValueError(f"max_watchers is at least 1, got {max_watchers}")
        self._host, self._port = check_loopback(address[0]), address[1]
        self._max_watchers = max_watchers
        self._token = secrets.token_urlsafe(32)
        self._access = Access(self._token, self._host)
        self._listening: Server | None = None
        self._peer_log = PeerLog(_log)
        self._watchers: set[Watcher] = set()
        self._feeding: asyncio.Task[None] | None = None
        self._keys = itertools.count(1)
        self._calls: dict[int, WatchedCall] = {}
        self._key_of: dict[Call, int] = {}
        self._shown: dict[int, WatchedCall] = {}
        self._ended: deque[CallView] = deque(maxlen=_MOST_ENDED)

    @property
    def url(self) -> str:
        """Where the page is, with the token: whoever has it hears the calls."""
        if self._listening is None:
            raise RuntimeError("the monitor has not been started: use `async with phonewire.Monitor() as monitor`")
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._listening.sockets[0].getsockname()[1]}/?token={self._token}"

    async def __aenter__(self) -> Self:
        self._listening = await serve_websocket(
            self._show,
            self._host,
            self._port,
            process_request=self._answer,
            compression=None,
            max_size=_MOST_SAID,
            open_timeout=5,
            close_timeout=_CLOSE_S,
            server_header=None,
            logger=LIBRARY_LOG,
        )
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._listening is not None:
            if self._watchers:
                await self._tell()  # how the last calls ended
            self._listening.close()
            await self._listening.wait_closed()
            self._listening = None
        self._peer_log.close()

    # Calls

    def entered(self, call: Call) -> None:
        """Take note of a call that begins; never waits. Servers do; a program may, for calls that it dials."""
        key = self._key_of[call] = next(self._keys)
        self._calls[key] = WatchedCall(key, call, self._now_ns())

    def left(self, call: Call) -> None:
        """Take note that it is over; never waits."""
        watched = self._calls.pop(self._key_of.pop(call))
        if self._shown.pop(watched.key, None) is not None:
            self._ended.append(watched.view(self._now_ns()))
            watched.rest()

    # What is asked for over HTTP

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer a request, or let the handshake of a page go on."""
        refusal = self._access.refusal(request.path, request.headers, connection.local_address[1])
        if refusal is not None:
            about = {"peer": format_address(connection.remote_address), "status": int(refusal)}
            self._peer_log.write(logging.WARNING, "refused", self._host, "monitor: refused {peer}: {status}", about)
            return _response(refusal, f"{refusal.phrase}.\n".encode(), HEADERS)
        path = request.path.partition("?")[0]
        if path == "/feed":
            return None
        if path == "/":
            return _response(HTTPStatus.OK, PAGE, page_headers(request.headers["Host"]))
        return _response(HTTPStatus.NOT_FOUND, b"Not found.\n", HEADERS)

    # Who looks

    async def _show(self, websocket: ServerConnection) -> None:
        if len(self._watchers) >= self._max_watchers:
            await websocket.close(1013, f"{self._max_watchers} pages are open already")
            return
        watcher = Watcher(websocket, self._calls.get)
        self._watchers.add(watcher)
        if self._feeding is None:
            self._feeding = asyncio.create_task(self._feed())
        try:
            await watcher.run()
        finally:
            self._watchers.discard(watcher)
            if not self._watchers:
                await self._rest()

    async def _feed(self) -> None:
        """Tell everybody who looks what there is to see and to hear, again and again."""
        try:
            for turn in itertools.count():
                await asyncio.sleep(_TURN_S)
                for watcher in self._watchers:
                    watcher.pass_on_audio(self._now_ns())
                if turn % _TURNS_PER_SNAPSHOT == 0:
                    await self._tell()
        except Exception:
            _log.exception("the monitor failed")
            await asyncio.gather(*(watcher.close(1011, "internal error") for watcher in self._watchers))

    async def _tell(self) -> None:
        snapshot = _encode(await self._snapshot())
        for watcher in self._watchers:
            watcher.tell(snapshot)

    async def _snapshot(self) -> Snapshot:
        """Look at the newest calls, a few at a time: other calls have frames to send meanwhile."""
        shown = dict(itertools.islice(reversed(self._calls.items()), _MOST_SHOWN))
        for key in self._shown.keys() - shown.keys():
            self._shown.pop(key).rest()
        views = []
        for number, (key, watched) in enumerate(shown.items(), 1):
            if key in self._calls:  # it has not ended meanwhile
                self._shown[key] = watched
                views.append(watched.view(self._now_ns()))
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)
        ended = list(self._ended)
        self._ended.clear()
        return Snapshot(len(self._calls), views, ended)

    async def _rest(self) -> None:
        """Look no more: nobody wants to know."""
        if self._feeding is not None:
            feeding, self._feeding = self._feeding, None
            feeding.cancel()
            await asyncio.wait([feeding])
        for watched in self._shown.values():
            watched.rest()
        self._shown.clear()
        self._ended.clear()

    def _now_ns(self) -> int:
        return int(asyncio.get_running_loop().time() * 1e9)


def _response(status: HTTPStatus, body: bytes, headers: dict[str, str]) -> Response:
    fields = {"Content-Type": "text/plain; charset=utf-8"} | headers
    fields |= {"Content-Length": str(len(body)), "Connection": "close"}
    return Response(status, status.phrase, Headers(fields), body)
