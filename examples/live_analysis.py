"""Measure a VoIPBIN call while it goes on: how loud it is, how long somebody talks, and an alert when nobody does.

TOKEN=... python examples/live_analysis.py 'wss://api.voipbin.net/v1.0/calls/ID/media_stream?encapsulation=rtp'
Without a URL it listens to a phone on this machine.
"""

import asyncio
import os
import sys
from dataclasses import dataclass

from spoken import samples

import phonewire
from phonewire import pcm
from phonewire.emulators.voipbin import VoipbinCall

FRAME_MS, SPEECH_DBFS, LONG_SILENCE_MS = 20, -45.0, 2000


@dataclass
class Report:
    talk_ms: int = 0
    silence_ms: int = 0
    quiet_ms: int = 0  # since somebody spoke
    peak_dbfs: float = float("-inf")

    def add(self, frame: bytes) -> str | None:
        """Count a frame; return what is to be alerted."""
        rms_dbfs, peak_dbfs = pcm.level(frame)
        self.peak_dbfs = max(self.peak_dbfs, peak_dbfs)
        if rms_dbfs > SPEECH_DBFS:
            self.talk_ms, self.quiet_ms = self.talk_ms + FRAME_MS, 0
            return None
        self.silence_ms, self.quiet_ms = self.silence_ms + FRAME_MS, self.quiet_ms + FRAME_MS
        return "nobody speaks" if self.quiet_ms == LONG_SILENCE_MS else None


async def analyse(url: str) -> Report:
    report = Report()
    async with phonewire.connect(url, token=os.environ.get("TOKEN"), listen_only=True) as call:
        async for frame in call.frames(ptime_ms=FRAME_MS):
            if alert := report.add(frame.pcm):
                print(f"{frame.timestamp_ms} ms: {alert}")
    print(report)
    return report


async def rehearse() -> Report:
    async with VoipbinCall() as phone, asyncio.TaskGroup() as tasks:
        analysing = tasks.create_task(analyse(phone.url("rtp")))
        await phone.say(samples("speech.wav")[: 2 * 8 * 2000])
        await phone.listen(seconds=2.5)
        await phone.hang_up()
    return analysing.result()


if __name__ == "__main__":
    asyncio.run(analyse(sys.argv[1]) if sys.argv[1:] else rehearse())
