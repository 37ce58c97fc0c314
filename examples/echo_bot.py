"""A bot that repeats what the caller says until a key is pressed.

`python examples/call_echo_bot.py` calls it without an account: phonewire has Twilio's side as well.
"""

import asyncio

import phonewire
from phonewire.auth import TwilioSignature
from phonewire.protocols.twilio import Dtmf


async def bot(call: phonewire.Call) -> None:
    async def barge_in() -> None:
        async for event in call.events():
            if isinstance(event, Dtmf):
                print(f"key {event.digit}: {await call.clear()} ms were heard")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(barge_in())
        async for frame in call.frames():
            await call.write(frame.pcm)


async def main() -> None:
    twilio = phonewire.Endpoint("/twilio", "twilio", auth=TwilioSignature(["your auth token"]))
    async with phonewire.serve(bot, "0.0.0.0", 8080, endpoints=[twilio]) as server:
        await server.serve_forever(stop_on_signals=True)


if __name__ == "__main__":
    asyncio.run(main())
