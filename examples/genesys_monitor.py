"""Listen to Genesys' calls (AudioHook Monitor), the customer left and the agent right; it is called as by Genesys."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import phonewire
from phonewire.auth import AudioHookSignature
from phonewire.protocols import audiohook

KEY, SECRET = "the API key", "dGhlIGNsaWVudCBzZWNyZXQ="  # as they were typed in at Genesys
SPEECH = Path(__file__).parent / "audio" / "phrases.wav"


def monitor(directory: Path) -> Callable[[phonewire.Call], Awaitable[None]]:
    async def listen(call: phonewire.Call) -> None:
        recording = call.record(directory, tracks="separate")
        print(f"{call.parameters['ani']} calls {call.parameters['dnis']}, heard apart: {call.tracks}")
        async for event in call.events():
            if isinstance(event, audiohook.Paused):
                print("the agent holds: nothing is heard")
        await recording.closed()
        print(f"{call.end_reason} after {recording.duration_ms / 1000:.1f} s, drift {call.stats().drift_ms:g} ms")

    return listen


async def main(directory: str) -> None:
    endpoint = phonewire.Endpoint("/audiohook", "audiohook", auth=AudioHookSignature({KEY: SECRET}))
    async with phonewire.serve(monitor(Path(directory)), port=0, endpoints=[endpoint]) as server:
        url, who = server.url + "/audiohook", {"ani": "+15550001", "dnis": "+15550002"}
        async with phonewire.connect(url, headers={"X-API-KEY": KEY}, client_secret=SECRET, parameters=who) as call:
            await call.play(SPEECH)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
