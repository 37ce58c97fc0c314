"""Who gets to see the monitor: the token, the host, the origin, and what a browser is told of the page."""

import asyncio
import base64
import hashlib
import logging
import re
from http import HTTPStatus

import pytest
from websockets.asyncio.client import connect
from websockets.datastructures import Headers
from websockets.exceptions import InvalidStatus

import phonewire
from phonewire.aio.monitor.access import Access, check_loopback

TOKEN = "a-token-of-some-length"
HERE = "127.0.0.1:8091"


@pytest.mark.parametrize(
    ("host", "origin", "query", "refusal"),
    [
        (HERE, None, f"?token={TOKEN}", None),
        ("localhost:8091", None, f"?token={TOKEN}", None),
        ("LocalHost:8091", None, f"?token={TOKEN}", None),
        ("[::1]:8091", None, f"?token={TOKEN}", None),
        ("127.0.0.7:8091", None, f"?token={TOKEN}", None),  # what it was told to listen on
        (HERE, f"http://{HERE}", f"?token={TOKEN}", None),
        (HERE, None, f"?a=b&token={TOKEN}", None),
        (HERE, None, "", 401),
        (HERE, None, "?token=", 401),
        (HERE, None, f"?token={TOKEN}x", 401),
        (HERE, None, f"?token={TOKEN[:-1]}", 401),
        (HERE, None, f"?token={TOKEN}&token={TOKEN}", 401),
        (HERE, None, f"?Token={TOKEN}", 401),
        (HERE, None, f"?token={TOKEN}\udcff", 401),
        (None, None, f"?token={TOKEN}", 403),
        ("", None, f"?token={TOKEN}", 403),
        ("127.0.0.1", None, f"?token={TOKEN}", 403),
        ("127.0.0.1:8092", None, f"?token={TOKEN}", 403),
        ("127.0.0.1:8091:8091", None, f"?token={TOKEN}", 403),
        ("evil.example:8091", None, f"?token={TOKEN}", 403),  # DNS rebinding
        ("localhost.evil.example:8091", None, f"?token={TOKEN}", 403),
        ("evil.example", None, "", 403),
        (HERE, "http://evil.example", f"?token={TOKEN}", 403),
        (HERE, f"https://{HERE}", f"?token={TOKEN}", 403),
        (HERE, "http://127.0.0.1:8080", f"?token={TOKEN}", 403),  # another server's page, on this machine
        (HERE, "http://localhost:8091", f"?token={TOKEN}", 403),
        (HERE, "null", f"?token={TOKEN}", 403),
        (HERE, "", f"?token={TOKEN}", 403),
    ],
)
def test_who_is_refused(host, origin, query, refusal):
    headers = Headers()
    for name, value in (("Host", host), ("Origin", origin)):
        if value is not None:
            headers[name] = value
    assert Access(TOKEN, "127.0.0.7").refusal(f"/{query}", headers, 8091) == refusal


def test_headers_that_come_twice():
    twice = Headers([("Host", HERE), ("Host", HERE)])
    assert Access(TOKEN, "127.0.0.1").refusal(f"/?token={TOKEN}", twice, 8091) == HTTPStatus.FORBIDDEN
    twice = Headers([("Host", HERE), ("Origin", f"http://{HERE}"), ("Origin", f"http://{HERE}")])
    assert Access(TOKEN, "127.0.0.1").refusal(f"/?token={TOKEN}", twice, 8091) == HTTPStatus.FORBIDDEN


def test_port_80_needs_no_name():
    assert Access(TOKEN, "127.0.0.1").refusal(f"/?token={TOKEN}", Headers(Host="localhost"), 80) is None


def test_listens_on_loopback_only():
    assert [check_loopback(host) for host in ("localhost", "127.0.0.2", "::1")] == ["127.0.0.1", "127.0.0.2", "::1"]
    for host in ("0.0.0.0", "::", "10.0.0.1", "", "example.com", "127.1"):
        with pytest.raises(ValueError, match=f"loopback only, such as 127.0.0.1 or ::1, got '{host}'"):
            phonewire.Monitor((host, 0))


def test_takes_at_least_one_watcher():
    with pytest.raises(ValueError, match="max_watchers is at least 1, got 0"):
        phonewire.Monitor(max_watchers=0)


def test_has_no_url_before_it_listens():
    with pytest.raises(RuntimeError, match="has not been started"):
        _ = phonewire.Monitor().url


async def fetch(monitor, target, host=None, origin=None):
    """Ask as a browser does; return status, headers and body."""
    port = int(re.search(r":(\d+)/", monitor.url)[1])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    origin = f"Origin: {origin}\r\n" if origin else ""
    writer.write(f"GET {target} HTTP/1.1\r\nHost: {host or f'127.0.0.1:{port}'}\r\n{origin}\r\n".encode())
    head, _, body = (await reader.read(-1)).decode().partition("\r\n\r\n")
    writer.close()
    lines = head.split("\r\n")
    return int(lines[0].split()[1]), dict(line.split(": ", 1) for line in lines[1:]), body


async def test_the_page_is_for_who_has_the_token(phonewire_clock, caplog):
    async with phonewire.Monitor() as monitor:
        query = monitor.url.partition("/?")[2]
        status, headers, body = await fetch(monitor, f"/?{query}")
        assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert body.startswith("<!doctype html>")
        assert query.partition("=")[2] not in body
        assert (await fetch(monitor, f"/elsewhere?{query}"))[0] == 404
        assert not caplog.records
        with caplog.at_level(logging.WARNING, "phonewire.monitor"):
            assert (await fetch(monitor, "/"))[::2] == (401, "Unauthorized.\n")
            assert (await fetch(monitor, "/elsewhere"))[0] == 401  # what there is, only who may is told
            assert (await fetch(monitor, f"/?{query}", host="evil.example"))[::2] == (403, "Forbidden.\n")
            assert (await fetch(monitor, f"/?{query}", origin="http://evil.example"))[0] == 403
        assert [record.status for record in caplog.records] == [401, 401, 403, 403]
        assert "token" not in caplog.text


async def test_a_browser_is_told_to_keep_it_to_itself(phonewire_clock):
    async with phonewire.Monitor() as monitor:
        for target in (monitor.url.partition("/?")[2].join(["/?", ""]), "/"):
            _, headers, _ = await fetch(monitor, target)
            assert headers["Cache-Control"] == "no-store"
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Referrer-Policy"] == "no-referrer"
            assert headers["X-Frame-Options"] == "DENY"
            assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


async def test_only_the_page_s_own_script_and_feed_are_allowed(phonewire_clock):
    async with phonewire.Monitor() as monitor:
        host = re.search("//(.*?)/", monitor.url)[1]
        _, headers, body = await fetch(monitor, monitor.url.partition(host)[2])
        policy = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
    for element, rule in (("script", "script-src"), ("style", "style-src")):
        (text,) = re.findall(f"<{element}>(.*?)</{element}>", body, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert policy.pop(rule) == f"'sha256-{digest}'"
    assert policy == {
        "default-src": "'none'",
        "img-src": "data:",
        "connect-src": f"ws://{host}",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert not re.search(r"https?://", body)
    assert "innerHTML" not in body


async def test_the_feed_is_for_who_has_the_token(phonewire_clock):
    async with phonewire.Monitor() as monitor:
        feed = monitor.url.replace("http", "ws", 1).replace("/?", "/feed?")
        for url, options, status in (
            (feed.partition("?")[0], {}, 401),
            (feed[:-1], {}, 401),
            (feed, {"origin": "http://evil.example"}, 403),
            (feed, {"additional_headers": {"Host": "evil.example"}}, 403),
        ):
            with pytest.raises(InvalidStatus) as refused:
                await connect(url, **options)
            assert refused.value.response.status_code == status
        own = monitor.url.partition("/?")[0]
        async with connect(feed, origin=own) as socket:
            await socket.recv()


async def test_each_monitor_has_a_token_of_its_own(phonewire_clock):
    async with phonewire.Monitor() as one, phonewire.Monitor() as other:
        tokens = {monitor.url.partition("=")[2] for monitor in (one, other)}
        assert len(tokens) == 2
        assert min(map(len, tokens)) >= 43
