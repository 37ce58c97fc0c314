"""kill -9 while both sides of a call are recorded, at random instants: every file opens, and little is lost."""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from phonewire.wav import WavReader
from tests.drills import Line
from tests.drills.caller import Player, say, start
from tests.drills.recorded import FORMATS, LAYOUTS, LONGEST_S, kept, speech
from tests.drills.recorder import OURS
from tests.drills.wav_readers import Shape, missing, readers

SEED = 20_261_123
KILLS = 50
AT_ONCE = 4
MOST_LOST_MS = 520


@dataclass(frozen=True)
class Said:
    """What both sides had said when the process was killed.

    Attributes:
        theirs: what had been sent to it.
        ours: what had been played of what it sent.
    """

    theirs: bytes
    ours: bytes


@dataclass(frozen=True)
class Found:
    """What one kill left of one recording.

    Attributes:
        layout: of the file.
        encoding: of the file.
        failed: readers that did not open it, or did not find what the others found.
        lost_ms: of what either side had said when the process was killed, the more of both.
        is_true: what is there is a beginning of what each side said.
    """

    layout: str
    encoding: str
    failed: tuple[str, ...]
    lost_ms: float
    is_true: bool


def run() -> list[Line]:
    """Kill, and look at the files."""
    if missing():
        return [Line("kill -9 while recording", f"not here: {', '.join(missing())}", "3 readers", False)]
    found = asyncio.run(_kill_all())
    return [
        line
        for layout in LAYOUTS
        for encoding in FORMATS
        for line in lines([each for each in found if (each.layout, each.encoding) == (layout, encoding)])
    ]


def lines(found: list[Found]) -> list[Line]:
    """Judge what all kills left of recordings of one layout and format."""
    names = list(readers(found[0].encoding))
    about = f"{found[0].layout} {found[0].encoding}"
    opened = {name: sum(name not in each.failed for each in found) for name in names}
    true = sum(each.is_true for each in found)
    lost_ms = sorted(each.lost_ms for each in found)
    return [
        Line(
            f"kill -9 while recording {about}, {len(found)} random instants: opened by {', '.join(names)}",
            f"{', '.join(map(str, opened.values()))}; {true} are a beginning of what both said",
            f"{KILLS} each",
            true == KILLS and set(opened.values()) == {KILLS},
        ),
        Line(
            f"the same, {about}: audio lost",
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


async def _kill(directory: Path, after_s: float) -> Said:
    """Record a call, kill the recorder after *after_s*, and return what had been said."""
    recorder = [sys.executable, "-m", "tests.drills.recorder", str(directory)]
    process = await asyncio.create_subprocess_exec(*recorder, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    said, player = bytearray(), Player()
    try:
        url = (await process.stdout.readline()).decode().strip()
        async with asyncio.timeout(60), connect(url, compression=None) as socket:
            await socket.send(start("CA1"))
            assert await process.stdout.readline() == b"RECORDING\n"
            talking = [
                asyncio.create_task(say(socket, "CA1", speech(after_s), said)),
                asyncio.create_task(player.hear(socket)),
            ]
            await asyncio.sleep(after_s)
            process.kill()
            at_the_kill = Said(bytes(said), player.played())
            for each in talking:
                each.cancel()
            await asyncio.wait(talking)
    except ConnectionClosed:
        pass
    except BaseException:
        process.kill()
        raise
    finally:
        await process.wait()
    return at_the_kill


def _look(directory: Path, said: Said) -> list[Found]:
    return [
        _found(directory / f"{layout}-{encoding}.part.wav", layout, encoding, said)
        for layout in LAYOUTS
        for encoding in FORMATS
    ]


def _found(path: Path, layout: str, encoding: str, said: Said) -> Found:
    with WavReader(path) as file:
        channels = [file.read(channel) for channel in range(1, file.info.channels + 1)]
        shape = (len(channels), len(channels[0]) // file.info.sample_bytes)
    shapes: dict[str, Shape | None] = {}
    for name, read in readers(encoding).items():
        try:
            shapes[name] = read(path)
        except Exception as error:
            print(f"  {name} {path.name} after {len(said.theirs) / 8:.0f} ms: {error}")
            shapes[name] = None
    failed = tuple(name for name, found in shapes.items() if found != shape)
    there = kept(channels, encoding, said.theirs, OURS)
    lost = max(len(said.theirs) - there.theirs, len(said.ours) - there.ours)
    return Found(layout, encoding, failed, lost / 8, there.is_true)
