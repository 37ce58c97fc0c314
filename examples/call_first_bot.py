"""Call the bot of first_bot.py as Twilio would, without an account: press seven keys, and hang up."""

import asyncio

from phonewire.dtmf import tone
from phonewire.emulators.twilio import TwilioCaller
from phonewire.g711 import ulaw_encode


async def main() -> None:
    async with TwilioCaller("ws://127.0.0.1:8080/twilio") as caller:
        await caller.say(ulaw_encode(tone("5551234")))
        print(f"said {len(caller.said) / 8000:.1f} s, heard {caller.heard_ms / 1000:.1f} s")


if __name__ == "__main__":
    asyncio.run(main())
