"""A client's wait for the answer to its first message, where that says how audio is carried (AudioHook)."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from phonewire.aio.call.carrier import PEER_CLOSES_S
from phonewire.aio.transports.line import Line
from phonewire.aio.transports.transport import TransportClosed
from phonewire.errors import AuthenticationError, RemoteProtocolError
from phonewire.protocols.audiohook import Disconnect
from phonewire.protocols.connection import Ended, State

__all__ = ["opened"]


async def opened(line: Line) -> list[Any]:
    """Say what a client says first, and return the events up to the server's answer.

    Raises:
        AuthenticationError: the server says that this is not who may call.
        RemoteProtocolError: the server did not take the stream, broke the protocol, or hung up.
        TimeoutError: it did not answer in the protocol's time.
    """
    line.engine.connected(int(asyncio.get_running_loop().time() * 1e9))
    line.write_out()
    events: list[Any] = []
    try:
        async with asyncio.timeout_at((line.engine.next_deadline_ns() or 0) / 1e9):
            while line.engine.state is State.OPENING:
                events += await _exchange(line)
    except TimeoutError:
        await _give_up(line)
        raise TimeoutError("the server did not answer the first message in time") from None
    except TransportClosed as closed:
        raise RemoteProtocolError("the server hung up before it took the call", closed.code) from None
    if line.engine.state is not State.OPEN:
        await _see_off(line)
        if any(isinstance(event, Disconnect) and event.reason == "unauthorized" for event in events):
            raise AuthenticationError("the server refused the call: unauthorized")
        raise RemoteProtocolError("the server did not take the call")
    return events


async def _exchange(line: Line) -> list[Any]:
    events = line.receive(*await line.transport.receive())
    line.write_out()
    return events


async def _give_up(line: Line) -> None:
    """Let the engine say goodbye to who does not answer."""
    line.engine.handle_timeout(line.engine.next_deadline_ns() or 0)
    line.write_out()
    await line.transport.close()


async def _see_off(line: Line) -> None:
    """Hear the rest of the goodbyes, and close."""
    with contextlib.suppress(TimeoutError, TransportClosed, RemoteProtocolError):
        async with asyncio.timeout(PEER_CLOSES_S):
            while not any(isinstance(event, Ended) for event in await _exchange(line)):
                pass
    await line.transport.close()
