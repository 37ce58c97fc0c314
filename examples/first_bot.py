"""A bot that records each call and says back what it hears; `python examples/call_first_bot.py` calls it."""

import asyncio

import phonewire


async def bot(call: phonewire.Call) -> None:
    call.record(f"{call.id}.wav", tracks="separate", outbound=True)
    async for frame in call.frames():
        await call.write(frame.pcm)  # your speech model goes here


async def main() -> None:
    twilio = phonewire.Endpoint("/twilio", "twilio", auth=None)  # TwilioSignature([your token]) for real calls
    async with phonewire.serve(bot, port=8080, endpoints=[twilio]) as server:
        print(f"waiting for calls on {server.url}/twilio")
        await server.serve_forever(stop_on_signals=True)


if __name__ == "__main__":
    asyncio.run(main())
