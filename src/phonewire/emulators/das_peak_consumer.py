"""The two ways in which das-Peak takes a session's audio: Twilio's messages, and Genesys AudioHook."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Literal

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from phonewire.errors import RemoteProtocolError
from phonewire.protocols import audiohook, twilio
from phonewire.protocols.connection import Media, Side, State

__all__ = ["CONSUMERS", "Consumer"]

#: Finds the session that waits for a call's audio over a channel.
Expecting = Callable[[str, Literal["twilio", "audiohook"]], dict[str, Any] | None]


class Consumer(ABC):
    """Takes the audio of one connection until there is enough; a base class.

    Args:
        socket: the connection.
        expecting: finds its session.

    Attributes:
        session: whose audio this is; None before it is known, and when there is none.
        audio: µ-law that has come.
    """

    def __init__(self, socket: ServerConnection, expecting: Expecting) -> None:
        self.session: dict[str, Any] | None = None
        self.audio = bytearray()
        self._socket, self._expecting = socket, expecting

    @property
    def has_enough(self) -> bool:
        """Whether the session has as much audio as it wants."""
        return self.session is not None and len(self.audio) >= 8000 * self.session["audio_total_duration"]

    async def run(self) -> None:
        """Take audio until there is enough, or the other side ends it."""
        try:
            async for message in self._socket:
                data = message.encode() if isinstance(message, str) else message
                if await self._take(data, text=isinstance(message, str)):
                    return
        except RemoteProtocolError as error:
            await self._socket.close(error.close_code, error.close_reason)
        except ConnectionClosed:
            pass

    @abstractmethod
    async def _take(self, data: bytes, *, text: bool) -> bool:
        """Take a message; say whether it is over."""


class TwilioConsumer(Consumer):
    """Closes when there is enough; what comes without a session is sent away."""

    def __init__(self, socket: ServerConnection, expecting: Expecting) -> None:
        super().__init__(socket, expecting)
        self._engine = twilio.Connection(Side.SERVER, dialect=twilio.DAS_PEAK)

    async def _take(self, data: bytes, *, text: bool) -> bool:
        for event in self._engine.receive(data, text=text):
            if isinstance(event, twilio.Start):
                self.session = self._expecting(event.call_sid, "twilio")
                if self.session is None:
                    await self._socket.close(1008, "no session waits for this call")
                    return True
            elif isinstance(event, Media):
                self.audio += event.payload
        if self.has_enough:
            await self._socket.close(1000)
        return self.has_enough


class AudioHookConsumer(Consumer):
    """Says ``disconnect`` when there is enough, or for what comes without a session, and lets the client close.

    Which of AudioHook's ids is the call's is not public; here it is the conversation's.
    """

    def __init__(self, socket: ServerConnection, expecting: Expecting) -> None:
        super().__init__(socket, expecting)
        self._engine = audiohook.Connection(Side.SERVER, channels=[("external",)])

    async def _take(self, data: bytes, *, text: bool) -> bool:
        now_ns = int(asyncio.get_running_loop().time() * 1e9)
        for event in self._engine.receive(data, text=text, now_ns=now_ns):
            if isinstance(event, audiohook.Open):
                self.session = self._expecting(event.conversation_id, "audiohook")
                if self.session is None:
                    self._engine.send(audiohook.Disconnect("error", "no session waits for this call"))
            elif isinstance(event, Media):
                self.audio += event.payload
        if self.has_enough and self._engine.state is State.OPEN:
            self._engine.send(audiohook.Disconnect("completed"))
        for reply, as_text in self._engine.data_to_send():
            await self._socket.send(reply, text=as_text)
        return False  # the client closes


#: By the path where each is found.
CONSUMERS: dict[str, type[Consumer]] = {
    "/daspeak-stream/v1/twilio": TwilioConsumer,
    "/audiohook": AudioHookConsumer,  # the real one's is told at on-boarding
}
