"""A voice is registered at das-Peak and verified, and another one is not: session, audio, verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from uuid import uuid4

import phonewire
from phonewire.cli.claims.claim import Claim, lengthened
from phonewire.das_peak_request import AudioProtocol, DasPeakSession, SessionKind, SessionRequest
from phonewire.emulators.das_peak_service import DasPeakService
from phonewire.emulators.das_peak_sessions import ENDED_EARLY, READY, SPOOF, SUCCESS, WRONG_SCORE

__all__ = ["check"]

_API_KEY = "demo-key"


async def check(speech: bytes, *, fast: bool) -> list[Claim]:
    """Check that das-Peak gets the audio of its session, and that its verdict comes back."""
    job = _Job(1.5 if fast else 5.0)
    speech = lengthened(speech, 2 * job.enough_bytes)
    async with DasPeakService(apikey=_API_KEY) as service:
        registered = await job.do(service, "register", speech)
        taken = service.heard[registered.fields["call_id"]]
        credential = {"credential": registered.fields["credential"]}
        same = await job.do(service, "verify", speech, credential)
        other = await job.do(service, "verify", speech[::-1], credential)
        hooked = await job.do(service, "register", speech, audio_protocol="audiohook")
        hooked_bytes = len(service.heard[hooked.fields["call_id"]])
    equal = speech.startswith(taken) and len(taken) >= job.enough_bytes
    return [
        Claim(
            "das-Peak job: a session is made, its audio sent when it is ready, its verdict read",
            f"ready after {job.ready_ms:,.0f} ms, {len(taken) // 8:,} ms {'equal' if equal else 'differ'}, "
            f"{registered.status}",
            equal and registered.verdict is True,
        ),
        Claim(
            "das-Peak job: the voice that was registered is verified, and no other",
            f"{same.status}, {other.status}",
            same.verdict is True and other.verdict is False,
        ),
        Claim(
            "das-Peak job: the same with its audio over AudioHook",
            f"{hooked_bytes // 8:,} ms taken, {hooked.status}",
            hooked.verdict is True and hooked_bytes >= job.enough_bytes,
        ),
    ]


class _Job:
    """Sessions of so many seconds of audio."""

    def __init__(self, enough_s: float) -> None:
        self.enough_bytes = int(8000 * enough_s)
        self.ready_ms = 0.0
        self._enough_s = enough_s

    async def do(
        self,
        service: DasPeakService,
        kind: SessionKind,
        speech: bytes,
        further: Mapping[str, str] | None = None,
        audio_protocol: AudioProtocol = "twilio",
    ) -> DasPeakSession:
        signalling = phonewire.DasPeakSignalling(
            service.url,
            apikey=_API_KEY,
            ready=[READY],
            success=[SUCCESS],
            failure=[SPOOF, WRONG_SCORE, ENDED_EARLY],
            interval_s=0.05,
        )
        asked = SessionRequest(
            authenticity_threshold=0.8, audio_total_duration=self._enough_s, call_id=str(uuid4()), model_hash="demo"
        )
        began_s = asyncio.get_running_loop().time()
        settings_id = await signalling.create_audio_settings(audio_protocol)
        session = await signalling.create_session(kind, settings_id, asked, further)
        session = await signalling.wait_ready(session)
        self.ready_ms = 1000 * (asyncio.get_running_loop().time() - began_s)
        async with _dial(service, audio_protocol, asked.call_id) as call:
            await call.write_payload(speech)
            await call.wait_ended()
        return await signalling.wait_verdict(session)


def _dial(service: DasPeakService, audio_protocol: AudioProtocol, call_id: str) -> phonewire.connect:
    if audio_protocol == "twilio":
        return phonewire.connect(service.audio_url, call_id=call_id, headers={"apikey": _API_KEY})
    key = {"X-API-KEY": _API_KEY}
    return phonewire.connect(service.audiohook_url, protocol="audiohook", call_id=call_id, headers=key, pace="none")
