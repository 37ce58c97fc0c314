"""Servers as processes of their own."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from phonewire.load.usage import Usage

__all__ = ["Served", "serving", "serving_roomy"]


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


def serving(*arguments: str) -> AbstractContextManager[Served]:
    """Serve Twilio streams of anybody with ``phonewire serve``."""
    return _serving("phonewire", "serve", "--port", "0", "--twilio", "/twilio", "--auth", "none", *arguments)


def serving_roomy() -> AbstractContextManager[Served]:
    """Serve an echo with a wide door, see `roomy`."""
    return _serving("tests.drills.roomy")


@contextmanager
def _serving(module: str, *arguments: str) -> Iterator[Served]:
    """Run a server until the block is left; what its log says is shown only when it does not start."""
    with (
        tempfile.TemporaryFile("w+") as log,
        subprocess.Popen(
            [sys.executable, "-u", "-m", module, *arguments], text=True, stdout=subprocess.PIPE, stderr=log
        ) as process,
    ):
        try:
            found = re.search(r"ws://\S+", process.stdout.readline())
            if found is None:
                log.seek(0)
                raise RuntimeError(f"the server did not start: {log.read()}")
            yield Served(process, found.group())
        finally:
            process.kill()
