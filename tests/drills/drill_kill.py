"""kill -9 while a call is recorded, at random instants: every file opens, and little is lost."""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from phonewire import g711
from phonewire.wav import WavReader
from tests.drills import Line
from tests.drills.caller import say, start
from tests.drills.recorder import FORMATS
from tests.drills.wav_readers import missing, readers

SEED = 20_261_123
KILLS = 50
AT_ONCE = 4
LONGEST_S = 3.0
MOST_LOST_MS = 520

#: From what is sent to what each format has of it.
_AS: dict[str, Callable[[bytes], bytes]] = {"ulaw": bytes, "alaw": g711.ulaw_to_alaw, "s16": g711.ulaw_decode}


@dataclass(frozen=True)
class Found:
    """What one kill left of one recording.

    Attributes:
        encoding: of the file.
        failed: readers that did not open it, or did not find what the others found.
        lost_ms: of what had been sent when the process was killed.
        is_true: what is there is a beginning of what was sent.
    """

    encoding: str
    failed: tuple[str, ...]
    lost_ms: float
    is_true: bool


def run() -> list[Line]:
    """Kill, and look at the files."""
    if missing():
        return [Line("kill -9 while recording", f"not here: {', '.join(missing())}", "3 readers", False)]
    found = asyncio.run(_kill_all())
    return [line for encoding in FORMATS for line in _lines([each for each in found if each.encoding == encoding])]


def _lines(found: list[Found]) -> list[Line]:
    encoding, names = found[0].encoding, list(readers(found[0].encoding))
    opened = {name: sum(name not in each.failed for each in found) for name in names}
    true = sum(each.is_true for each in found)
    lost_ms = sorted(each.lost_ms for each in found)
    return [
        Line(
            f"kill -9 while recording {encoding}, {len(found)} random instants: opened by {', '.join(names)}",
            f"{', '.join(map(str, opened.values()))}; {true} are a beginning of what was sent",
            f"{KILLS} each",
            true == KILLS and set(opened.values()) == {KILLS},
        ),
        Line(
            f"the same, {encoding}: audio lost",
            f"median {lost_ms[len(lost_ms) // 2]:.0f} ms, most {lost_ms[-1]:.0f} ms",
            f"<= {MOST_LOST_MS} ms",
            lost_ms[-1] <= MOST_LOST_MS,
        ),
    ]


async def _kill_all() -> list[Found]:
    chance = random.Random(SEED)
    instants_s = [chance.uniform(0, LONGEST_S) for _ in range(KILLS)]
    places = asyncio.Semaphore(AT_ONCE)

    async def in_turn(after_s: float) -> list[Found]:
        async with places:
            with tempfile.TemporaryDirectory() as directory:
                said = await _kill(Path(directory), after_s)
                return await asyncio.to_thread(_look, Path(directory), said)

    return [found for each in await asyncio.gather(*map(in_turn, instants_s)) for found in each]


async def _kill(directory: Path, after_s: float) -> bytes:
    """Record a call, kill the recorder after *after_s*, and return what had been sent to it."""
    recorder = [sys.executable, "-m", "tests.drills.recorder", str(directory)]
    process = await asyncio.create_subprocess_exec(*recorder, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    said = bytearray()
    speech = random.Random(after_s).randbytes(int(8000 * LONGEST_S * 2))
    try:
        url = (await process.stdout.readline()).decode().strip()
        async with asyncio.timeout(60), connect(url, compression=None) as socket:
            await socket.send(start("CA1"))
            assert await process.stdout.readline() == b"RECORDING\n"
            speaking = asyncio.create_task(say(socket, "CA1", speech, said))
            await asyncio.sleep(after_s)
            process.kill()
            at_the_kill = bytes(said)
            speaking.cancel()
            await asyncio.wait([speaking])
    except ConnectionClosed:
        pass
    finally:
        await process.wait()
    return at_the_kill


def _look(directory: Path, said: bytes) -> list[Found]:
    found = []
    for encoding in FORMATS:
        path = directory / f"{encoding}.part.wav"
        samples: dict[str, int | None] = {}
        for name, read in readers(encoding).items():
            try:
                samples[name] = read(path)
            except Exception as error:
                print(f"  {name} {encoding} after {len(said) / 8:.0f} ms: {error}")
                samples[name] = None
        with WavReader(path) as file:
            audio, width = file.read(), file.info.sample_bytes
        length = len(audio) // width
        failed = tuple(name for name, count in samples.items() if count != length)
        found.append(Found(encoding, failed, (len(said) - length) / 8, _AS[encoding](said).startswith(audio)))
    return found
