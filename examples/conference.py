"""A conference server for VoIPBIN's clients and Asterisk; four parties call it here, and it is recorded."""

import asyncio
import contextlib
import sys
from pathlib import Path

import phonewire

PATH = "/v1.0/conferences/{id}/media_stream"  # who dials the same id hears each other
SPEECH = Path(__file__).parent / "audio" / "speech.wav"


async def watch(conference: phonewire.Conference) -> None:
    """Say who comes and goes."""
    async for event in conference.events():
        print(type(event).__name__, event.call.protocol, len(conference.legs))


async def main(folder: Path, seconds: float = 3) -> None:
    def began(conference: phonewire.Conference) -> None:
        conference.record(folder / f"{conference.id}.wav")
        tasks.append(asyncio.create_task(watch(conference)))

    async def from_asterisk(call: phonewire.Call) -> None:
        await conferences.join(call, "standup")

    async def listen(call: phonewire.Call) -> None:
        await conferences.join(call, "standup", listen_only=True)

    tasks: list[asyncio.Task[None]] = []
    conferences = phonewire.Conferences(began=began, max_legs=20)
    voipbin = phonewire.Endpoint(PATH, "voipbin", auth=None, handler=conferences.handler)
    supervisor = phonewire.Endpoint("/supervisor", "twilio", auth=None, handler=listen, sends_media=False)
    async with (
        phonewire.serve(None, endpoints=[voipbin, supervisor]) as server,
        phonewire.serve_audiosocket(from_asterisk, call_ids=None, addresses=["127.0.0.1"]) as asterisk,
        contextlib.AsyncExitStack() as calls,
    ):
        room = server.url + PATH.replace("{id}", "standup")
        first = await calls.enter_async_context(phonewire.connect(room + "?encapsulation=rtp"))
        await calls.enter_async_context(phonewire.connect(room + "?encapsulation=sln"))
        await calls.enter_async_context(phonewire.connect_audiosocket("127.0.0.1", asterisk.port))
        await calls.enter_async_context(phonewire.connect(server.url + "/supervisor", protocol="twilio"))
        speaking = asyncio.create_task(first.play(SPEECH))
        await asyncio.sleep(seconds)
        speaking.cancel()
        await first.clear()
    await asyncio.gather(*tasks)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
