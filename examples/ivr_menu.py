"""Say a menu on a VoIPBIN call, and what is behind the keys; a key that is pressed early stops what is being said.

VoIPBIN does not tell which keys are pressed: their tones are found in the audio.

TOKEN=... python examples/ivr_menu.py 'wss://api.voipbin.net/v1.0/calls/ID/media_stream?encapsulation=rtp'
Without a URL somebody calls on this machine, who is impatient, and presses a wrong key first.
"""

import asyncio
import os
import sys
from contextlib import suppress

from spoken import AUDIO

import phonewire
from phonewire import dtmf
from phonewire.emulators.voipbin import VoipbinCall

CHOICES = {"1": "hours.wav", "2": "hold.wav"}


async def answer(url: str) -> None:
    async with phonewire.connect(url, token=os.environ.get("TOKEN"), dtmf_in_audio=True) as call:
        menu = asyncio.create_task(say(call, "menu.wav"))
        async for event in call.events():
            if isinstance(event, phonewire.Dtmf):
                print(f"key {event.digit} after {await call.clear()} ms")
                await menu  # which the clear has ended
                if event.digit in CHOICES:
                    await say(call, CHOICES[event.digit])
                    return
                menu = asyncio.create_task(say(call, "menu.wav"))
        await menu


async def say(call: phonewire.Call, name: str) -> None:
    with suppress(phonewire.CallEndedError):  # whoever hangs up hears no more
        await call.play(AUDIO / name)


async def rehearse() -> VoipbinCall:
    async with VoipbinCall() as phone, asyncio.TaskGroup() as tasks:
        tasks.create_task(answer(phone.url("rtp")))
        await phone.listen(seconds=1)
        for key in "71":
            await phone.say(dtmf.tone(key) + bytes(16_000))
        await phone.listen(seconds=4)
        await phone.hang_up()
    return phone


if __name__ == "__main__":
    asyncio.run(answer(sys.argv[1]) if sys.argv[1:] else rehearse())
