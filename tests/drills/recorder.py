"""A server that records each call in every format, to be killed: ``python -m tests.drills.recorder DIRECTORY``."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import phonewire
from tests.drills.recorded import FORMATS, LAYOUTS, speech

__all__ = ["OURS"]

#: What the server says.
OURS = speech("ours")


async def main(directory: Path) -> None:
    """Say the URL, then RECORDING when a call is on its way to disk; speak and serve until killed."""

    async def record(call: phonewire.Call) -> None:
        recordings = [
            call.record(directory / f"{layout}-{encoding}.wav", encoding=encoding, tracks=layout, outbound=True)
            for layout in LAYOUTS
            for encoding in FORMATS
        ]
        await asyncio.gather(*[recording.opened() for recording in recordings])
        print("RECORDING", flush=True)
        await call.write_payload(OURS)
        await call.wait_ended()

    endpoint = phonewire.Endpoint("/twilio", "twilio", auth=None)
    async with phonewire.serve(record, endpoints=[endpoint]) as server:
        print(f"{server.url}/twilio", flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
