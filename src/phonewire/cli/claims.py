"""What `phonewire demo` claims, and how each claim is checked: over real sockets, against the far end's truth."""

from __future__ import annotations

import asyncio
import json
import timeit
import wave
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from websockets.exceptions import InvalidStatus

import phonewire
from phonewire import Call, Endpoint, Mark, g711
from phonewire.auth import ApiKey, TwilioSignature
from phonewire.emulators.das_peak import DasPeakSender
from phonewire.emulators.faulty_network import Faults, FaultyNetwork
from phonewire.emulators.twilio import TwilioCaller
from phonewire.protocols import twilio
from phonewire.stats import CallStats

__all__ = ["Claim", "check_all"]

_AUTH_TOKEN = "the demo's auth token"  # noqa: S105 - a secret of nobody
_API_KEY = "the demo's key"
_TWILIO, _DAS_PEAK = "/twilio", "/daspeak-stream/v1/twilio"
_BARGE_IN_AFTER_S = 3.0
_ENOUGH_MS = 12_000
_SENT_MS = 60_000
_RECORDED_MS = 20_000


@dataclass(frozen=True)
class Claim:
    """One row of the demo.

    Attributes:
        claim: what should be so.
        measured: what is.
        holds: whether it is so.
    """

    claim: str
    measured: str
    holds: bool


async def check_all(speech: bytes, *, fast: bool, progress: Callable[[str], None]) -> list[Claim]:
    """Check every claim, one group after the other.

    Args:
        speech: µ-law, 8 kHz.
        fast: carry less of it.
        progress: told what comes next.
    """
    rows: list[Claim] = []
    progress("Twilio, two-way echo")
    rows += await _check_echo(speech[: 8 * (2500 if fast else 12_000)])
    progress("Twilio, barge-in")
    rows += await _check_barge_in(speech)
    progress("das-Peak, 60 s without a pause")
    rows += await _check_das_peak(_lengthened(speech, 8 * _SENT_MS))
    progress("das-Peak, recorded")
    rows += await _check_recording(_lengthened(speech, 8 * _RECORDED_MS))
    progress("a slow network that breaks")
    rows += await _check_faulty_network(_lengthened(speech, 8 * 6000), cut_after_bytes=15_000 if fast else 60_000)
    progress("who is not genuine")
    rows += await _check_refusals()
    progress("the codec")
    rows += _check_codec(speech[:160])
    return rows


async def _check_echo(speech: bytes) -> list[Claim]:
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

    endpoint = Endpoint(_TWILIO, "twilio", auth=TwilioSignature([_AUTH_TOKEN]))
    async with (
        phonewire.serve(echo, endpoints=[endpoint]) as server,
        TwilioCaller(server.url + _TWILIO, auth_token=_AUTH_TOKEN) as caller,
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


async def _check_barge_in(speech: bytes) -> list[Claim]:
    said_ms: list[int] = []

    async def talk(call: Call) -> None:
        talking = asyncio.create_task(call.write_payload(speech))
        await asyncio.sleep(_BARGE_IN_AFTER_S)
        said_ms.append(await call.clear())
        await talking

    endpoint = Endpoint(_TWILIO, "twilio", auth=None)
    async with phonewire.serve(talk, endpoints=[endpoint]) as server, TwilioCaller(server.url + _TWILIO) as caller:
        await caller.wait_closed()
        truth_ms = caller.clears[0]
    difference_ms = said_ms[0] - truth_ms
    return [
        Claim(
            "Twilio barge-in after 3 s: milliseconds heard, right to ±20",
            f"server says {said_ms[0]:,}, the phone heard {truth_ms:,.1f} ({difference_ms:+.1f})",
            abs(difference_ms) <= 20,
        )
    ]


async def _check_das_peak(speech: bytes) -> list[Claim]:
    taken = bytearray()

    async def consume(call: Call) -> None:
        async for frame in call.frames():
            taken.extend(frame.payload)
            if len(taken) >= 8 * _ENOUGH_MS:
                return

    endpoint = Endpoint(_DAS_PEAK, "das-peak", auth=ApiKey([_API_KEY]))
    async with phonewire.serve(consume, endpoints=[endpoint]) as server:
        sender = DasPeakSender(server.url + _DAS_PEAK, apikey=_API_KEY)
        completed = await sender.send(speech)
    wanted = speech[: 8 * _ENOUGH_MS]
    return [
        Claim(
            f"das-Peak: of {_SENT_MS // 1000} s, unpaced, the consumer takes exactly {_ENOUGH_MS // 1000} s and closes",
            f"{len(taken) // 8:,} ms taken, close code {sender.close_code}",
            len(taken) == len(wanted),
        ),
        Claim("das-Peak: the sender reports success", "completed" if completed else "not completed", completed),
        Claim(
            "das-Peak: the consumer's audio is the file's, byte for byte",
            f"{len(taken):,} bytes {'equal' if taken == wanted else 'differ'}",
            bytes(taken) == wanted,
        ),
    ]


async def _check_recording(speech: bytes) -> list[Claim]:
    async def record(call: Call) -> None:
        recording = call.record(directory, encoding="s16", limit_ms=_RECORDED_MS)
        await recording.closed()

    endpoint = Endpoint(_DAS_PEAK, "das-peak", auth=None)
    with TemporaryDirectory() as directory:
        async with phonewire.serve(record, endpoints=[endpoint]) as server:
            sender = DasPeakSender(server.url + _DAS_PEAK)
            await sender.send(speech)
        recorded, facts = await asyncio.to_thread(_recording, Path(directory))
    said = g711.ulaw_decode(speech)
    return [
        Claim(
            "recording: Python's wave module opens it and finds what was said, sample for sample",
            f"{len(said) // 16:,} ms said, {len(recorded) // 16:,} ms recorded, "
            f"{'equal' if recorded == said else 'different'}",
            recorded == said,
        ),
        Claim(
            "recording: a file beside it tells which call it was and how it ended",
            f"{'the same' if facts['call_id'] == sender.call_id else 'another'} call, {facts['end_reason']}, "
            f"{len(facts['gaps'])} gaps",
            facts["call_id"] == sender.call_id and facts["ended"] is not None and not facts["gaps"],
        ),
    ]


def _recording(directory: Path) -> tuple[bytes, dict[str, Any]]:
    """Return the samples of the one recording in *directory*, and what its sidecar says."""
    (path,) = directory.glob("*.wav")
    with wave.open(str(path), "rb") as file:
        return file.readframes(file.getnframes()), json.loads(path.with_suffix(".json").read_bytes())


async def _check_faulty_network(speech: bytes, *, cut_after_bytes: int) -> list[Claim]:
    heard = bytearray()
    counted: asyncio.Future[CallStats] = asyncio.get_running_loop().create_future()

    async def talk(call: Call) -> None:
        async with asyncio.TaskGroup() as talking:
            talking.create_task(call.write_payload(speech))
            async for frame in call.frames():
                heard.extend(frame.payload)
        counted.set_result(call.stats())

    slow = Faults(delay_ms=(5, 60), dribble_bytes=200)
    breaks = Faults(delay_ms=(5, 60), dribble_bytes=200, cut_after_bytes=cut_after_bytes)
    async with (
        phonewire.serve(talk, endpoints=[Endpoint(_TWILIO, "twilio", auth=None)]) as server,
        FaultyNetwork(server.url, to_server=slow, to_client=breaks, seed=1) as network,
        TwilioCaller(network.url + _TWILIO) as caller,
    ):
        await caller.say(speech)
        await caller.wait_closed()
        stats = await counted
    sent_ms, unsent_ms = stats.ms_out, stats.unsent_ms
    intact = caller.said.startswith(heard) and speech.startswith(caller.heard)
    return [
        Claim(
            f"network that breaks: of {len(speech) // 8:,} ms said, sent and reported as unsent are all of it",
            f"{sent_ms:,} + {unsent_ms:,} = {sent_ms + unsent_ms:,} ms, close code {caller.close_code}",
            sent_ms + unsent_ms == len(speech) // 8 and unsent_ms > 0,
        ),
        Claim(
            "network that breaks: what came through, slow and in pieces, is right to the byte, both ways",
            f"{len(heard) // 8:,} and {caller.heard_ms:,.0f} ms {'equal' if intact else 'differ'}",
            intact and bool(heard and caller.heard),
        ),
    ]


async def _check_refusals() -> list[Claim]:
    calls: list[str] = []

    async def handler(call: Call) -> None:
        calls.append(call.id)

    endpoints = [
        Endpoint(_TWILIO, "twilio", auth=TwilioSignature([_AUTH_TOKEN])),
        Endpoint(_DAS_PEAK, "das-peak", auth=ApiKey([_API_KEY])),
    ]
    async with phonewire.serve(handler, endpoints=endpoints) as server:
        unsigned = await _status(TwilioCaller(server.url + _TWILIO, auth_token="another").__aenter__())  # noqa: S106
        keyless = await _status(DasPeakSender(server.url + _DAS_PEAK, apikey="another").send(b"\xff" * 160))
    return [
        Claim("a call with a bad signature is refused", f"HTTP {unsigned}", unsigned == 401 and not calls),
        Claim("a call with a wrong key is refused", f"HTTP {keyless}", keyless == 401 and not calls),
    ]


async def _status(dialing: Awaitable[object]) -> int | None:
    """Return the HTTP status that refused a connection; None when it was let in."""
    try:
        await dialing
    except InvalidStatus as refused:
        return refused.response.status_code
    return None


def _check_codec(frame: bytes) -> list[Claim]:
    native, pure = (dict(_timings(backend, frame)) for backend in ("_native", "_pure"))
    return [
        Claim(
            f"codec: {name} of a 20 ms frame, native beside pure",
            f"{native[name]:,.0f} ns, {pure[name]:,.0f} ns" if native else f"no native core, {pure[name]:,.0f} ns",
            not native or native[name] < pure[name],
        )
        for name in pure
    ]


def _timings(backend: str, frame: bytes) -> Iterator[tuple[str, float]]:
    try:
        codec = import_module(f"phonewire.{backend}.g711")
    except ImportError:
        return
    samples = g711.ulaw_decode(frame)
    for name, call in (
        ("µ-law encode", lambda: codec.ulaw_encode(samples)),
        ("µ-law decode", lambda: codec.ulaw_decode(frame)),
    ):
        yield name, min(timeit.repeat(call, number=500, repeat=20)) / 500 * 1e9


def _lengthened(audio: bytes, size: int) -> bytes:
    """Repeat *audio* until it is long enough, and cut it to *size*."""
    return (audio * (size // len(audio) + 1))[:size]
