"""A bridge: what is heard on one call is said on another, until either ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager
from typing import Literal

import msgspec

from phonewire.aio.bridge.lane import Carried, Lane
from phonewire.aio.bridge.unless import enter_unless
from phonewire.aio.call.call import Call
from phonewire.protocols.connection import EndReason

__all__ = ["BridgeResult", "bridge"]

# RFC 6455's registry: a gateway got no good answer from the server behind it.
_NO_SINK = 1014


class BridgeResult(msgspec.Struct, frozen=True, kw_only=True):
    """How a bridge ended, and what it carried.

    Attributes:
        ended_by: the side that ended first.
        reason: how that side's call ended; a das-Peak consumer that has enough is ``completed``.
        to_sink: what became of the source's audio.
        to_source: what became of the sink's; all zero where it was not wanted, or the source takes none.
    """

    ended_by: Literal["source", "sink"]
    reason: EndReason
    to_sink: Carried
    to_source: Carried = Carried()


async def bridge(
    source: Call,
    sink: Call | AbstractAsyncContextManager[Call],
    *,
    both_ways: bool = True,
    track: str | None = None,
    max_delay_ms: int = 400,
    hang_up_source: bool = True,
    drain_s: float = 10.0,
) -> BridgeResult:
    """Say on *sink* what is heard on *source*, and the other way round, until either ends; then end the other.

    Audio that both calls code alike goes through untouched; otherwise coding, sample rate and frame length are
    converted. Keys are passed on where the sink's protocol has them. Marks and `clear` of a sink that speaks as
    Twilio's servers do hold for the source. A sink that takes audio as fast as it comes (das-Peak) gets silence for
    what is missing by media time; elsewhere the clock leaves the gap.

    The side that has not ended hears what is still on its way to it, then its protocol's goodbye. A call that is
    connected anew goes on. Cancelling this ends nothing but the bridge, and what it dialled.

    Args:
        source: the call that is fed to the sink.
        sink: a call, or ``phonewire.connect(…)`` or ``connect_audiosocket(…)``, which is dialled here.
        both_ways: say on the source what the sink says, where the source takes audio.
        track: which of the source's voices; by default its first.
        max_delay_ms: audio that may wait for the other side, where both go in real time; more is dropped, and counted.
        hang_up_source: end the source, too, when the sink has ended or cannot be dialled.
        drain_s: for what is on its way when one side ends.

    Returns:
        Which side ended first, how, and what went through.

    Raises:
        ValueError: the sink takes no audio, there is no such track, or no conversion between the two sample rates.
        AuthenticationError, HandshakeError, RemoteProtocolError, OSError, TimeoutError: the sink cannot be dialled;
            the source has been closed with 1014.
    """
    if isinstance(sink, Call):
        return await _join(source, sink, both_ways, track, max_delay_ms, hang_up_source, drain_s)
    async with contextlib.AsyncExitStack() as stack:
        try:
            dialled = await enter_unless(source.wait_ended(), sink, stack)
        except Exception:
            if hang_up_source:
                await source.close(_NO_SINK, "the other side cannot be reached")
            raise
        if dialled is None:
            return BridgeResult(ended_by="source", reason=await source.wait_ended(), to_sink=Carried())
        return await _join(source, dialled, both_ways, track, max_delay_ms, hang_up_source, drain_s)


async def _join(
    source: Call,
    sink: Call,
    both_ways: bool,
    track: str | None,
    max_delay_ms: int,
    hang_up_source: bool,
    drain_s: float,
) -> BridgeResult:
    """Carry both ways between two calls until one has ended and the other has heard the rest."""
    to_sink = Lane(source, sink, track=track, max_delay_ms=max_delay_ms)
    to_source = Lane(sink, source, track=None, max_delay_ms=max_delay_ms) if both_ways and source.may_send else None
    async with _running(to_sink) as forth, _running(to_source) as back:
        ended_by: Literal["source", "sink"] = await _first_end(source, sink, (forth, back))
        rest = forth if ended_by == "source" else back
        await asyncio.wait([rest], timeout=drain_s)
    await sink.close()
    if ended_by == "source" or hang_up_source:
        await source.close()
    ended = source if ended_by == "source" else sink
    return BridgeResult(
        ended_by=ended_by,
        reason=await ended.wait_ended(),
        to_sink=to_sink.carried(),
        to_source=Carried() if to_source is None else to_source.carried(),
    )


@contextlib.asynccontextmanager
async def _running(lane: Lane | None) -> AsyncIterator[asyncio.Task[None]]:
    """Let *lane* carry; afterwards nothing of it goes on."""
    if lane is not None:
        lane.attach()
    task = asyncio.create_task(_nothing() if lane is None else lane.run())
    try:
        yield task
    finally:
        if lane is not None:
            lane.detach()
        task.cancel()
        await asyncio.wait([task])
    if not task.cancelled():
        task.result()


async def _nothing() -> None:
    """Carry nothing."""


async def _first_end(source: Call, sink: Call, carrying: Iterable[asyncio.Task[None]]) -> Literal["source", "sink"]:
    """Wait until one of the calls ends, and return which."""
    ends = [asyncio.create_task(call.wait_ended()) for call in (source, sink)]
    running = set(carrying)
    try:
        while not any(end.done() for end in ends):
            done, _ = await asyncio.wait([*ends, *running], return_when=asyncio.FIRST_COMPLETED)
            for lane in running & done:
                lane.result()  # what it raises is a fault of our own
            running -= done
        return "source" if ends[0].done() else "sink"
    finally:
        for end in ends:
            end.cancel()
