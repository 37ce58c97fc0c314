"""Two servers, a Redis, and a balancer in front of them, each a process of its own on loopback."""

import base64
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import trustme

from phonewire.wav import WavInfo, WavWriter

FILES = Path(__file__).parents[2] / "examples" / "cluster"
SPEECH = bytes(range(0x60)) * 10  # 120 ms
KEY, SECRET = "key-1", base64.b64encode(b"a secret of Genesys").decode()
#: What the tests run, and the Debian package of each.
PROGRAMS = {"redis-server": "redis-server", "haproxy": "haproxy", "nginx": "nginx-light"}


def pytest_runtest_setup():
    """Leave these tests to ``make test-cluster``, which takes its time, and leaves out none for want of a program."""
    if "PHONEWIRE_CLUSTER" not in os.environ:
        pytest.skip("make test-cluster runs it")
    if missing := [package for program, package in PROGRAMS.items() if shutil.which(program) is None]:
        pytest.fail(f"needs the Debian packages {', '.join(missing)}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until_open(port):
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens on port {port}")


@contextlib.contextmanager
def process(*command, **options):
    with subprocess.Popen([str(each) for each in command], **options) as running:
        try:
            yield running
        finally:
            if running.poll() is None:
                running.kill()


class Node:
    """A server, ``phonewire serve``."""

    def __init__(self, name, redis_url, prompts):
        self.name = name
        self.port, self.observe = free_port(), free_port()
        self._command = [sys.executable, "-m", "phonewire", "serve", "--port", self.port, "--echo"]
        self._command += ["--auth", "none", "--twilio", "/twilio", "--audiohook", "/audiohook"]
        self._command += ["--public-url", "wss://calls.example.com"]
        self._command += ["--observe", f"127.0.0.1:{self.observe}", "--trusted-proxy", "127.0.0.1"]
        self._command += ["--redis", redis_url, "--node", name, "--prompts", prompts, "--drain-seconds", "120"]
        self.process = None

    @contextlib.contextmanager
    def run(self):
        environment = os.environ | {"PHONEWIRE_AUDIOHOOK_KEY": KEY, "PHONEWIRE_AUDIOHOOK_SECRET": SECRET}
        with process(*self._command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
            self.process = running
            until_open(self.observe)
            until_open(self.port)
            yield self

    def page(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.observe}{path}", timeout=10) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    @property
    def calls(self):
        """Calls that go on here."""
        found = re.search(r'^phonewire_calls{protocol="twilio"} ([0-9.]+)$', self.page("/metrics")[1], re.MULTILINE)
        return 0 if found is None else int(float(found.group(1)))

    def refused(self, reason):
        """How many peers were sent away for a reason."""
        (count,) = re.findall(
            rf'^phonewire_refused_total{{reason="{reason}"}} ([0-9.]+)$', self.page("/metrics")[1], re.M
        )
        return int(float(count))

    def send_signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)


@pytest.fixture
def redis(tmp_path):
    """A Redis: its URL, and the process."""
    port = free_port()
    command = [
        "redis-server",
        "--port",
        port,
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--appendonly",
        "no",
        "--dir",
        "/tmp",
    ]
    with process(*command, stdout=subprocess.DEVNULL, cwd=tmp_path) as running:
        until_open(port)
        yield f"redis://127.0.0.1:{port}", running


@pytest.fixture
def nodes(redis, tmp_path):
    """Two servers."""
    prompts = tmp_path / "prompts"
    prompts.mkdir()
    with WavWriter(prompts / "hello.wav", WavInfo("ulaw", 8000, 1)) as writer:
        writer.write(SPEECH)
    with Node("a", redis[0], prompts).run() as a, Node("b", redis[0], prompts).run() as b:
        yield a, b


@pytest.fixture
def balancer(nodes, tmp_path, monkeypatch):
    """Run HAProxy or nginx with the file that is shipped, its addresses replaced; return the URL."""
    authority = trustme.CA()
    certificate = tmp_path / "calls.pem"
    authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(certificate)
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    with contextlib.ExitStack() as stack:

        def start(program):
            port = free_port()
            text = (FILES / {"haproxy": "haproxy.cfg", "nginx": "nginx.conf"}[program]).read_text()
            for node, address in zip(nodes, ("10.0.0.11", "10.0.0.12"), strict=True):
                text = text.replace(f"{address}:8080", f"127.0.0.1:{node.port}")
                text = text.replace(f"addr {address} port 9090", f"addr 127.0.0.1 port {node.observe}")
            text = text.replace("10.0.0.2:443", f"127.0.0.1:{port}")
            text = re.sub(r"/etc/\w+/calls.pem", str(certificate), text)
            file = tmp_path / program
            file.write_text(text)
            alone = f"daemon off; master_process off; pid {tmp_path}/nginx.pid;"  # no worker that outlives it
            command = {
                "haproxy": ["haproxy", "-db", "-f", file],
                "nginx": ["nginx", "-c", file, "-p", tmp_path, "-g", alone],
            }[program]
            stack.enter_context(process(*command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            until_open(port)
            return f"wss://localhost:{port}"

        yield start
