"""Feed Asterisk's calls to a das-Peak consumer, whose verdict comes elsewhere; both are played by this program.

A call from Asterisk's dialplan, `AudioSocket(${UUID},your.host:9092)`, goes on when the consumer has enough.
"""

import asyncio
from pathlib import Path

import phonewire
from phonewire.auth import ApiKey
from phonewire.emulators.asterisk import AsteriskCaller

SPEECH = Path(__file__).parent / "audio" / "speech.wav"
PATH, KEY = "/daspeak-stream/v1/twilio", "a key"


async def consume(call: phonewire.Call) -> None:
    """Take two seconds, as das-Peak takes as much as it needs."""
    async for _ in call.frames():
        if call.stats().ms_in >= 2000:
            return


async def main() -> None:
    bridged = asyncio.Event()

    async def feed(call: phonewire.Call) -> None:
        # The signalling that opened das-Peak's session named this call; its audio settings are the media_format.
        sink = phonewire.connect(consumer.url + PATH, call_id=call.id, headers={"apikey": KEY})
        result = await phonewire.bridge(call, sink, hang_up_source=False)
        print(f"the {result.ended_by} has ended the bridge: {result.reason}, {result.to_sink.dropped_ms} ms dropped")
        bridged.set()
        await call.wait_ended()

    das_peak = phonewire.Endpoint(PATH, "das-peak", auth=ApiKey([KEY]))
    async with (
        phonewire.serve(consume, endpoints=[das_peak]) as consumer,
        phonewire.serve_audiosocket(feed, port=0, call_ids=None, addresses=["127.0.0.1"]) as server,
        AsteriskCaller("127.0.0.1", server.port) as phone,
    ):
        speaking = asyncio.create_task(phone.say(SPEECH))
        await bridged.wait()
        speaking.cancel()
        print("Asterisk's call goes on" if phone.error is None and not phone.hung_up else "it was hung up")


if __name__ == "__main__":
    asyncio.run(main())
