"""``phonewire serve`` as a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from phonewire.load.usage import Usage

__all__ = ["Served", "serving"]


@dataclass(frozen=True)
class Served:
    """A server that listens.

    Attributes:
        process: the server.
        url: with the path of its Twilio endpoint.
    """

    process: subprocess.Popen[str]
    url: str

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.split(":")[2].partition("/")[0])

    def processor_s(self) -> float:
        """How long it and its workers have kept a processor busy: what counts on a machine that has other work."""
        return Usage(self.process.pid).cpu_s()


@contextmanager
def serving(*arguments: str) -> Iterator[Served]:
    """Serve Twilio streams of anybody; what its log says is shown only when it does not start."""
    command = [sys.executable, "-u", "-m", "phonewire", "serve", "--port", "0", "--twilio", "/twilio", "--auth", "none"]
    with (
        tempfile.TemporaryFile("w+") as log,
        subprocess.Popen([*command, *arguments], text=True, stdout=subprocess.PIPE, stderr=log) as process,
    ):
        try:
            found = re.search(r"ws://\S+", process.stdout.readline())
            if found is None:
                log.seek(0)
                raise RuntimeError(f"the server did not start: {log.read()}")
            yield Served(process, found.group())
        finally:
            process.kill()
