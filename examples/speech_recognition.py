"""Write down what is said on a VoIPBIN call, turn by turn.

pocketsphinx (`pip install pocketsphinx`) recognises it on this machine; its model comes with it. It is an old one, so a
grammar says what callers may say. Any async function of samples that returns text can take its place.

TOKEN=... python examples/speech_recognition.py 'wss://api.voipbin.net/v1.0/calls/ID/media_stream?encapsulation=rtp'
Without a URL it listens to a phone on this machine.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable

from pocketsphinx import Decoder
from spoken import AUDIO
from turns import TurnDetector

import phonewire
from phonewire.emulators.voipbin import VoipbinCall

GRAMMAR = """#JSGF V1.0; grammar office;
public <said> = opening hours | speak to the office | the ferry to the island | lost and found | yes | no | goodbye;"""
MODEL_HZ = 16_000

Recogniser = Callable[[bytes], Awaitable[str]]  # of s16 samples at 16 kHz


def pocketsphinx() -> Recogniser:
    """Load the model."""
    decoder = Decoder(samprate=MODEL_HZ, lm=None, bestpath=False, loglevel="FATAL")
    decoder.add_jsgf_string("office", GRAMMAR)
    decoder.activate_search("office")

    def decode(turn: bytes) -> str:
        decoder.start_utt()
        decoder.process_raw(turn, full_utt=True)
        decoder.end_utt()
        return decoder.hyp().hypstr if decoder.hyp() else ""

    return lambda turn: asyncio.to_thread(decode, turn)  # the call goes on meanwhile


async def transcribe(url: str, recognise: Recogniser) -> None:
    detector = TurnDetector()
    async with phonewire.connect(url, token=os.environ.get("TOKEN"), listen_only=True) as call:
        async for frame in call.frames(ptime_ms=20, sample_rate_hz=MODEL_HZ):
            if turn := detector.feed(frame.pcm):
                print(f"{(frame.timestamp_ms or 0) / 1000:.1f} s: {await recognise(turn)}")


async def rehearse() -> None:
    async with VoipbinCall() as phone, asyncio.TaskGroup() as tasks:
        tasks.create_task(transcribe(phone.url("rtp"), pocketsphinx()))
        await phone.say(AUDIO / "phrases.wav")
        await phone.hang_up()


if __name__ == "__main__":
    asyncio.run(transcribe(sys.argv[1], pocketsphinx()) if sys.argv[1:] else rehearse())
