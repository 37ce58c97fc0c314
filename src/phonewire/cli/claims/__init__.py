"""What `phonewire demo` claims, and how each claim is checked: over real sockets, against the far end's truth."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from phonewire.cli.claims import (
    audio_connector,
    audiohook,
    audiosocket,
    barge_in,
    bridge,
    codec,
    conference,
    das_peak,
    das_peak_job,
    echo,
    network,
    recording,
    refusals,
    voipbin,
)
from phonewire.cli.claims.claim import Claim

__all__ = ["Claim", "check_all"]

#: Carried at the speed of speech: they mostly wait, and all wait at the same time.
_PACED = {
    "Twilio, two-way echo": echo.check,
    "Twilio, barge-in": barge_in.check,
    "Genesys AudioHook, both voices": audiohook.check,
    "Genesys Audio Connector, barge-in": audio_connector.check,
    "VoIPBIN, in each encapsulation": voipbin.check,
    "Asterisk, over AudioSocket": audiosocket.check,
    "a conference": conference.check,
    "a bridge to das-Peak": bridge.check,
    "a slow network that breaks": network.check,
}

#: As fast as the machine goes: one after the other, when the paced ones are over, whose timing they would disturb.
_UNPACED = {
    "das-Peak, 60 s without a pause": das_peak.check,
    "das-Peak, recorded": recording.check,
    "das-Peak, from the session to the verdict": das_peak_job.check,
    "who is not genuine": refusals.check,
    "the codec": codec.check,
}


async def check_all(speech: bytes, *, fast: bool, progress: Callable[[str], None]) -> list[Claim]:
    """Check every claim.

    Args:
        speech: µ-law, 8 kHz.
        fast: carry less of it.
        progress: told what comes next.
    """
    for what in _PACED:
        progress(what)
    async with asyncio.TaskGroup() as group:
        paced = [group.create_task(check(speech, fast=fast)) for check in _PACED.values()]
    rows: list[Claim] = []
    for (what, check), task in zip(_PACED.items(), paced, strict=True):
        if not all(row.holds for row in task.result()):
            # Fifteen calls in one process can be too much for a busy machine, which is no fault of a call.
            progress(f"{what}, once more, by itself")
            rows += [_second(row) for row in await check(speech, fast=fast)]
        else:
            rows += task.result()
    for what, check in _UNPACED.items():
        progress(what)
        rows += await check(speech, fast=fast)
    return rows


def _second(row: Claim) -> Claim:
    return replace(row, measured=f"{row.measured} (second try, by itself)")
