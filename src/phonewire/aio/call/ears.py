"""Who overhears a call: given what both sides say, beside readers and recordings, and never waited for."""

from __future__ import annotations

from typing import Protocol

from phonewire.aio.inbound.inbound import Inbound
from phonewire.aio.outbound.outbound import Outbound
from phonewire.protocols.connection import Media

__all__ = ["Ear", "Ears"]


class Ear(Protocol):
    """Somebody who overhears a call. What he raises ends it, so he keeps what he is given and looks at it later."""

    def heard(self, media: Media) -> None:
        """Take a piece of what the far end said; never waits."""

    def sent(self, payload: bytes, played_ns: int) -> None:
        """Take a piece of what this side said; never waits.

        Args:
            payload: coded as on the wire; empty when the far end drops what it has not played.
            played_ns: when the far end plays it, or stopped, on the clock of the event loop.
        """


class Ears:
    """Those who overhear one call; without any, they cost it nothing.

    Unlike a reader of `frames` or a tap, an ear is given nothing of what came before, and changes neither what is kept
    for the first reader nor whether the far end is made to wait.

    Args:
        inbound: what the far end says.
        outbound: what this side says.
    """

    def __init__(self, inbound: Inbound, outbound: Outbound) -> None:
        self._inbound = inbound
        self._outbound = outbound

    def add(self, ear: Ear) -> None:
        """Give *ear* everything from here on."""
        self._inbound.listen(ear.heard)
        self._outbound.listeners.append(ear.sent)

    def remove(self, ear: Ear) -> None:
        """Give *ear* nothing more."""
        self._inbound.unlisten(ear.heard)
        self._outbound.listeners.remove(ear.sent)
