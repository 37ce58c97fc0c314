"""docs/proxy.md: HAProxy and nginx with the files that it includes carry a signed call; its tables are the code's."""

import ast
import asyncio
import contextlib
import json
import re
import shlex
import shutil
import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from websockets.asyncio.client import connect as dial
from websockets.exceptions import InvalidStatus

import phonewire
from phonewire.aio.server.address import Proxies
from phonewire.auth import Request, TwilioSignature, sign_twilio
from phonewire.cli import main
from phonewire.emulators.twilio import TwilioCaller
from tests.cluster.conftest import free_port, process, until_open

ROOT = Path(__file__).parents[2]
FILES = ROOT / "examples" / "proxy"
PAGE = (ROOT / "docs" / "proxy.md").read_text()
SERVER, DRAIN = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
TOKEN, PUBLIC = "a token", "wss://calls.example.com"


class Site:
    """A server, and what a proxy in front of it is started with.

    Attributes:
        callers: addresses of those who called.
        called: somebody has.
    """

    def __init__(self):
        self.callers, self.called = [], asyncio.Event()
        endpoints = [
            phonewire.Endpoint("/twilio", "twilio", auth=TwilioSignature([TOKEN])),
            phonewire.Endpoint("/public", "twilio", auth=TwilioSignature([TOKEN], PUBLIC)),
        ]
        observe = phonewire.Observe(address=("127.0.0.1", 0))
        self.server = phonewire.serve(self.echo, endpoints=endpoints, trusted_proxies=["127.0.0.1"], observe=observe)

    async def echo(self, call):
        self.callers.append(call.peer)
        self.called.set()
        async for frame in call.frames():
            await call.write(frame.pcm)

    def configured(self, name, port, certificate):
        """Return the text of a file of the page, with other ports and another certificate."""
        text = (FILES / name).read_text().replace("127.0.0.1:8080", f"127.0.0.1:{self.server.port}")
        text = text.replace("port 9090", f"port {self.server.observe_port}")
        text = re.sub(r"bind :443|listen 443", lambda found: f"{found[0].split()[0]} 127.0.0.1:{port}", text)
        return re.sub(r"/etc/\w+/calls.pem", str(certificate), text)


@contextlib.asynccontextmanager
async def behind(program, authority, folder):
    """Run a server behind a proxy; yield it, and the proxy's port."""
    if shutil.which(program) is None:
        pytest.skip(f"{program}: apt-get install {program}")
    certificate, port = folder / "calls.pem", free_port()
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(certificate)
    site = Site()
    async with site.server:
        file = folder / program
        file.write_text(site.configured({"haproxy": "haproxy.cfg", "nginx": "nginx.conf"}[program], port, certificate))
        alone = f"daemon off; master_process off; pid {folder}/nginx.pid;"  # no worker that outlives it
        command = {
            "haproxy": ["haproxy", "-db", "-f", file],
            "nginx": ["nginx", "-c", file, "-p", folder, "-g", alone],
        }[program]
        with process(*command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
            await asyncio.to_thread(until_open, port)
            yield site, port


@pytest.mark.parametrize("program", ["haproxy", "nginx"])
async def test_a_signed_call_through_a_proxy(program, authority, trusted, tmp_path, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    async with behind(program, authority, tmp_path) as (_, port):
        url = f"wss://localhost:{port}"
        for path, signed in (("/twilio", None), ("/public", f"{PUBLIC}/public")):
            async with TwilioCaller(url + path, auth_token=TOKEN, signed_url=signed) as caller:
                await caller.say(bytes(range(0x60)) * 10)
                while bytes(range(0x60)) not in caller.heard:
                    assert caller.close_code is None
                    await caller.listen(0.02)
        with pytest.raises(InvalidStatus, match="401"):
            await TwilioCaller(url + "/public", auth_token="another").__aenter__()


@pytest.mark.parametrize("program", ["haproxy", "nginx"])
async def test_whom_the_proxy_saw_is_believed_and_nobody_else(program, authority, trusted, tmp_path, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    if not is_this_machine("127.0.0.3"):
        pytest.skip("127.0.0.3: on Linux the whole of 127.0.0.0/8 is this machine")
    async with behind(program, authority, tmp_path) as (site, port):
        headers = {"X-Twilio-Signature": sign_twilio(TOKEN, f"{PUBLIC}/public"), "X-Forwarded-For": "203.0.113.9"}
        start = {"event": "start", "start": {"callSid": "CA1", "streamSid": "MZ1"}}
        elsewhere = {"host": "127.0.0.1", "local_addr": ("127.0.0.3", 0)}
        async with dial(f"wss://localhost:{port}/public", additional_headers=headers, **elsewhere) as caller:
            await caller.send(json.dumps(start))
            await site.called.wait()
        assert site.callers == ["127.0.0.3"]


async def test_who_is_stopped_gets_no_more_calls_and_keeps_those_that_it_has(authority, trusted, tmp_path, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    async with behind("haproxy", authority, tmp_path) as (site, port):
        url = f"wss://localhost:{port}/public"
        signed = {"auth_token": TOKEN, "signed_url": f"{PUBLIC}/public"}
        async with TwilioCaller(url, **signed) as caller:
            await site.called.wait()
            names = {"asyncio": asyncio, "server": site.server}
            draining = asyncio.create_task(eval(compiled(DRAIN), names))
            await asyncio.sleep(0)  # for it to begin
            assert await asyncio.to_thread(status, site.server.observe_port) == 503
            with pytest.raises(InvalidStatus, match="503"):
                await TwilioCaller(url, **signed).__aenter__()
            await caller.say(bytes(range(0x60)) * 10)
            while bytes(range(0x60)) not in caller.heard:
                await caller.listen(0.02)
        await draining


def is_this_machine(address):
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
        return True


def compiled(source):
    return compile(source, "docs/proxy.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def status(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as response:
            return response.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_the_program_is_a_server():
    names = {"phonewire": phonewire, "TwilioSignature": TwilioSignature, "bot": lambda call: None, "token": TOKEN}
    exec(SERVER, names)
    assert isinstance(names["server"], phonewire.Server)


def test_the_table_of_callers():
    rows = re.findall(r"^\| `([\d.]+)` \| (.+?) \| `([\d./]+)` \| `([\d.]+)` \|$", PAGE, re.MULTILINE)
    assert len(rows) == 6
    for address, forwarded, proxies, caller in rows:
        values = [] if forwarded == "nothing" else [forwarded.strip("`")]
        assert Proxies([proxies]).client(address, values) == caller


def test_the_table_of_public_urls():
    rows = re.findall(r"^\| `(wss://[^`]+)`.*? \| `(/\w+)` \| `(wss://[^`]+)` \|$", PAGE, re.MULTILINE)
    assert len(rows) == 3
    for called, path, public_url in rows:
        headers = [("Host", "127.0.0.1:8080"), ("X-Twilio-Signature", sign_twilio(TOKEN, called))]
        TwilioSignature([TOKEN], public_url).verify(Request("GET", path, headers), 0)


def test_the_unit_starts_what_there_is(tmp_path):
    unit = (FILES / "phonewire.service").read_text()
    (line,) = re.findall(r"^ExecStart=(.*)$", unit.replace("\\\n", " "), re.MULTILINE)
    program, command, *arguments = shlex.split(line.replace("/var/lib/phonewire", str(tmp_path)))
    assert (Path(program).name, command) == ("phonewire", "serve")
    options = main.get_command(None, "serve").make_context("serve", arguments).params
    assert options["drain_seconds"] + options["stop_seconds"] < int(re.search(r"TimeoutStopSec=(\d+)", unit)[1])
    assert options["workers"] > 1
    calls = phonewire.Limits().calls
    assert f"LimitNOFILE={calls * 2 + 64}" in unit


def test_both_files_and_the_unit_are_included():
    included = re.findall(r"{literalinclude} \.\./(\S+)", PAGE)
    assert len(included) == len(list(FILES.iterdir()))
    assert all((ROOT / name).is_file() for name in included)
