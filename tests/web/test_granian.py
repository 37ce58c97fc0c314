"""granian as it is, over loopback: calls and refusals that the other web servers' tests have on the fake clock."""

import asyncio
import base64

import pytest
from websockets.asyncio.client import connect as raw_connect
from websockets.exceptions import InvalidStatus

import phonewire
from phonewire import Endpoint, Refusal
from phonewire.auth import ApiKey, AudioHookSignature
from phonewire.emulators.genesys import GenesysCaller
from tests.echo import say_until_heard
from tests.web.sites import START, on_granian, until, wait

KEY = {"apikey": "k"}
SECRET = base64.b64encode(b"a secret of Genesys").decode()
SPEECH = bytes(range(200)) * 8  # 200 ms of codewords
SAMPLES = b"".join(number.to_bytes(2, "little") for number in range(1, 1601))  # 200 ms, no two frames alike
VOIPBIN = "/v1.0/calls/{id}/media_stream"


async def echo(call):
    async for frame in call.frames():
        await call.write(frame.pcm)


async def test_a_signed_call_of_genesys_is_heard():
    heard = bytearray()

    async def listen(call):
        async for frame in call.frames():
            heard.extend(frame.payload if frame.track == "external" else b"")

    calls = phonewire.asgi(
        [Endpoint("/audiohook", "audiohook", auth=AudioHookSignature({"key": SECRET}))], handler=listen
    )
    async with on_granian(calls) as (port, _):
        url = f"ws://127.0.0.1:{port}/audiohook"
        async with GenesysCaller(url, api_key="key", client_secret=SECRET) as caller:
            await caller.say(SPEECH)
            await caller.hang_up()
        assert (heard[: len(SPEECH)], caller.close_code, caller.rejected) == (SPEECH, 1000, {})
        assert await refusal(url, X_API_KEY="key") == (401, None)
        assert calls.refused == {Refusal.UNAUTHENTICATED: 1}


async def test_a_call_of_voipbin_hears_what_it_says():
    calls = phonewire.asgi([Endpoint(VOIPBIN, "voipbin", auth=None, wire="documented")], handler=echo)
    async with on_granian(calls) as (port, _):
        url = f"ws://127.0.0.1:{port}{VOIPBIN.format(id='4fd9')}?encapsulation=rtp"
        async with asyncio.timeout(60), phonewire.connect(url, wire="documented") as call:
            await say_until_heard(call, SAMPLES)
            assert [each.id for each in calls.calls] == ["4fd9"]
            assert call.stats().rejected == {}


async def refusal(url, **headers):
    """Return the status that somebody is sent away with, and when he may come again."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with pytest.raises(InvalidStatus) as refused:
        async with raw_connect(url, additional_headers=named, compression=None):
            pass
    return refused.value.response.status_code, refused.value.response.headers.get("Retry-After")


class Endless:
    """A store of nonces that never answers."""

    async def add(self, nonce, expires_s):
        await asyncio.Event().wait()


class Once(ApiKey):
    """A key that is good for one call."""

    def verify(self, request, now_s):
        verified = super().verify(request, now_s)
        return type(verified)(verified.identity, "nonce", now_s + 10)


async def test_who_is_sent_away_learns_why():
    endpoints = [
        Endpoint("/twilio", "twilio", auth=ApiKey(["k"])),
        Endpoint("/endless", "twilio", auth=Once(["k"]), nonces=Endless()),
    ]
    calls = phonewire.asgi(endpoints, handler=wait, limits=phonewire.Limits(calls=1, handshake_s=2))
    async with on_granian(calls) as (port, _):
        url = f"ws://127.0.0.1:{port}"
        assert await refusal(url + "/twilio", apikey="wrong") == (401, None)
        assert await refusal(url + "/twilio", Origin="https://evil.example", **KEY) == (403, None)
        assert await refusal(url + "/nowhere", **KEY) == (404, None)
        assert await refusal(url + "/endless", **KEY) == (408, None)
        async with raw_connect(url + "/twilio", additional_headers=KEY, compression=None) as websocket:
            await websocket.send(START)
            await until(lambda: calls.calls)
            assert await refusal(url + "/twilio", **KEY) == (503, "5")
        assert calls.refused == {
            Refusal.UNAUTHENTICATED: 1, Refusal.BAD_ORIGIN: 1, Refusal.NOT_FOUND: 1, Refusal.SLOW_HANDSHAKE: 1,
            Refusal.TOO_MANY_CALLS: 1,
        }  # fmt: skip
