"""A FastAPI application that takes Twilio's calls beside its pages: it answers the webhook, and repeats what is said.

Run by itself it calls itself as Twilio would; `uvicorn fastapi_bot:app` waits for calls (pip install fastapi uvicorn).
"""

import asyncio
from pathlib import Path

import uvicorn
from fastapi import FastAPI

import phonewire
from phonewire import twiml
from phonewire.emulators.twilio import TwilioCaller
from phonewire.wav import WavReader

SPEECH = Path(__file__).parent / "audio" / "speech.wav"


async def bot(call: phonewire.Call) -> None:
    async for frame in call.frames():
        await call.write(frame.pcm)


def answer(form: object) -> str:
    return twiml.connect_stream("wss://your.host/voice/stream")


# For calls from Twilio auth is phonewire.auth.TwilioSignature([token], public_url="https://your.host"), twice.
calls = phonewire.asgi(
    [phonewire.Endpoint("/stream", "twilio", auth=None)],
    handler=bot,
    webhooks=[phonewire.Webhook("/answer", answer, auth=None)],
    observe=phonewire.Observe(prefix=""),
)
app = FastAPI(lifespan=calls.lifespan)
app.mount("/voice", calls)


@app.get("/")
async def front_page() -> dict[str, int]:
    return {"calls": len(calls.calls)}


async def main() -> None:
    server = uvicorn.Server(uvicorn.Config(app, port=8080, log_config=None, ws_per_message_deflate=False))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0.01)
    async with TwilioCaller("ws://127.0.0.1:8080/voice/stream") as caller:
        with WavReader(SPEECH) as reader:
            await caller.say(reader.read()[:16_000])
        await caller.listen(0.5)
        print(f"a call of {len(caller.said) / 8000:.1f} s, heard {caller.heard_ms / 1000:.1f} s")
    server.should_exit = True
    await serving


if __name__ == "__main__":
    asyncio.run(main())
