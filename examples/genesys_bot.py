"""A bot in a Genesys flow (Audio Connector): a menu that a key interrupts, and the answer goes back into the flow."""

import asyncio
from pathlib import Path

import phonewire
from phonewire.auth import AudioHookSignature
from phonewire.protocols import audiohook

KEY, SECRET = "the API key", "dGhlIGNsaWVudCBzZWNyZXQ="  # as they were typed in at Genesys
MENU = Path(__file__).parent / "audio" / "menu.wav"


async def bot(call: phonewire.Call) -> None:
    """Say the menu until a key is pressed, and tell the flow which."""
    menu = asyncio.create_task(call.play(MENU))
    async for event in call.events():
        if isinstance(event, audiohook.Dtmf):
            heard_ms = await call.clear()  # Genesys drops what its caller has not heard
            await menu
            print(f"key {event.digit} after {heard_ms / 1000:.0f} s")
            await call.close(output_variables={"choice": event.digit})


async def main() -> None:
    endpoint = phonewire.Endpoint("/bot", "audiohook-connector", auth=AudioHookSignature({KEY: SECRET}))
    async with phonewire.serve(bot, port=0, endpoints=[endpoint]) as server:
        await press(server.url + "/bot", "2")


async def press(url: str, key: str) -> None:
    """Be Genesys with somebody who listens for a second, presses a key, and takes the answer."""
    async with phonewire.connect(
        url, protocol="audiohook-connector", headers={"X-API-KEY": KEY}, client_secret=SECRET
    ) as call:
        async for _ in call.frames(ptime_ms=1000):
            break
        call.send(audiohook.Dtmf(key))
        async for event in call.events():
            if isinstance(event, audiohook.Disconnect):
                print(f"{event.reason}: {event.output_variables}")


if __name__ == "__main__":
    asyncio.run(main())
