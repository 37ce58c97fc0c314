"""A call's connection: the protocol's engine, and the transport that carries its messages."""

from __future__ import annotations

import asyncio
from typing import Any

from phonewire.aio import faults
from phonewire.aio.transports.message_budget import MessageBudget
from phonewire.aio.transports.transport import Transport
from phonewire.errors import LocalProtocolError
from phonewire.protocols.connection import MediaConnection

__all__ = ["Line"]


class Line:
    """An engine with its transport; a call outlives both when it is connected anew.

    Attributes:
        engine: speaks the protocol.
        transport: carries its messages.
        budget: counts them, where the far end does; None where it takes any number.
    """

    def __init__(self, engine: MediaConnection, transport: Transport) -> None:
        self.engine = engine
        self.transport = transport
        self.budget: MessageBudget | None = None
        self._time_s = asyncio.get_running_loop().time

    def replace(self, engine: MediaConnection, transport: Transport) -> None:
        """Go on over another connection; what was counted of the old one's messages counts on."""
        engine.rejected.update(self.engine.rejected)
        engine.tolerated.update(self.engine.tolerated)
        self.engine, self.transport = engine, transport

    def write_out(self) -> bool:
        """Hand the engine's messages to the socket; False when it is closing."""
        written = True
        for data, text in self.engine.data_to_send():
            written = self.transport.write(data, text) and written
            if self.budget is not None:
                self.budget.spend()
        return written

    def say(self, event: Any) -> None:
        """Send an event of the program's own at once.

        Raises:
            LocalProtocolError: the protocol does not let this side send it now, or the far end takes no more messages.
        """
        if self.budget is not None and not self.budget.allows_event():
            raise LocalProtocolError("the far end takes no more messages now: try again later")
        self.engine.send(event)
        self.write_out()

    def receive(self, data: bytes, text: bool) -> list[Any]:
        """Return the events of a message; what they make the engine answer waits for `write_out`.

        Raises:
            RemoteProtocolError: the far end broke the protocol, and the connection must be closed.
        """
        if faults.hook is not None:
            faults.hook("engine.receive")
        return self.engine.receive(data, text=text, now_ns=int(self._time_s() * 1e9))
