"""Fifty parties of a conference, who say stamped frames and note which of the others' they hear; a process of its own.

``python -m tests.drills.conference_legs VOIPBIN_URL AUDIOSOCKET_PORT LEGS SECONDS`` prints what was heard as JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections import Counter
from typing import Any

import numpy as np

import phonewire

FRAME = 160  # samples
STAMP = 3  # samples, each leg's at a place of its own in the frame: what is added up can still be told apart
KINDS = ("rtp", "sln", "audiosocket", "tcp")
SETTLE_S = 2.0


def stamps(frames: int) -> Any:
    """Return the stamp of each frame, its number three times over; loud, or else it might be left out as quiet."""
    number = np.arange(1, frames + 1)
    return np.stack([2000 + number, 20_000 - number, 2000 + number * 7 % 9973], axis=1).astype(np.int16)


def said(leg: int, frames: int) -> bytes:
    """Return what a leg says."""
    audio = np.zeros((frames, FRAME), np.int16)
    audio[:, STAMP * leg : STAMP * (leg + 1)] = stamps(frames)
    return audio.tobytes()


def kind(leg: int) -> str:
    """Return how a leg takes part."""
    return KINDS[leg % len(KINDS)]


def judge(listener: int, heard: bytes, legs: int, frames: int) -> Counter[str]:
    """Return how many frames of the others a leg did not hear, and how many twice or in the wrong order."""
    places = np.frombuffer(heard, np.int16).reshape(-1, FRAME)[:, : STAMP * legs].reshape(-1, legs, STAMP)
    known = stamps(frames)
    counted: Counter[str] = Counter()
    for speaker in range(legs):
        place = places[:, speaker]
        if speaker == listener:
            counted["again"] += int(place.any())  # nobody hears himself
            continue
        index = place[:, 0].astype(int) - 2001
        good = (index >= 0) & (index < frames)
        good[good] = (known[index[good]] == place[good]).all(axis=1)
        lost = frames - len(np.unique(index[good]))
        counted["lost"] += lost
        again = int((np.diff(index[good]) <= 0).sum())
        if "rtp" not in (kind(speaker), kind(listener)):
            counted["lost_without_rtp"] += lost
            counted["again"] += again
        else:
            counted["repeated"] += again  # by a jitter buffer, in the place of what was late
    return counted


async def keep(call: phonewire.Call, heard: bytearray) -> None:
    """Keep all that comes."""
    async for frame in call.frames():
        heard += frame.pcm


def dial(leg: int, url: str, port: int) -> Any:
    """Return the call of a leg."""
    if kind(leg) == "tcp":
        return phonewire.connect_audiosocket("127.0.0.1", port)
    return phonewire.connect(f"{url}?encapsulation={kind(leg)}", wire="documented")


async def take_part(url: str, port: int, legs: int, frames: int) -> Counter[str]:
    """Let all of them speak at the same time, and judge what they heard."""
    heard = [bytearray() for _ in range(legs)]
    speech = [said(leg, frames) for leg in range(legs)]  # now: later it would hold up those who listen
    async with contextlib.AsyncExitStack() as stack:
        calls = [await stack.enter_async_context(dial(leg, url, port)) for leg in range(legs)]
        readers = [asyncio.create_task(keep(*each)) for each in zip(calls, heard, strict=True)]
        await asyncio.sleep(SETTLE_S)
        await asyncio.gather(*(call.write(audio) for call, audio in zip(calls, speech, strict=True)))
        await asyncio.gather(*(call.drain() for call in calls))
        await asyncio.sleep(SETTLE_S)  # what is on its way comes
        for reader in readers:
            reader.cancel()
    counted = Counter(lost=0, lost_without_rtp=0, again=0, repeated=0)
    for leg, audio in enumerate(heard):
        counted.update(judge(leg, bytes(audio), legs, frames))
    counted["concealed_ms"] = sum(call.stats().concealed_ms for call in calls)
    return counted


def main() -> None:
    """Dial, speak, listen, and print what was heard."""
    url, port, legs, seconds = sys.argv[1], *map(int, sys.argv[2:])
    print(json.dumps(asyncio.run(take_part(url, port, legs, seconds * 50))))


if __name__ == "__main__":
    main()
