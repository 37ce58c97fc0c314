"""Secrets stay where they were put: nothing that is logged, shown, counted or written has one of them."""

import asyncio
import contextlib
import json
import logging
from urllib.request import urlopen

import pytest
from websockets.asyncio.client import connect as raw_connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

import phonewire
from phonewire.auth import ApiKey, TwilioSignature, sign_twilio
from phonewire.errors import PhonewireError

pytestmark = pytest.mark.usefixtures("tls")

CANARY = "c4n4ry-51c2"
START = json.dumps({"event": "start", "start": {"callSid": "CA1", "streamSid": "MZ1"}})
KEYED, SIGNED = "/keyed", "/signed"


class Shown:
    """Everything that somebody could read."""

    def __init__(self, caplog):
        self.caplog = caplog
        self.texts = []

    def show(self, thing):
        self.texts += [repr(thing), str(thing)]
        if isinstance(thing, BaseException):
            self.texts += [repr(cause) for cause in (thing.__cause__, thing.__context__)]

    @property
    def all(self):
        formatter = logging.Formatter("%(name)s %(message)s")
        logged = [formatter.format(record) for record in self.caplog.records]  # with tracebacks
        fields = [repr(vars(record)) for record in self.caplog.records if record.name.startswith("phonewire")]
        return self.texts + logged + fields


@pytest.fixture
def shown(caplog):
    caplog.set_level(logging.DEBUG)  # of everything, the WebSocket library and asyncio too
    return Shown(caplog)


@pytest.fixture
async def server(shown, tmp_path):
    async def handler(call):
        shown.show(call)
        shown.show(call.parameters)
        recording = call.record(tmp_path)
        async for frame in call.frames():
            shown.show(frame)
            raise RuntimeError("a bug in the bot")
        await recording.closed()

    endpoints = [
        phonewire.Endpoint(KEYED, "das-peak", auth=ApiKey(["another", CANARY])),
        phonewire.Endpoint(SIGNED, "twilio", auth=TwilioSignature([CANARY])),
    ]
    observe = phonewire.Observe(address=("127.0.0.1", 0))
    async with phonewire.serve(handler, endpoints=endpoints, observe=observe) as server:
        for thing in (server, *endpoints, *(endpoint.auth for endpoint in endpoints)):
            shown.show(thing)
        yield server
        await server.close()


async def dial(server, path, headers, *messages):
    """Call as a client that is not ours, and listen to the end."""
    async with raw_connect(server.url + path, additional_headers=headers, logger=_quiet) as websocket:
        for message in messages:
            await websocket.send(message)
        with contextlib.suppress(ConnectionClosed):
            while True:
                await websocket.recv()


_quiet = logging.getLogger("the far end")
_quiet.setLevel(logging.CRITICAL)  # what that client logs is its own affair


async def test_calls_tell_no_secrets(server, shown, tmp_path, eventually):
    """They are let in; then comes what a bot never saw, and a bug of its own."""
    media = json.dumps({"event": "media", "media": {"payload": "////"}})
    signature = sign_twilio(CANARY, f"wss://127.0.0.1:{server.port}{SIGNED}", {})
    await dial(server, KEYED, {"apikey": CANARY}, START, media)
    await dial(server, SIGNED, {"X-Twilio-Signature": signature}, START, media)
    await dial(server, f"{KEYED}?token={CANARY}", {"apikey": CANARY, "Authorization": CANARY}, CANARY, START, media)
    await eventually(lambda: not server.calls)
    shown.show(await asyncio.to_thread(_metrics, server))
    files = [path.read_bytes() for path in tmp_path.iterdir()]
    assert len(files) == 2 * 3
    assert not [text for text in shown.all if CANARY in text]
    assert not [file for file in files if CANARY.encode() in file]
    assert "a bug in the bot" in "".join(shown.all)


async def test_refusals_tell_no_secrets(server, shown):
    for path, headers, status in (
        (f"{KEYED}?token={CANARY}", {"apikey": CANARY + "x"}, 401),
        (f"/nowhere?token={CANARY}", {}, 404),
        (SIGNED, {"X-Twilio-Signature": CANARY}, 401),
        (KEYED, {"Origin": f"https://{CANARY}"}, 403),
    ):
        with pytest.raises(InvalidStatus) as refused:
            await dial(server, path, headers)
        assert refused.value.response.status_code == status
        shown.show(refused.value.response.body)
    shown.show(await asyncio.to_thread(_metrics, server))
    assert not [text for text in shown.all if CANARY in text]
    assert sum("refused 127.0.0.1" in text for text in shown.all) >= 4


async def test_a_client_keeps_its_token(server, shown):
    async def token():
        return CANARY

    async def bad_token():
        raise RuntimeError("the vault is closed")

    async with phonewire.connect(server.url + KEYED, protocol="das-peak", headers={"apikey": CANARY}) as call:
        shown.show(call)
        await call.write_payload(b"\xff" * 768)
        await call.wait_ended()
    for options in ({"headers": {"apikey": CANARY + "x"}}, {"token": token}, {"token": bad_token}, {"token": CANARY}):
        client = phonewire.connect(server.url + KEYED, protocol="das-peak", **options)
        shown.show(client)
        with pytest.raises((PhonewireError, RuntimeError)) as refused:
            await client.__aenter__()
        shown.show(refused.value)
    assert not [text for text in shown.all if CANARY in text]


def _metrics(server):
    with urlopen(f"http://127.0.0.1:{server.observe_port}/metrics", timeout=10) as answer:
        return answer.read().decode()
