"""Five calls of five kinds take part in a conference.

Each leg speaks in every fifth sample only, so that what is added up can be told apart again; its first two samples in
each frame are the frame's number.
"""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack

import phonewire
from phonewire import Call, Conference, Endpoint, g711
from phonewire.cli.claims.claim import Claim, lengthened
from phonewire.stats import CallStats, LegStats

__all__ = ["check"]

_VOIPBIN, _TWILIO = "/v1.0/conferences/{id}/media_stream", "/twilio"
_LEGS = 5
_FRAME = 160  # samples
_NUMBER = 0x10  # of a loud codeword: a quiet frame may be left out
_SETTLE_S = 0.4
_UNDER_WAY_S = 1.0  # more than jitter buffers and the conference hold


async def check(speech: bytes, *, fast: bool) -> list[Claim]:
    """Check that each leg hears the sum of all others, and not itself."""
    frames = 100 if fast else 400
    said = [_said(lengthened(speech, frames * _FRAME), leg) for leg in range(_LEGS)]
    conference = Conference()
    counted: list[CallStats] = []

    async def take_part(call: Call) -> None:
        await conference.join(call)
        counted.append(call.stats())

    heard = await _talk(said, take_part, counted)
    await conference.close()
    left = [event.stats async for event in conference.events() if isinstance(event, phonewire.LegLeft)]
    missing_ms = sum(
        20 * _missing(_frames_of(speaker, said[speaker]), _frames_of(speaker, audio))
        for listener, audio in enumerate(heard) for speaker in range(_LEGS) if speaker != listener
    )  # fmt: skip
    # A busy machine makes audio late; then some is left out, to be in time again, and counted. What one says is missing
    # at all others, what one hears is missing of all others.
    stats: list[CallStats | LegStats] = [*counted, *left]
    too_late_ms = 20 * sum(each.lost_packets for each in counted)
    told_ms = (_LEGS - 1) * (too_late_ms + sum(each.skipped_ms + each.dropped_ms for each in stats))
    echoes = sum(any(b"".join(_frames_of(leg, audio))) for leg, audio in enumerate(heard))
    return [
        Claim(
            "conference: VoIPBIN rtp, sln, audiosocket, AudioSocket and Twilio heard each other, sample for sample",
            f"{_LEGS * (_LEGS - 1)} × {frames * 20:,} ms: {missing_ms:,} ms missing, {told_ms:,} ms told as left out",
            missing_ms <= told_ms,
        ),
        Claim("conference: who heard himself", f"{echoes} of {_LEGS}", echoes == 0),
    ]


async def _talk(
    said: list[bytes], take_part: Callable[[Call], Awaitable[None]], counted: list[CallStats]
) -> list[bytearray]:
    """Let all of them speak at the same time, and return what each heard."""
    endpoints = [Endpoint(_VOIPBIN, "voipbin", auth=None, wire="documented"), Endpoint(_TWILIO, "twilio", auth=None)]
    heard = [bytearray() for _ in said]
    async with (
        phonewire.serve(take_part, endpoints=endpoints) as server,
        phonewire.serve_audiosocket(take_part, call_ids=None, addresses=["127.0.0.1"]) as tcp,
        AsyncExitStack() as stack,
    ):
        room = server.url + _VOIPBIN.replace("{id}", "demo") + "?encapsulation="
        dialled: list[AbstractAsyncContextManager[Call]] = [
            *(phonewire.connect(room + each, wire="documented") for each in ("rtp", "sln", "audiosocket")),
            phonewire.connect_audiosocket("127.0.0.1", tcp.port),
            phonewire.connect(server.url + _TWILIO, protocol="twilio"),
        ]
        calls = [await stack.enter_async_context(each) for each in dialled]
        readers = [asyncio.create_task(_listen(*each)) for each in zip(calls, heard, strict=True)]
        await asyncio.sleep(_SETTLE_S)
        await asyncio.gather(*(call.write(samples) for call, samples in zip(calls, said, strict=True)))
        await asyncio.gather(*(call.drain() for call in calls))
        await asyncio.sleep(_UNDER_WAY_S)
        counted += [call.stats() for call in calls]
        await asyncio.gather(*(call.close() for call in calls))
        await asyncio.gather(*readers)
    return heard


async def _listen(call: Call, heard: bytearray) -> None:
    async for frame in call.frames():
        heard.extend(frame.pcm)


def _said(speech: bytes, leg: int) -> bytes:
    """Return what a leg says, of speech in µ-law: samples that no codec on the way changes."""
    codewords = bytearray([g711.ULAW_SILENCE]) * len(speech)
    codewords[leg::_LEGS] = speech[leg::_LEGS]
    for number, start in enumerate(range(leg, len(speech), _FRAME)):
        codewords[start], codewords[start + _LEGS] = _NUMBER + number // 50, _NUMBER + number % 50
    return g711.ulaw_decode(codewords)


def _frames_of(leg: int, audio: bytes | bytearray) -> list[bytes]:
    """Return a leg's samples in each frame."""
    samples = array("h", audio)
    return [samples[start + leg : start + _FRAME : _LEGS].tobytes() for start in range(0, len(samples), _FRAME)]


def _missing(said: list[bytes], heard: list[bytes]) -> int:
    """Return how many frames were not heard; all of them when their order is wrong. Others may lie between."""
    place = {frame: number for number, frame in enumerate(said)}
    numbers = [place[frame] for frame in heard if frame in place]
    return len(said) - len(set(numbers)) if numbers == sorted(numbers) else len(said)
