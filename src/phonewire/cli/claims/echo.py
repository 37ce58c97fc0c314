"""Twilio calls a bot that says what it hears."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import phonewire
from phonewire import Call, Endpoint, Mark, g711
from phonewire.auth import TwilioSignature
from phonewire.cli.claims.claim import Claim
from phonewire.emulators.twilio import TwilioCaller
from phonewire.protocols import twilio

__all__ = ["check"]

_AUTH_TOKEN = "the demo's auth token"  # noqa: S105 - a secret of nobody
_PATH = "/twilio"


async def check(speech: bytes, *, fast: bool) -> list[Claim]:
    """Check that the phone hears what it said, and that marks and keys arrive."""
    speech = speech[: 8 * (2500 if fast else 12_000)]
    digits: list[str] = []
    outcomes: list[str] = []

    async def watch_keys(call: Call) -> None:
        digits.extend([event.digit async for event in call.events() if isinstance(event, twilio.Dtmf)])

    async def watch_mark(mark: Mark) -> None:
        outcomes.append((await mark).value)

    async def echo(call: Call) -> None:
        async with asyncio.TaskGroup() as watching:
            watching.create_task(watch_keys(call))
            async for frame in call.frames():
                with suppress(phonewire.CallEndedError):  # the phone hung up while we were speaking
                    await call.write(frame.pcm)
                    if call.stats().frames_in == 50:
                        watching.create_task(watch_mark(call.mark("one second")))

    endpoint = Endpoint(_PATH, "twilio", auth=TwilioSignature([_AUTH_TOKEN]))
    async with (
        phonewire.serve(echo, endpoints=[endpoint]) as server,
        TwilioCaller(server.url + _PATH, auth_token=_AUTH_TOKEN) as caller,
    ):
        await caller.say(speech)
        await caller.press("42#")
        await caller.until(lambda: len(caller.heard) >= len(speech))
        heard = caller.heard
    # G.711 has two codewords for zero; samples are what a person hears.
    same = g711.ulaw_decode(heard[: len(speech)]) == g711.ulaw_decode(speech)
    return [
        Claim(
            "Twilio echo: the phone heard what it said, sample for sample",
            f"{len(speech) // 8:,} ms said, {len(heard) // 8:,} ms heard, {'equal' if same else 'different'}",
            same,
        ),
        Claim("Twilio echo: a mark came back when it was played", ", ".join(outcomes), outcomes == ["played"]),
        Claim("Twilio echo: the keys arrived", " ".join(digits), digits == ["4", "2", "#"]),
    ]
