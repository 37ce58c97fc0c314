"""Say a WAV file on a VoIPBIN call, record what is heard, and stay through broken connections.

TOKEN=... python examples/voipbin_call.py FILE URL OUT.wav, where URL is
wss://api.voipbin.net/v1.0/calls/ID/media_stream?encapsulation=rtp
"""

import asyncio
import os
import sys

import phonewire
from phonewire.aio.events import Disconnected, Reconnected


async def token() -> str:
    return os.environ["TOKEN"]  # asked for before each attempt: a short-lived one would be fetched here


async def watch(call: phonewire.Call) -> None:
    async for event in call.events():
        if isinstance(event, Disconnected | Reconnected):
            print(event)


async def main(file: str, url: str, out: str) -> None:
    async with phonewire.connect(url, token=token) as call, asyncio.TaskGroup() as tasks:
        call.record(out, outbound=True)
        tasks.create_task(watch(call))
        await call.play(file)
        print(await call.wait_ended())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
