"""A server of `benchmarks.calls.servers` in a process of its own, on a core of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from types import TracebackType
from typing import Any, Self

__all__ = ["CORES", "EchoServer", "NotInstalledError", "allow_descriptors"]

_ALL = os.sched_getaffinity(0) if sys.platform == "linux" else {0}
#: The server's, and ours; one and the same where there is only one.
CORES = (min(_ALL), max(_ALL))


class NotInstalledError(Exception):
    """What the server is made of is not there."""


class EchoServer:
    """The server while the block lasts.

    Args:
        name: one of `servers.SERVERS`.
        port: that it shares with another process; one of its own by default.

    Attributes:
        url: where it takes Twilio's streams.
        pid: of its process.

    Raises:
        NotInstalledError: on entering.
    """

    url: str
    pid: int

    def __init__(self, name: str, port: int | None = None) -> None:
        self._arguments = [name] if port is None else [name, str(port)]

    def __enter__(self) -> Self:
        self._log = tempfile.TemporaryFile("w+")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.calls.servers", *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self.pid = self._process.pid
        os.sched_setaffinity(self.pid, {CORES[0]})
        assert self._process.stdout is not None
        port = self._process.stdout.readline().strip()
        if not port:
            self.__exit__(None, None, None)
            raise NotInstalledError(self._why)
        self.url = f"ws://127.0.0.1:{port}/twilio"
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self._process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
        self._log.seek(0)
        self._why = (self._log.read().splitlines() or ["it ended"])[-1]
        self._log.close()

    def used(self, *, settled: bool = False) -> Any:
        """Return what it has used up to now: cpu_s, resident_bytes, descriptors, tasks.

        Args:
            settled: without garbage.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("settled\n" if settled else "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


def allow_descriptors(count: int) -> bool:
    """Let this process, and those that it starts from now on, have so many descriptors; return whether they may."""
    import resource  # there is none on Windows, where tests import this file

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= count:
        return True
    allowed = count if hard == resource.RLIM_INFINITY else min(count, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return allowed == count
