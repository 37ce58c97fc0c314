"""Record a VoIPBIN conference: everybody in it together, to a WAV file that can be read at any moment.

TOKEN=... python examples/conference_recorder.py OUT.wav \
    'wss://api.voipbin.net/v1.0/conferences/ID/media_stream?encapsulation=rtp'
Without a URL it records three people on this machine.
"""

import asyncio
import os
import sys
from pathlib import Path

from spoken import samples

import phonewire
from phonewire.emulators.voipbin import VoipbinConference


async def record(out: Path, url: str) -> None:
    async with phonewire.connect(url, token=os.environ.get("TOKEN"), listen_only=True) as call:
        recording = call.record(out)
        ended = await call.wait_ended()
        await recording.closed()
    stats = call.stats()
    print(f"{ended}: {recording.duration_ms / 1000:.1f} s in {out.name}, {stats.lost_packets} packets were lost")


async def rehearse(out: Path) -> VoipbinConference:
    """Let three people talk, each from another place of the recording, two of them at the same time."""
    speech = samples("speech.wav")
    async with VoipbinConference() as conference, asyncio.TaskGroup() as tasks:
        tasks.create_task(record(out, conference.url("rtp")))
        for name, start_s in (("Clara", 0), ("Isla", 30)):
            tasks.create_task(conference.say(speech[start_s * 16_000 : (start_s + 3) * 16_000], who=name))
        await conference.say(speech[160_000:192_000], who="a caller")
        await conference.listen(seconds=2)
        await conference.hang_up()
    return conference


if __name__ == "__main__":
    target = Path(sys.argv[1])
    asyncio.run(record(target, sys.argv[2]) if sys.argv[2:] else rehearse(target))
