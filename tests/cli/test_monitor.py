"""``phonewire serve --monitor``: its URL, who may look, and a clean end."""

import asyncio
import contextlib
import json
import re
import signal
import urllib.error
import urllib.request

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from phonewire.emulators.asterisk import AsteriskCaller
from phonewire.emulators.twilio import TwilioCaller


def status(url, **headers):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as response:
            return response.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def url_of(served):
    return re.search(r"^monitor on (http://127\.0\.0\.1:\d+/\?token=\S+)$", "".join(served.lines), re.MULTILINE)[1]


def feed_of(url):
    return connect(url.replace("http", "ws", 1).replace("/?", "/feed?"), compression=None)


async def snapshot(socket, condition):
    while True:
        message = await socket.recv()
        if isinstance(message, str) and condition(told := json.loads(message)):
            return told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_shows_calls_of_all_servers_until_it_is_stopped(number, serving):
    arguments = ("--auth", "none", "--twilio", "/twilio", "--audiosocket", "127.0.0.1:0", "--echo", "--monitor")
    with serving(*arguments, ready="monitor on") as served:
        url = url_of(served)
        port = int(re.search(r"AudioSocket.*?:(\d+)", "".join(served.lines))[1])
        assert await asyncio.to_thread(status, url) == 200
        assert await asyncio.to_thread(status, url[:-1]) == 401
        assert await asyncio.to_thread(status, url, Host="evil.example") == 403
        async with (
            asyncio.timeout(60),
            feed_of(url) as socket,
            TwilioCaller(served.url + "/twilio") as caller,
            AsteriskCaller("127.0.0.1", port),
        ):
            shown = await snapshot(socket, lambda told: told["total"] == 2)
            assert {call["protocol"] for call in shown["calls"]} == {"twilio", "audiosocket"}
            (key,) = (call["key"] for call in shown["calls"] if call["protocol"] == "twilio")
            await socket.send(json.dumps({"detail": key, "listen": key}))
            await caller.say(b"\x20" * 1600)
            audio = b""
            while b"\x20" not in caller.heard or not audio.strip(b"\0"):
                message = await socket.recv()
                audio += message[2:] if isinstance(message, bytes) else b""
            served.process.send_signal(number)
            ended = set()
            with contextlib.suppress(ConnectionClosed):
                while True:
                    told = await snapshot(socket, lambda told: told["type"] == "snapshot")
                    ended |= {call["state"] for call in told["ended"]}
            assert socket.close_code == 1001
            assert ended == {"closed"}
        assert await asyncio.to_thread(served.process.wait, 60) == 0
        assert served.stop() == 0
    assert served.output.endswith("stopped\n")
    warnings = [line for line in served.output.splitlines() if "INFO" not in line and "monitor: " in line]
    assert [line.rpartition(" ")[2] for line in warnings] == ["401", "403"]
    token = url.partition("=")[2]
    assert served.output.count(token) == 1
    assert not re.search("Traceback|never retrieved|was destroyed|ERROR", served.output)


async def test_a_port_of_choice(serving, unused_tcp_port):
    with serving("--auth", "none", "--monitor", str(unused_tcp_port), ready="monitor on") as served:
        assert f"127.0.0.1:{unused_tcp_port}/?token=" in url_of(served)
        assert served.stop() == 0


def test_a_port_that_is_taken(run, unused_tcp_port):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", unused_tcp_port))
        taken.listen()
        result = run("serve", "--auth", "none", "--port", "0", "--monitor", unused_tcp_port)
        assert result.exit_code == 1
        assert "address already in use" in result.stderr.lower()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--monitor", "0.0.0.0:8091"], "loopback only, such as 127.0.0.1 or ::1, got '0.0.0.0'"),
        (["--monitor", "[::]:8091"], "loopback only"),
        (["--monitor", "example.com:8091"], "loopback only"),
        (["--monitor", "65536"], "'127.0.0.1:65536' is not an address and a port"),
        (["--monitor", "here"], "'here' is not an address and a port"),
        (["--twilio", "/twilio", "--monitor", "--workers", "2"], "--monitor shows the calls of one process"),
    ],
)
def test_says_what_it_does_not_understand(run, arguments, message):
    result = run("serve", "--auth", "none", *arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


def test_help_tells_of_it(run):
    text = " ".join(run("serve", "--help").output.split())
    assert "--monitor [PORT]" in text
    assert "its URL, with a token, is printed" in text
