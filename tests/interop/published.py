"""Clients that others have published, as programs of their own."""

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

FOLDER = Path(__file__).parent
TUTORIAL = FOLDER / "tutorial_clients.md"
URL = "wss://api.voipbin.net/v1.0/calls"
UUID = "652af662-eb45-11ee-b1a5-6fde165f9226"
TOKEN = "t0ken"


def published(name: str, changes: Mapping[str, str] | None = None) -> str:
    """Return a block of the tutorial with *changes*, each of which has exactly one place."""
    (source,) = re.findall(rf"```{name}\n(.*?)```", TUTORIAL.read_text(), re.DOTALL)
    for old, new in (changes or {}).items():
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    return source


@contextlib.asynccontextmanager
async def running(*command: str | Path, folder: Path) -> AsyncIterator[asyncio.StreamReader]:
    """Run a program in *folder*; yield what it prints. When the block is left it ends, and all that it has begun."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        limit=1 << 24,
    )
    try:
        yield process.stdout
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def printed(*command: str | Path, folder: Path, last: str) -> list[str]:
    """Run a program until it prints *last*, or ends; return its lines."""
    lines: list[str] = []
    async with running(*command, folder=folder) as output:
        async for line in output:
            lines.append(line.decode().rstrip("\n"))
            if lines[-1] == last:
                break
    return lines
