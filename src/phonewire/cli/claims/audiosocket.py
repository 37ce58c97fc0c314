"""Asterisk calls over AudioSocket."""

from __future__ import annotations

import asyncio

import phonewire
from phonewire import Call, g711
from phonewire.cli.claims.claim import Claim
from phonewire.emulators.asterisk import AsteriskCaller
from phonewire.protocols import audiosocket

__all__ = ["check"]

_UNDER_WAY_S = 0.2


async def check(speech: bytes, *, fast: bool) -> list[Claim]:
    """Check that both sides hear each other at the same time, that keys arrive, and that Asterisk keeps patience."""
    samples = g711.ulaw_decode(speech[: 8 * (2000 if fast else 8000)])
    heard, digits, spoken = bytearray(), list[str](), asyncio.Event()

    async def listen(call: Call) -> None:
        async for frame in call.frames():
            heard.extend(frame.pcm)

    async def watch_keys(call: Call) -> None:
        digits.extend([event.digit async for event in call.events() if isinstance(event, audiosocket.Dtmf)])

    async def bot(call: Call) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(listen(call))
            group.create_task(watch_keys(call))
            await call.write(samples)
            await call.drain()
            spoken.set()

    expected: set[str] = set()
    async with phonewire.serve_audiosocket(bot, call_ids=expected, addresses=["127.0.0.1"]) as server:
        caller = AsteriskCaller("127.0.0.1", server.port)
        expected.add(caller.call_id)
        async with caller:
            await caller.say(samples)
            await caller.press("42#")
            await spoken.wait()
            await caller.listen(_UNDER_WAY_S)
    both = samples in heard and samples in caller.heard
    return [
        Claim(
            "AudioSocket: bot and phone heard each other, sample for sample",
            f"{len(samples) // 16:,} ms each, {'equal' if both else 'different'}",
            both,
        ),
        Claim("AudioSocket: the keys arrived", " ".join(digits), digits == ["4", "2", "#"]),
        Claim(
            "AudioSocket: no frame came in halves or of another size, or Asterisk would hang up",
            f"{len(caller.frame_sizes):,} frames, {caller.error or 'no error'}",
            caller.error is None and set(caller.frame_sizes) == {160},
        ),
    ]
