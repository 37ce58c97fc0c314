"""Where the processor time of a message pair goes, server by server: ``python -m benchmarks.calls.profile``.

perf looks at the server a thousand times a second and asks in which file the instruction is: the kernel, the event
loop, CPython, picows, phonewire's core. The shares, times the processor time of a message pair by getrusage, are the
columns; rounds of all servers in turn, medians. perf makes the server a little slower, so that the sums are for
comparing columns, not for the goals of `cpu` and `workers`. Names of servers as arguments choose some.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from benchmarks.calls.served import CORES, EchoServer, NotInstalledError
from benchmarks.calls.window import look_at
from benchmarks.calls.workers import sharing
from phonewire.load.usage import Usage

__all__ = ["COLUMNS", "column_of", "main", "shares"]

CALLS, RAMP_S, SECONDS, ROUNDS = 100, 2, 4, 5  # of one address only 20 may wait to be let in
LOOKS_A_SECOND = 999  # not a thousand, so that it does not beat with the clock's ticks

SUBJECTS = (
    "bare websockets",
    "bare websockets, two processes",
    "phonewire",
    "bare picows",
    "picows with a handler",
    "picows with a handler and the engine",
    "phonewire on picows",
    "bare ASGI",
    "phonewire under uvicorn",
    "FastAPI",
    "one worker",
    "two workers",
)
_WORKERS = {"one worker": 1, "two workers": 2}
_PROCESSES = {"bare websockets, two processes": 2}

#: What a mapped file belongs to, by what its path holds; the first that fits. Everything else is "other C".
COLUMNS = {
    "kernel": ("[kernel", "[vdso]", "vmlinux"),
    "uvloop": ("/uvloop/", "loop.cpython"),
    "picows": ("/picows/", "picows.cpython"),
    "core": ("/phonewire/_native/",),
    "CPython": ("libpython", "/python3", "_asyncio.", "_contextvars."),
}
OTHER = "other C"


def column_of(file: str) -> str:
    """Return the column that the time spent in a mapped file belongs to."""
    return next((name for name, marks in COLUMNS.items() if any(mark in file for mark in marks)), OTHER)


def shares(script: str) -> dict[str, float]:
    """Return each column's share of the looks that ``perf script -F ip,dso`` lists, one a line: ``address (file)``."""
    files = (line.rstrip().rpartition("(")[2].rstrip(")") for line in script.splitlines() if "(" in line)
    looks = Counter(map(column_of, files))
    return {name: looks[name] / max(looks.total(), 1) for name in (*COLUMNS, OTHER)}


def profile(name: str) -> dict[str, float]:
    """Look at a server once; return microseconds of a message pair by column.

    Raises:
        NotInstalledError: what it is made of is not there.
    """
    with _serving(name) as (url, processes, cpu_s), tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "perf.data"
        perf = subprocess.Popen(_recording(processes, record), stderr=subprocess.DEVNULL)
        seen = look_at(url, CALLS, RAMP_S, SECONDS, cpu_s)
        perf.wait(30)
        script = subprocess.run(
            ["perf", "script", "-i", record, "-F", "ip,dso"], capture_output=True, text=True, check=True
        )
    return {column: share * seen.pair_us for column, share in shares(script.stdout).items()}


@contextmanager
def _serving(name: str) -> Iterator[tuple[str, list[int], Callable[[], float]]]:
    """Serve; yield where, the ids of its processes, and what asks for their processor time."""
    if name in _WORKERS:
        with sharing(_WORKERS[name]) as (served, processes):
            yield served.url, processes, served.processor_s
    elif name in _PROCESSES:
        with _sharing_bare(_PROCESSES[name]) as servers:
            usages = [Usage(server.pid) for server in servers]
            yield servers[0].url, [server.pid for server in servers], lambda: sum(each.cpu_s() for each in usages)
    else:
        with EchoServer(name) as server:
            yield server.url, [server.pid], lambda: float(server.used()["cpu_s"])


@contextmanager
def _sharing_bare(processes: int) -> Iterator[list[EchoServer]]:
    """Serve with so many processes of the bare echo on one core, which share a port as workers do."""
    with ExitStack() as stack:
        first = stack.enter_context(EchoServer("bare websockets"))
        port = urlsplit(first.url).port
        others = [stack.enter_context(EchoServer("bare websockets", port)) for _ in range(processes - 1)]
        yield [first, *others]


def _recording(processes: list[int], record: Path) -> list[str]:
    """Return the command that looks at processes while all calls speak."""
    pids = ",".join(map(str, processes))
    looks = ["perf", "record", "-q", "-e", "cpu-clock", "-F", str(LOOKS_A_SECOND), "-p", pids, "-o", str(record)]
    return ["sh", "-c", f"sleep {RAMP_S + 1}; exec {' '.join(looks)} -- sleep {SECONDS}"]


def main() -> None:
    """Look at all of them, and print a table."""
    if shutil.which("perf") is None:
        sys.exit("perf is not installed; on Debian it is in the package linux-perf")
    if unknown := set(sys.argv[1:]) - set(SUBJECTS):
        sys.exit(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(SUBJECTS)}")
    os.sched_setaffinity(0, {CORES[1]})
    found: dict[str, list[dict[str, float]]] = {name: [] for name in sys.argv[1:] or SUBJECTS}
    for _ in range(ROUNDS):
        for name in list(found):
            try:
                found[name].append(profile(name))
            except NotInstalledError as error:
                print(f"{name} is left out: {error}", flush=True)
                del found[name]
    columns = (*COLUMNS, OTHER)
    print(f"{'us a message pair':38}" + "".join(f"{column:>9}" for column in (*columns, "sum")))
    for name, rounds in found.items():
        medians = [median(each[column] for each in rounds) for column in columns]
        print(f"{name:38}" + "".join(f"{figure:9.1f}" for figure in (*medians, sum(medians))))


if __name__ == "__main__":
    main()
