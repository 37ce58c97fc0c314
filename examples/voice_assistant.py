"""Talk on a VoIPBIN call: turns are told by their level, and an answer stops when somebody speaks into it.

Recogniser, model and synthesiser are async callables: here those of speech_recognition.py, a table, and a stub.
TOKEN=... python examples/voice_assistant.py [URL of a call, see there; without one a phone on this machine]
"""

import asyncio
import os
import sys
from contextlib import suppress

from speech_recognition import MODEL_HZ, Recogniser, pocketsphinx
from spoken import phrase
from turns import TurnDetector

import phonewire
from phonewire import g711
from phonewire.emulators.voipbin import VoipbinCall


async def think(text: str) -> str:
    return {"opening hours": "We open at eight.", "goodbye": "Goodbye."}.get(text, "I did not understand that.")


async def hum(text: str) -> bytes:
    return (bytes(40) + b"\x00\x10" * 20) * 80 * len(text.split())  # 400 ms of 200 Hz for each word


async def answer(call: phonewire.Call, turn: bytes, recognise: Recogniser) -> None:
    text = await think(question := await recognise(turn))
    print(f"{question}: {text}")
    with suppress(phonewire.CallEndedError):  # whoever hangs up hears no more
        await call.write(await hum(text))
        await call.drain()


async def assist(url: str) -> None:
    recognise, detector, answering = pocketsphinx(), TurnDetector(), None
    async with phonewire.connect(url, token=os.environ.get("TOKEN")) as call, asyncio.TaskGroup() as tasks:
        async for frame in call.frames(ptime_ms=20, sample_rate_hz=MODEL_HZ):
            turn = detector.feed(frame.pcm)
            if detector.began and answering is not None and not answering.done():
                answering.cancel()
                print(f"interrupted after {await call.clear()} ms")
            if turn:
                answering = tasks.create_task(answer(call, turn, recognise))


async def rehearse() -> VoipbinCall:
    async with VoipbinCall() as phone, asyncio.TaskGroup() as tasks:
        tasks.create_task(assist(phone.url("rtp")))
        await phone.say(g711.ulaw_decode(phrase(1) + phrase(4)))  # the second one while the first one is answered
        await phone.listen(seconds=1.5)
        await phone.hang_up()
    return phone


if __name__ == "__main__":
    asyncio.run(assist(sys.argv[1]) if sys.argv[1:] else rehearse())
