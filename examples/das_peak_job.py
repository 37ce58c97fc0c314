"""Register a voice at das-Peak: a session, its audio, the verdict. The das-Peak here is an emulator."""

import asyncio
from pathlib import Path
from uuid import uuid4

import phonewire
from phonewire.das_peak_request import DasPeakSession, SessionRequest
from phonewire.emulators.das_peak_service import DasPeakService

SPEECH = Path(__file__).parent / "audio" / "speech.wav"
# Not public for the REST service: yours were given to you at on-boarding. The emulator uses the Socket.IO service's.
READY = ["info-consumer-ready"]
SUCCESS = ["result-success"]
FAILURE = ["result-fail-spoof", "result-fail-score", "error-audio"]


async def register(file: Path, url: str, audio_url: str, key: str) -> DasPeakSession:
    signalling = phonewire.DasPeakSignalling(url, apikey=key, ready=READY, success=SUCCESS, failure=FAILURE)
    settings = await signalling.create_audio_settings("twilio")  # good for any number of sessions
    asked = SessionRequest(
        call_id=str(uuid4()), audio_total_duration=5.0, authenticity_threshold=0.8, model_hash="of your model"
    )
    session = await signalling.wait_ready(await signalling.create_session("register", settings, asked))
    print("ready:", session.status)
    async with phonewire.connect(audio_url, call_id=asked.call_id, headers={"apikey": key}) as call:
        await call.play(file)
        async with asyncio.timeout(10):
            print("audio:", await call.wait_ended())  # "completed": das-Peak has closed, because it had enough
    return await signalling.wait_verdict(session)


async def main() -> None:
    async with DasPeakService(apikey="key") as das_peak:
        session = await register(SPEECH, das_peak.url, das_peak.audio_url, "key")
    print("verdict:", session.status)
    if session.verdict:
        credential = session.fields["credential"]  # to be kept, and given when the voice is to be verified
        print(f"a credential of {len(credential)} characters")


if __name__ == "__main__":
    asyncio.run(main())
