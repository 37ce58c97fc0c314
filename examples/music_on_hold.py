"""Play music to whoever waits on a VoIPBIN call, until an agent is free: here, when somebody presses Enter.

TOKEN=... python examples/music_on_hold.py 'wss://api.voipbin.net/v1.0/calls/ID/media_stream?encapsulation=rtp'
Without a URL it plays to a phone on this machine, and the agent is free after 5 s.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable

from spoken import AUDIO

import phonewire
from phonewire.emulators.voipbin import VoipbinCall


async def hold(url: str, agent: Awaitable[object]) -> None:
    async with phonewire.connect(url, token=os.environ.get("TOKEN")) as call:
        free = asyncio.ensure_future(agent)
        music = asyncio.create_task(call.play(AUDIO / "hold.wav", loop=True))
        await asyncio.wait([free, music], return_when=asyncio.FIRST_COMPLETED)
        if music.done():
            free.cancel()
            print("whoever waited has hung up")
            return
        print(f"{await call.clear()} ms of music were heard")  # which ends it
        await music
        await call.play(AUDIO / "hours.wav")


async def rehearse() -> VoipbinCall:
    async with VoipbinCall() as phone:
        await hold(phone.url("rtp"), asyncio.sleep(5))
        await phone.hang_up()
    return phone


if __name__ == "__main__":
    asyncio.run(hold(sys.argv[1], asyncio.to_thread(input)) if sys.argv[1:] else rehearse())
