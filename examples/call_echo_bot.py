"""Call the bot of echo_bot.py as Twilio would, without an account: say something, press a key, hang up."""

import asyncio
from pathlib import Path

from echo_bot import bot

import phonewire
from phonewire.emulators.twilio import TwilioCaller
from phonewire.wav import WavWriter

SPEECH = Path(__file__).parent / "audio" / "speech.wav"


async def main() -> None:
    endpoint = phonewire.Endpoint("/twilio", "twilio", auth=None)
    async with phonewire.serve(bot, endpoints=[endpoint]) as server:
        async with TwilioCaller(server.url + "/twilio", speed=10) as caller:
            await caller.say(SPEECH)
            await caller.press("1")
            await caller.until(lambda: bool(caller.clears))
            print(f"said {len(caller.said) / 8000:.1f} s, heard {caller.heard_ms / 1000:.1f} s")
        with WavWriter("heard.wav", phonewire.MediaFormat()) as file:
            file.write(caller.heard)


if __name__ == "__main__":
    asyncio.run(main())
