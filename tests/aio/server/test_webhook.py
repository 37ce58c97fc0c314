"""Signed forms on the port that takes the calls, sent by an ordinary HTTP client."""

import asyncio
import http.client
import logging
import ssl
import urllib.parse

import pytest
from twilio.request_validator import RequestValidator

import phonewire
from phonewire.auth import TwilioSignature

pytestmark = pytest.mark.usefixtures("wire")

TOKEN = "12345"
FORM = {"CallSid": "CA1", "From": "+14158675309", "To": "+18005551212"}
ANSWER = '<?xml version="1.0" encoding="UTF-8"?><Response><Connect/></Response>'


def fetch(connection, method, target, body=None, headers=()):
    """Send one request and return (status, content type, body); runs in a thread."""
    try:
        connection.request(method, target, body, dict(headers))
        response = connection.getresponse()
        return response.status, response.getheader("Content-Type"), response.read().decode()
    finally:
        connection.close()


def form_headers(port, form, token=TOKEN, target="/voice"):
    signature = RequestValidator(token).compute_signature(f"https://127.0.0.1:{port}{target}", form)
    return {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature}


class Office:
    """A server with a webhook, and what the webhook was told."""

    def __init__(self, respond=None, proxies=(), **options):
        self.forms = []
        self.webhook = phonewire.Webhook("/voice", respond or self.take, auth=TwilioSignature([TOKEN]))
        self.proxies, self.options = proxies, options

    def take(self, form):
        self.forms.append(dict(form))
        return ANSWER

    async def __aenter__(self):
        endpoint = phonewire.Endpoint("/twilio", "twilio", auth=None)
        limits = phonewire.Limits(**self.options)
        self.server = phonewire.serve(
            hang_up, endpoints=[endpoint], webhooks=[self.webhook], limits=limits, trusted_proxies=self.proxies
        )
        await self.server.__aenter__()
        self.port = self.server.port
        self.tls = ssl.create_default_context() if self.server.url.startswith("wss") else None
        return self

    async def __aexit__(self, *exc):
        await self.server.__aexit__(*exc)

    async def fetch(self, *args, **kwargs):
        if self.tls is None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        else:
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=10, context=self.tls)
        return await asyncio.to_thread(fetch, connection, *args, **kwargs)

    async def open(self):
        return await asyncio.open_connection("127.0.0.1", self.port, ssl=self.tls)


async def hang_up(call):
    del call


async def test_a_signed_form_is_answered():
    async with Office() as office:
        body = urllib.parse.urlencode(FORM)
        answer = await office.fetch("POST", "/voice", body, form_headers(office.port, FORM))
        assert answer == (200, "text/xml; charset=utf-8", ANSWER)
        assert office.forms == [FORM]


async def test_a_signed_get_is_answered():
    async with Office() as office:
        target = "/voice?" + urllib.parse.urlencode(FORM)
        answer = await office.fetch("GET", target, headers=form_headers(office.port, {}, target=target))
        assert answer == (200, "text/xml; charset=utf-8", ANSWER)
        assert office.forms == [FORM]


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_forged_form_is_refused(method):
    async with Office() as office:
        body = urllib.parse.urlencode(FORM) if method == "POST" else None
        answer = await office.fetch(method, "/voice", body, form_headers(office.port, FORM, token="wrong"))
        assert answer[0] == 401
        assert office.forms == []


@pytest.mark.parametrize("asked", [b"POST /voice", b"GET /voice?CallSid=CA1"])
def test_a_flood_of_forged_forms_is_counted_and_writes_ten_lines_a_second(virtual, caplog, asked):
    async def main():
        async with Office() as office:
            for _ in range(100):
                reader, writer = await office.open()
                writer.write(asked + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
                assert (await reader.readline()).split()[1] == b"401"
                writer.close()
            assert office.server.refused == {"unauthenticated": 100}

    virtual(main())
    *lines, last = caplog.records
    assert len(lines) == 10
    (about,) = {(record.event, record.peer.partition(":")[0], record.reason, record.path) for record in lines}
    assert about == ("refused", "127.0.0.1", "unauthenticated", "/voice")
    assert (last.event, last.lines) == ("lines_suppressed", 90)


async def test_a_page_of_a_stranger_that_posts_is_counted():
    async with Office() as office:
        headers = form_headers(office.port, FORM) | {"Origin": "https://evil.example"}
        assert (await office.fetch("POST", "/voice", urllib.parse.urlencode(FORM), headers))[0] == 403
        assert office.server.refused == {"bad_origin": 1}


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_behind_a_proxy_it_is_told_who_forges(caplog, method):
    async with Office(proxies=["127.0.0.1"]) as office:
        for client in ("203.0.113.7", "203.0.113.8"):
            assert (await office.fetch(method, "/voice", headers={"X-Forwarded-For": client}))[0] == 401
    assert [record.peer for record in caplog.records] == ["203.0.113.7", "203.0.113.8"]


async def test_nothing_to_say_is_204():
    async with Office(respond=lambda form: None) as office:
        body = urllib.parse.urlencode(FORM)
        answer = await office.fetch("POST", "/voice", body, form_headers(office.port, FORM))
        assert answer == (204, None, "")


async def test_a_webhook_that_raises_is_500_and_the_server_lives(caplog):
    def broken(form):
        raise RuntimeError(form)

    async with Office(respond=broken) as office:
        for _ in range(2):
            answer = await office.fetch("POST", "/voice", "", form_headers(office.port, {}))
            assert answer[0] == 500
            assert "RuntimeError" not in answer[2]
    for record in (each for each in caplog.records if each.levelno == logging.ERROR):
        assert (record.event, record.what, record.path) == ("raised", "webhook", "/voice")
        assert record.peer.startswith("127.0.0.1:")
        assert record.exc_info[0] is RuntimeError
    assert sum(record.levelno == logging.ERROR for record in caplog.records) == 2


@pytest.mark.parametrize(
    ("method", "target", "body", "status"),
    [
        ("POST", "/nowhere", "", 404),
        ("POST", "/voice", "x" * 65_537, 413),
        ("POST", "/voice", "&".join(f"f{n}=1" for n in range(201)), 400),
        ("PUT", "/voice", "", 405),
        ("PATCH", "/voice", "", 405),
    ],
)
async def test_what_is_no_form_of_ours(method, target, body, status):
    async with Office() as office:
        assert (await office.fetch(method, target, body))[0] == status
        assert office.forms == []


@pytest.mark.parametrize("cut", [1, 4, 10, 40, 120])
async def test_a_form_may_come_in_pieces(cut):
    async with Office() as office:
        body = urllib.parse.urlencode(FORM)
        headers = {"Host": f"127.0.0.1:{office.port}", "Content-Length": str(len(body))}
        headers |= form_headers(office.port, FORM)
        head = "POST /voice HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        raw = (head + "\r\n" + body).encode()
        reader, writer = await office.open()
        for start in range(0, len(raw), cut):
            writer.write(raw[start : start + cut])
            await writer.drain()
        answer = await reader.read()
        writer.close()
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert answer.endswith(ANSWER.encode())


async def test_a_form_that_never_ends_is_cut_off(handshake_s):
    async with Office(handshake_s=handshake_s) as office:
        reader, writer = await office.open()
        writer.write(b"POST /voice HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nCallSid=")
        assert (await reader.read()).startswith(b"HTTP/1.1 408 ")
        writer.close()


async def test_what_comes_in_one_piece_with_a_form_that_is_too_long_is_not_read(eventually):
    """uvloop reads 250 KiB at once, also of who was answered after the first of them."""
    async with Office(form_bytes=1000) as office:
        reader, writer = await office.open()
        await eventually(lambda: office.server._gate._without_call)
        (connection,) = office.server._gate._without_call
        head = b"POST /voice HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"
        connection.data_received(head + bytes(100_000))
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert answer.endswith(b"Too long.\n")
        writer.close()


async def test_bytes_that_are_no_http_get_400():
    async with Office() as office:
        reader, writer = await office.open()
        writer.write(b"POST \0\0\0\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
        writer.close()


async def test_calls_come_in_beside_it():
    async with Office() as office:
        dialed = phonewire.connect(office.server.url + "/twilio", protocol="twilio")
        async with dialed as call:
            assert await call.wait_ended()


def test_a_path_begins_with_a_slash():
    with pytest.raises(ValueError, match="slash"):
        phonewire.Webhook("voice", lambda form: None, auth=None)
