"""The command in this process, and consumers that know nothing of phonewire."""

import base64
import contextlib
import json
import logging
import os
import re
import signal
import subprocess
import sys
import threading

import pytest
from click.testing import CliRunner
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve as serve_websocket

from phonewire.cli import main


@pytest.fixture(autouse=True)
def _logging_as_it_was():
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
        rest, _ = self.process.communicate(timeout=20)
        self.output = "".join(self.lines) + rest
        return self.process.returncode


@contextlib.contextmanager
def served_process(*arguments, command=("serve", "--port", "0"), ready="on ws", before="", **environment):
    code = f"{before}\nfrom phonewire.cli import main; main()"
    command = [sys.executable, "-u", "-c", code, *command, *arguments]
    env = {name: value for name, value in os.environ.items() if not name.startswith("PHONEWIRE_")} | environment
    with subprocess.Popen(
        [str(argument) for argument in command], env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        served = Served(process)
        try:
            served.read_until(ready)
            yield served
        finally:
            if process.poll() is None:
                process.kill()


@pytest.fixture
def serving():
    """Run ``phonewire serve ARGUMENTS`` as a process of its own: ``with serving("--auth", "none") as served``."""
    return served_process


class Consumer:
    """A WebSocket server in a thread: keeps what comes, closes as it is told."""

    def __init__(self):
        self.messages = []
        self.headers = None
        self.url = ""
        self.begun = threading.Event()
        self.over = threading.Event()

    @property
    def audio(self):
        payloads = [message["media"]["payload"] for message in self.messages if message["event"] == "media"]
        return b"".join(base64.b64decode(payload, validate=True) for payload in payloads)


@pytest.fixture
def consumer():
    """Close after *enough_bytes* (of *each* call) with *code*; None never closes, a status refuses the handshake."""
    with contextlib.ExitStack() as stack:

        def start(enough_bytes=None, code=1000, status=None, each=False):
            seen = Consumer()

            def handle(socket):
                seen.headers = socket.request.headers
                seen.begun.set()
                before = len(seen.audio) if each else 0
                with contextlib.suppress(ConnectionClosed):
                    for text in socket:
                        seen.messages.append(json.loads(text))
                        if enough_bytes is not None and len(seen.audio) - before >= enough_bytes:
                            break
                    close(socket, code)
                seen.over.set()

            def refuse(socket, request):
                return None if status is None else socket.respond(status, "no\n")

            server = stack.enter_context(serve_websocket(handle, "127.0.0.1", 0, process_request=refuse))
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            seen.url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
            return seen

        yield start


def close(socket, code):
    if code is None:
        socket.socket.close()  # vanish
        return
    closing = threading.Thread(target=socket.close, args=(code,))
    closing.start()
    for _ in socket:  # what was under way; unread, it would hold up the closing handshake
        pass
    closing.join()
