"""One of the servers as a process of its own, on uvloop; the port behind its name it shares with another process.

Prints its port, then, for each line that it is sent, what it has used, for ``settled`` without garbage; ends with its
input.
"""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import sys
from pathlib import Path

import uvloop

from benchmarks.calls.servers import serving


def used() -> dict[str, float]:
    """Return seconds of a processor, and what is kept now."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "resident_bytes": int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize(),
        "descriptors": sum(1 for _ in Path("/proc/self/fd").iterdir()),
        "tasks": len(asyncio.all_tasks()),
    }


async def serve(name: str, port: str | None = None) -> None:
    """Serve until the input ends."""
    over = asyncio.Event()

    def answer() -> None:
        if line := sys.stdin.readline():
            if line == "settled\n":
                gc.collect()
            print(json.dumps(used()), flush=True)
        else:
            asyncio.get_running_loop().remove_reader(sys.stdin)
            over.set()

    async with serving(name, **({} if port is None else {"port": int(port)})) as listens_at:
        asyncio.get_running_loop().add_reader(sys.stdin, answer)
        print(listens_at, flush=True)
        await over.wait()


if __name__ == "__main__":
    uvloop.run(serve(*sys.argv[1:]))
