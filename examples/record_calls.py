"""Record every call of a one-way Twilio stream to a WAV file each, and say how long it was.

Usage: python examples/record_calls.py DIRECTORY AUTH_TOKEN
"""

import asyncio
import itertools
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import phonewire
from phonewire.auth import TwilioSignature

numbers = itertools.count(1)


def recorder(directory: Path) -> Callable[[phonewire.Call], Awaitable[None]]:
    async def record(call: phonewire.Call) -> None:
        # The name is ours: a peer's id never becomes part of a path.
        name = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{next(numbers):06}.wav"
        recording = call.record(directory / name)
        await recording.closed()
        print(f"{call.id}: {call.stats().ms_in / 1000:.1f} s in {name}")

    return record


async def main(directory: str, auth_token: str) -> None:
    endpoint = phonewire.Endpoint("/twilio", "twilio-one-way", auth=TwilioSignature([auth_token]))
    async with phonewire.serve(recorder(Path(directory)), port=8080, endpoints=[endpoint]) as server:
        print(f"listening on {server.url}/twilio")
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
