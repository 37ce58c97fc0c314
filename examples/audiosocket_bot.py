"""Answer Asterisk, whose dialplan says `AudioSocket(${UUID},your.host:9092)`; this program calls itself as it would."""

import asyncio
import math
import struct
from uuid import uuid4

import phonewire

TONE = struct.pack("=8000h", *(round(8000 * math.sin(n * 440 * math.tau / 8000)) for n in range(8000)))

expected: set[str] = set()  # who places a call puts its UUID here; nobody else gets in


async def bot(call: phonewire.Call) -> None:
    """Say what the caller says. While there is nothing to say, phonewire sends the silence that Asterisk waits for."""
    async for frame in call.frames():
        await call.write(frame.pcm)


async def main() -> None:
    async with phonewire.serve_audiosocket(bot, port=0, call_ids=expected, addresses=["127.0.0.1"]) as server:
        expected.add(call_id := str(uuid4()))
        async with phonewire.connect_audiosocket("127.0.0.1", server.port, call_id=call_id) as call:
            await call.write(TONE)
            heard_ms = silent_ms = 0
            async for frame in call.frames():
                if any(frame.payload):
                    heard_ms += 20
                else:
                    silent_ms += 20
                if heard_ms == 1000:
                    break
            print(f"said 1000 ms, heard {heard_ms} ms of it and {silent_ms} ms of silence")


if __name__ == "__main__":
    asyncio.run(main())
