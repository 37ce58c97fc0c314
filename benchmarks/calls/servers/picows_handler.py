"""What picows costs where a program is a coroutine that reads frames and writes them, as everybody writes one.

This is `bare_picows` with what no such program can do without: a task for each call, which a message wakes, an
asynchronous generator that it reads from, and a coroutine that it writes with. With *coded*, each frame goes through
phonewire's engine, to samples and back, too: all of the work, and nothing of a call. Nothing is bounded, paced, counted
or timed here.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator

from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

from phonewire.protocols import twilio


class Handled(WSListener):
    """A connection with a task that sends each message back."""

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        self._messages: deque[bytes] = deque()
        self._arrival: asyncio.Future[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(self._handle())

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.TEXT:
            self._messages.append(frame.get_payload_as_bytes())
            if (arrival := self._arrival) is not None:
                self._arrival = None
                arrival.set_result(None)
        elif frame.msg_type is WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code(), frame.get_close_message())
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._task.cancel()

    async def _frames(self) -> AsyncIterator[bytes]:
        while True:
            while self._messages:
                yield self._messages.popleft()
            self._arrival = self._loop.create_future()
            await self._arrival

    async def _write(self, message: bytes) -> None:
        self._transport.send(WSMsgType.TEXT, message)

    async def _handle(self) -> None:
        async for message in self._frames():
            await self._write(message)


class Coded(Handled):
    """The same with a protocol."""

    async def _handle(self) -> None:
        engine = twilio.Connection(twilio.Side.SERVER)
        async for message in self._frames():
            for event in engine.receive(message, text=True):
                if isinstance(event, twilio.Media):
                    engine.send_audio(event.pcm)
            for answer, _text in engine.data_to_send():
                await self._write(answer)


@contextlib.asynccontextmanager
async def serving(*, coded: bool = False) -> AsyncIterator[int]:
    def listener(request: WSUpgradeRequest) -> WSListener:
        return Coded() if coded else Handled()

    server = await ws_create_server(listener, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
