"""Record every call of a one-way Twilio stream to a WAV file each, and say how long it was.

Usage: python examples/record_calls.py DIRECTORY AUTH_TOKEN
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import phonewire
from phonewire.auth import TwilioSignature


def recorder(directory: Path) -> Callable[[phonewire.Call], Awaitable[None]]:
    async def record(call: phonewire.Call) -> None:
        recording = call.record(directory)  # under a name of its own: a peer's id never becomes part of a path
        path = await recording.opened()
        await recording.closed()
        print(f"{call.id}: {recording.duration_ms / 1000:.1f} s in {path.name}")

    return record


async def main(directory: str, auth_token: str) -> None:
    endpoint = phonewire.Endpoint("/twilio", "twilio-one-way", auth=TwilioSignature([auth_token]))
    async with phonewire.serve(recorder(Path(directory)), port=8080, endpoints=[endpoint]) as server:
        print(f"listening on {server.url}/twilio")
        await server.serve_forever(stop_on_signals=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
