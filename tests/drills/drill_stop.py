"""SIGTERM while 100 calls speak and are recorded, and while 200 hear themselves: goodbyes, whole files, a quick end."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import tempfile
import time
from collections import Counter
from pathlib import Path

import uvloop
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from phonewire.load.generator import Load, run_load
from phonewire.load.result import Second
from phonewire.load.tally import Tally
from phonewire.wav import WavReader
from tests.drills import Line
from tests.drills.caller import say, start
from tests.drills.served import Served, serving

CALLS = 100
MANY = 200
MANY_RAMP_S = 10.0  # of one address only 20 may wait to be let in
AFTER_S = 3.0  # of audio
MOST_S = 5.0
MOST_MISSING_MS = 100  # was on its way when the server stopped to read


def run() -> list[Line]:
    """Stop twice."""
    return _while_recording() + _while_echoing()


def _while_recording() -> list[Line]:
    """Call, stop, look at what is left."""
    with tempfile.TemporaryDirectory() as directory, serving("--echo", "--record", directory) as served:
        callers = [Caller(f"CA{number}") for number in range(CALLS)]
        took_s = asyncio.run(_call_and_stop(served, callers))
        complete = sum(_is_complete(caller, Path(directory)) for caller in callers)
        left = len(list(Path(directory).glob("*.part*")))
    codes = Counter(caller.close_code for caller in callers)
    status = served.process.returncode
    return [
        Line(
            f"SIGTERM with {CALLS} calls: goodbyes",
            f"{codes[1001]} (close codes {dict(codes)})",
            str(CALLS),
            codes[1001] == CALLS,
        ),
        Line(
            f"SIGTERM with {CALLS} calls: recordings closed, each all but {MOST_MISSING_MS} ms of what was said",
            f"{complete}, {left} incomplete",
            f"{CALLS}, 0 incomplete",
            complete == CALLS and not left,
        ),
        Line(
            f"SIGTERM with {CALLS} calls: time to exit, status",
            f"{took_s:.2f} s, status {status}",
            f"<= {MOST_S:.0f} s, status 0",
            took_s <= MOST_S and status == 0,
        ),
    ]


def _while_echoing() -> list[Line]:
    """Have more calls than another Python could make, and stop."""
    began_s = 0.0
    with serving("--echo") as served:

        def stop(second: Second, tally: Tally) -> None:
            nonlocal began_s
            if second.at_s > MANY_RAMP_S + AFTER_S and not began_s:
                began_s = time.monotonic()
                served.process.send_signal(signal.SIGTERM)

        load = Load(url=served.url, calls=MANY, ramp_s=MANY_RAMP_S, seconds=30, stamped=True)
        found = uvloop.run(run_load(load, stop))
        status = served.process.wait(60)
        took_s = time.monotonic() - began_s
    return [
        Line(
            f"SIGTERM with {MANY} calls: goodbyes",
            f"{found.ends.get('closed with 1001', 0)} ({found.ends})",
            str(MANY),
            found.ends == {"closed with 1001": MANY},
        ),
        Line(
            f"SIGTERM with {MANY} calls: time to exit, status",
            f"{took_s:.2f} s, status {status}",
            f"<= {MOST_S:.0f} s, status 0",
            took_s <= MOST_S and status == 0,
        ),
    ]


class Caller:
    """Somebody who speaks until the server hangs up."""

    def __init__(self, call_id: str) -> None:
        self.call_id = call_id
        self.speech = random.Random(call_id).randbytes(160 * 50 * 60)
        self.said = bytearray()
        self.said_before = 0  # bytes, before the server was told to stop
        self.close_code: int | None = None
        self.started = asyncio.Event()

    async def call(self, url: str) -> None:
        async with connect(url, compression=None) as socket:
            await socket.send(start(self.call_id))
            self.started.set()
            speaking = asyncio.create_task(say(socket, self.call_id, self.speech, self.said))
            try:
                while True:
                    await socket.recv()
            except ConnectionClosed:
                self.close_code = socket.close_code
            speaking.cancel()
            await asyncio.wait([speaking])


async def _call_and_stop(served: Served, callers: list[Caller]) -> float:
    async with asyncio.timeout(60), asyncio.TaskGroup() as calls:
        for caller in callers:
            calls.create_task(caller.call(served.url))
            await caller.started.wait()
        await asyncio.sleep(AFTER_S)
        for caller in callers:
            caller.said_before = len(caller.said)
        served.process.send_signal(signal.SIGTERM)
        began_s = time.monotonic()
        await asyncio.to_thread(served.process.wait, 60)
        return time.monotonic() - began_s


def _is_complete(caller: Caller, directory: Path) -> bool:
    """Say whether the caller has a complete recording, which is nearly all that was said until the end."""
    for sidecar in directory.glob("*.json"):
        facts = json.loads(sidecar.read_bytes())
        if facts["call_id"] == caller.call_id:
            (file,) = facts["files"]
            with WavReader(directory / file["name"]) as reader:
                recorded = reader.read()
            enough = len(recorded) >= max(caller.said_before - 8 * MOST_MISSING_MS, 8 * (AFTER_S - 1) * 1000)
            return enough and facts["ended"] is not None and bytes(caller.said).startswith(recorded)
    return False
