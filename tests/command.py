"""The command in this process, and in one of its own: fixtures for the tests of the command and of the pages."""

import contextlib
import logging
import os
import re
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner

from phonewire.cli import main

__all__ = ["Served", "killed_at_the_end", "logging_as_it_was", "run", "served_process", "serving"]


@pytest.fixture(autouse=True)
def logging_as_it_was():
    logger = logging.getLogger("phonewire")
    before = logger.handlers[:], logger.level
    yield
    logger.handlers[:], level = before
    logger.setLevel(level)


@pytest.fixture
def run():
    """Run ``phonewire ARGUMENTS`` and return what it printed and its exit code."""

    def invoke(*arguments, **environment):
        env = dict.fromkeys([name for name in os.environ if name.startswith("PHONEWIRE_")]) | environment
        result = CliRunner().invoke(main, [str(argument) for argument in arguments], env=env, prog_name="phonewire")
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert "Traceback" not in result.output
        return result

    return invoke


class Served:
    """A running server and, once it has stopped, what it said."""

    def __init__(self, process):
        self.process = process
        self.lines = []
        self.output = ""

    def read_until(self, text):
        while text not in "".join(self.lines):
            line = self.process.stdout.readline()
            assert line, f"the server ended: {''.join(self.lines)}"
            self.lines.append(line)

    @property
    def url(self):
        return re.search(r"wss?://[0-9.]+:[0-9]+", "".join(self.lines)).group()

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=60)
        self.output = "".join(self.lines) + rest
        return self.process.returncode


@contextlib.contextmanager
def killed_at_the_end(process):
    """Kill a process that is still there: a test that fails would wait for it without end."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.kill()


@contextlib.contextmanager
def served_process(*arguments, command=("serve", "--port", "0"), ready="on ws", before="", **environment):
    code = f"{before}\nfrom phonewire.cli import main; main()"
    command = [sys.executable, "-u", "-c", code, *command, *arguments]
    env = {name: value for name, value in os.environ.items() if not name.startswith("PHONEWIRE_")} | environment
    with (
        subprocess.Popen(
            [str(each) for each in command], env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process,
        killed_at_the_end(process),
    ):
        served = Served(process)
        served.read_until(ready)
        yield served


@pytest.fixture
def serving():
    """Run ``phonewire serve ARGUMENTS`` as a process of its own: ``with serving("--auth", "none") as served``."""
    return served_process
