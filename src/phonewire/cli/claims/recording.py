"""das-Peak's audio is recorded."""

from __future__ import annotations

import asyncio
import json
import wave
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import phonewire
from phonewire import Call, Endpoint, g711
from phonewire.cli.claims.claim import Claim, lengthened
from phonewire.emulators.das_peak import DasPeakSender

__all__ = ["check"]

_PATH = "/daspeak-stream/v1/twilio"
_RECORDED_MS = 20_000


async def check(speech: bytes, *, fast: bool) -> list[Claim]:
    """Check that the file has what was said, and the one beside it what happened."""
    speech = lengthened(speech, 8 * _RECORDED_MS)

    async def record(call: Call) -> None:
        recording = call.record(directory, encoding="s16", limit_ms=_RECORDED_MS)
        await recording.closed()

    endpoint = Endpoint(_PATH, "das-peak", auth=None)
    with TemporaryDirectory() as directory:
        async with phonewire.serve(record, endpoints=[endpoint]) as server:
            sender = DasPeakSender(server.url + _PATH)
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
