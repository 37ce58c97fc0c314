"""Attempts to connect against a server that answers what it is told to: one after another, with secrets, cancelled."""

import asyncio
import contextlib
import functools
import itertools
import logging
import traceback
import types
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from websockets.asyncio.server import serve

import phonewire
from phonewire.auth import Secret

CANARY = "c4n4ry-51c2"
AT_ONCE = phonewire.Redial(retries=5, first_s=0, most_s=0)


class Answering:
    """A server that refuses with each of *answers* (status, headers) in turn, and then accepts."""

    def __init__(self, tls, *answers):
        self.tls = tls
        self.answers = list(answers)
        self.requests = []

    async def __aenter__(self):
        quiet = logging.Logger("the server's own")  # it would log what it was sent
        self.server = await serve(self.talk, "127.0.0.1", 0, process_request=self.answer, logger=quiet, ssl=self.tls)
        self.url = f"{'wss' if self.tls else 'ws'}://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/twilio"
        return self

    async def __aexit__(self, *_):
        self.server.close()
        await self.server.wait_closed()

    def answer(self, connection, request):
        self.requests.append(request)
        if not self.answers:
            return None
        status, headers = self.answers.pop(0)
        response = connection.respond(HTTPStatus(status), "no\n")
        for name, value in headers.items():
            response.headers[name] = value
        return response

    async def talk(self, websocket):
        async for _ in websocket:
            pass


@pytest.fixture
def answering(tls):
    """Make a server: ``async with answering((503, {})) as server``."""
    return functools.partial(Answering, tls)


def dial(url, **options):
    return phonewire.connect(url, protocol="twilio", **options)


@pytest.mark.parametrize("status", [401, 403, 404, 301])
async def test_a_final_answer_ends_it(answering, status):
    async with answering((status, {"Location": "/elsewhere"})) as server:
        error = phonewire.AuthenticationError if status in (401, 403) else phonewire.HandshakeError
        with pytest.raises(error, match=str(status)):
            async with dial(server.url, redial=AT_ONCE):
                pass
        assert len(server.requests) == 1


async def test_an_answer_about_the_moment_does_not(answering):
    passing = [(503, {"Retry-After": "0"}), (429, {}), (502, {"Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT"})]
    async with answering(*passing) as server:
        async with dial(server.url, redial=AT_ONCE) as call:
            assert call.end_reason is None
        assert len(server.requests) == 4


async def test_retries_are_counted(answering):
    async with answering(*[(503, {})] * 9) as server:
        with pytest.raises(phonewire.HandshakeError, match="503"):
            async with dial(server.url, redial=AT_ONCE):
                pass
        assert len(server.requests) == 6


async def test_without_a_policy_there_is_one_attempt(answering):
    async with answering((503, {"Retry-After": "0"})) as server:
        with pytest.raises(phonewire.HandshakeError) as refused:
            async with dial(server.url):
                pass
        assert refused.value.retry_after_s == 0
        assert len(server.requests) == 1


async def test_a_server_that_asks_for_too_much_is_given_up(answering):
    async with answering((503, {"Retry-After": "3600"})) as server:
        with pytest.raises(phonewire.HandshakeError) as refused:
            async with dial(server.url, redial=AT_ONCE):
                pass
        assert refused.value.retry_after_s == 3600
        assert len(server.requests) == 1


async def test_a_server_that_hangs_up_is_asked_again(tls):
    async def hang_up(_, writer):
        nonlocal connections
        connections += 1
        writer.close()

    connections = 0
    async with await asyncio.start_server(hang_up, "127.0.0.1", 0, ssl=tls) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(phonewire.RemoteProtocolError, match="hung up"):
            async with dial(f"{'wss' if tls else 'ws'}://127.0.0.1:{port}/", redial=AT_ONCE):
                pass
    assert connections == 6


async def test_a_call_that_is_over_is_not_dialed_again(answering):
    async with answering(*[(503, {})] * 9) as server:
        answers = [True, True, False]

        async def is_active():
            return answers.pop(0)

        with pytest.raises(phonewire.HandshakeError):
            async with dial(server.url, redial=AT_ONCE, is_active=is_active):
                pass
        assert len(server.requests) == 3


async def test_not_to_know_is_no_reason_to_hang_up(answering, caplog):
    async def is_active():
        raise KeyError(CANARY)

    async with answering((503, {})) as server:
        async with dial(server.url, redial=AT_ONCE, is_active=is_active):
            pass
        assert len(server.requests) == 2
    assert "is_active raised KeyError" in caplog.text
    assert CANARY not in caplog.text


async def test_an_attempt_that_takes_too_long():
    async def never():
        await asyncio.Event().wait()

    with pytest.raises(TimeoutError, match=r"no connection within 0\.01 s"):
        async with dial("ws://127.0.0.1:9/", token=never, open_timeout_s=0.01):
            pass


# Secrets


async def test_a_token_is_asked_for_before_each_attempt(answering):
    async def token():
        return next(tokens)

    tokens = iter(["one", Secret("two"), "three"])
    async with answering((503, {}), (503, {})) as server:
        async with dial(server.url, token=token, redial=AT_ONCE):
            pass
        assert [each.headers["Authorization"] for each in server.requests] == [
            "Bearer one",
            "Bearer two",
            "Bearer three",
        ]


@pytest.mark.parametrize(
    ("query", "sent"),
    [
        ("token=", {"token": ["a+b/c=&d"]}),
        ("encapsulation=rtp&token=old", {"encapsulation": ["rtp"], "token": ["a+b/c=&d"]}),
        ("token=old&x=1", {"token": ["a+b/c=&d"], "x": ["1"]}),
    ],
)
async def test_a_token_takes_the_place_that_the_url_has_for_it(answering, query, sent):
    async with answering() as server:
        async with dial(f"{server.url}?{query}", token="a+b/c=&d"):
            pass
        assert parse_qs(urlsplit(server.requests[0].path).query) == sent
        assert "Authorization" not in server.requests[0].headers


@pytest.mark.parametrize("token", ["", "two words", "line\r\nX: y", "ünïcode", "\0"])
async def test_a_token_that_no_header_can_carry(token):
    async def make():
        return token

    with pytest.raises(ValueError, match="token is one or more printable"):
        async with dial("ws://127.0.0.1:9/", token=make):
            pass


def test_one_secret_at_a_time():
    with pytest.raises(ValueError, match="Authorization"):
        dial("wss://example.com/", token="t", headers={"authorization": "Bearer u"})


@pytest.mark.parametrize(
    ("url", "options", "name"),
    [
        ("ws://example.com/?token=x", {}, "token"),
        ("ws://example.com/?a=1&accesskey=x", {}, "accesskey"),
        ("ws://user:pass@example.com/", {}, "password"),
        ("ws://example.com/", {"token": "x"}, "token"),
    ],
)
def test_no_secret_goes_in_the_clear(url, options, name):
    with pytest.raises(ValueError, match=f"{name} would be sent in the clear"):
        dial(url, **options)
    dial(url, allow_insecure=True, **options)
    dial(url.replace("ws:", "wss:"), **options)
    dial(url.replace("example.com", "127.0.0.1"), **options)


@pytest.mark.parametrize(
    "url",
    ["http://h/", "h/", "ws://", "ws:///x", "ws://h:0/", "ws://h:99999/", "ws://[/", "ws://h/#x", "ws://h:x/", ""],
)
def test_urls_that_are_none(url):
    with pytest.raises(ValueError, match="the URL is ws://") as error:
        dial(f"{url}?token={CANARY}")
    assert CANARY not in "".join(traceback.format_exception(error.value))


async def test_no_other_server_gets_our_secrets(answering):
    async with answering() as other, answering((302, {"Location": other.url})) as server:
        with pytest.raises(phonewire.HandshakeError, match="302"):
            async with dial(server.url, headers={"apikey": CANARY}, redial=AT_ONCE):
                pass
        assert not other.requests


async def test_secrets_are_shown_nowhere(answering, caplog):
    caplog.set_level(logging.DEBUG)
    shown = []

    async def token():
        return CANARY

    async def failing():
        raise OSError(CANARY)

    async with answering((503, {}), (401, {})) as server:
        places = [(f"{server.url}?token={CANARY}", None), (server.url, CANARY), (server.url, token)]
        for url, secret in places:
            server.answers = [(503, {"Retry-After": "0"}), (401, {})]
            dialed = dial(url, token=secret, headers={"apikey": CANARY}, redial=AT_ONCE)
            shown += [repr(dialed), str(vars(dialed))]
            with pytest.raises(phonewire.AuthenticationError) as error:
                async with dialed:
                    pass
            shown += traceback.format_exception(error.value)
            async with dial(url, token=secret, headers={"apikey": CANARY}) as call:
                shown += [repr(call), str(vars(call)), str(call.stats())]
        with pytest.raises(OSError, match=CANARY):  # what the maker of tokens raises is its own, and goes to the caller
            async with dial(server.url, token=failing, redial=AT_ONCE):
                pass
    assert len(caplog.records) >= 8
    assert CANARY not in caplog.text
    assert not [text for text in shown if CANARY in text]


# Cancelled while dialing


async def cancelled_at(nth, coroutine):
    """Run *coroutine*, and cancel its task when it waits for the n-th time; nobody else can tell the difference."""
    return await stepped(nth, coroutine)


@types.coroutine
def stepped(nth, coroutine):
    step, send, value = 0, coroutine.send, None
    while True:
        try:
            waits_for = send(value)
        except StopIteration as stop:
            return stop.value
        if step == nth:
            asyncio.current_task().cancel()
        step += 1
        try:
            send, value = coroutine.send, (yield waits_for)
        except BaseException as error:
            send, value = coroutine.throw, error


def in_use():
    return asyncio.all_tasks(), len(list(Path("/proc/self/fd").iterdir()))


async def test_cancelled_wherever_it_waits(answering, eventually):
    async def token():
        await asyncio.sleep(0)
        return "t"

    async def is_active():
        await asyncio.sleep(0)
        return True

    async def call(url):
        async with dial(url, token=token, is_active=is_active, redial=AT_ONCE):
            pass

    async with answering() as server, asyncio.timeout(60):  # a leak would be waited for without end
        tasks = asyncio.all_tasks()
        await call(server.url)  # opens what a loop has once
        await eventually(lambda: asyncio.all_tasks() == tasks and not server.server.connections)
        baseline = in_use()
        for nth in itertools.count():
            server.answers = [(503, {})]
            task = asyncio.create_task(cancelled_at(nth, call(server.url)))
            with contextlib.suppress(asyncio.CancelledError):
                await task
            await eventually(lambda: in_use() == baseline)
            if not task.cancelled():
                break
        assert nth >= 10
