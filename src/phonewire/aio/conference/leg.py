"""A call as a leg of a conference."""

from __future__ import annotations

import asyncio

from phonewire.aio.call.call import Call
from phonewire.aio.conference.inlet import Inlet
from phonewire.aio.conference.voice import Voice
from phonewire.aio.sample_rate import check_rate
from phonewire.stats import LegStats

__all__ = ["Leg"]


class Leg:
    """A call in a conference.

    Args:
        call: carries it.
        rate_hz: that is mixed at.
        buffer_ms: audio that may wait to be mixed.
        listen_only: it says nothing.

    Attributes:
        call: as given.
        inlet: takes what it says; None when it only listens.
        voice: codes what it hears; None when nothing may be sent on this call.
        left: done when it is to leave.

    Raises:
        ValueError: the call's audio has several channels, or there is no conversion of its sample rate.
    """

    def __init__(self, call: Call, rate_hz: int, buffer_ms: int, *, listen_only: bool) -> None:
        wire = call.media_format
        if wire.channels != 1:
            raise ValueError(f"a conference mixes calls of 1 channel, got one of {wire.channels}")
        check_rate(rate_hz, wire.sample_rate_hz)
        self.call = call
        self.inlet = None if listen_only else Inlet(wire, rate_hz, buffer_ms)
        self.voice = Voice(rate_hz, wire) if call.may_send else None
        self.left: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def hang_up(self) -> None:
        """Have it leave."""
        if not self.left.done():
            self.left.set_result(None)

    async def speak(self) -> None:
        """Bring what is said to the inlet, until the call ends."""
        if self.inlet is None:
            await self.call.wait_ended()
            return
        # What the call has kept is read before the loop turns: it was said before, and nobody heard it then.
        fresh = asyncio.Event()
        asyncio.get_running_loop().call_soon(fresh.set)
        async for media in self.call.frames():
            if fresh.is_set():
                self.inlet.take(media)

    def stats(self) -> LegStats:
        """Return what has been counted so far."""
        return LegStats() if self.inlet is None else self.inlet.stats()
