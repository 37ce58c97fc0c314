"""Send a WAV file to a das-Peak consumer: python examples/send_to_das_peak.py FILE URL KEY CALL_ID."""

import asyncio
import sys

import phonewire


async def main(file: str, url: str, key: str, call_id: str) -> None:
    async with phonewire.connect(url, protocol="das-peak", call_id=call_id, headers={"apikey": key}) as call:
        await call.play(file)
        print(await call.wait_ended())  # "completed" when the consumer had enough


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
