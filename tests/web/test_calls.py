"""Calls inside other people's web servers, from the emulators, on the fake clock."""

import base64
import contextlib
import json
import time
import uuid

import pytest
from websockets.exceptions import InvalidStatus

import phonewire
from phonewire.auth import ApiKey, AudioHookSignature, TwilioSignature, sign_audiohook
from phonewire.emulators.genesys import GenesysCaller
from phonewire.emulators.twilio import TwilioCaller
from phonewire.protocols.connection import EndReason
from tests.web.sites import START, close_code, until

pytestmark = pytest.mark.usefixtures("phonewire_clock")

TOKEN = "12345"
SECRET = base64.b64encode(b"a secret of Genesys").decode()
SPEECH = bytes(range(160)) * 25
MEDIA = json.dumps({"event": "media", "streamSid": "MZ1", "media": {"payload": "////"}})


async def echo(call):
    async for frame in call.frames():
        await call.write(frame.pcm)


@contextlib.contextmanager
def refused(status):
    with pytest.raises(InvalidStatus) as answer:
        yield
    assert answer.value.response.status_code == status


# A platform's calls


async def test_twilio_hears_what_it_says(site):
    async with site(echo) as served, TwilioCaller(served.url + "/twilio") as caller:
        await caller.say(SPEECH)
        await caller.until(lambda: len(caller.heard) >= len(SPEECH))
        assert caller.heard[: len(SPEECH)] == SPEECH.replace(b"\x7f", b"\xff")  # two codewords of one sample: zero
        (call,) = served.calls.calls
        assert call.stats().rejected == {}
        assert caller.errors == []


async def test_a_call_that_is_interrupted(site):
    played = []

    async def speak(call):
        await call.write_payload(b"\x10" * 16_000)
        async for event in call.events():
            if isinstance(event, phonewire.Dtmf):
                played.append(await call.clear())
                return

    async with site(speak) as served, TwilioCaller(served.url + "/twilio") as caller:
        await caller.listen(1.0)
        await caller.press("1")
        await caller.wait_closed()
        assert caller.close_code == 1000
        (heard_ms,) = caller.clears
        assert abs(played[0] - heard_ms) <= 20


@pytest.mark.parametrize("encapsulation", ["rtp", "sln", "audiosocket"])
async def test_voipbin_names_call_and_coding_in_the_url(site, encapsulation):
    path = "/v1.0/calls/{id}/media_stream"
    heard = bytearray()
    async with site(echo, protocol="voipbin", path=path, prefix="/voice", endpoint={"wire": "documented"}) as served:
        url = served.url + path.format(id="4fd9") + f"?encapsulation={encapsulation}"
        async with phonewire.connect(url, protocol="voipbin", wire="documented") as call:
            await call.write(b"\x00\x10" * 1600)
            async for frame in call.frames():
                heard += frame.pcm
                if b"\x00\x10" * 800 in heard or call.stats().ms_in > 2000:
                    break
            assert [each.id for each in served.calls.calls] == ["4fd9"]
    assert b"\x00\x10" * 800 in heard


async def test_genesys_signs_the_whole_path(site):
    auth = AudioHookSignature({"key": SECRET})
    options = {"protocol": "audiohook", "path": "/audiohook", "prefix": "/voice", "auth": auth}
    async with site(**options) as served:
        url = served.url + "/audiohook"
        async with GenesysCaller(url, api_key="key", client_secret=SECRET) as caller:
            await caller.say(bytes(8000))
            (call,) = served.calls.calls
            assert call.stats().ms_in >= 900
        with refused(401):
            async with GenesysCaller(url, api_key="key", client_secret=base64.b64encode(b"another").decode()):
                pass
        assert served.calls.refused == {"unauthenticated": 1}


async def test_genesys_signature_behind_a_proxy_counts_once(site):
    names = ("organization-id", "session-id", "correlation-id")
    headers = {f"Audiohook-{name}": str(uuid.uuid4()) for name in names}
    headers |= {"X-API-KEY": "key"} | sign_audiohook(
        "key",
        SECRET,
        authority="voice.example.com",
        target="/voice/audiohook?x=1",
        headers=headers,
        nonce="n" * 22,
        created_s=int(time.time()),
    )
    auth = AudioHookSignature({"key": SECRET}, public_url="wss://voice.example.com")
    async with site(protocol="audiohook", path="/audiohook", prefix="/voice", auth=auth) as served:
        async with served.dialed("/audiohook?x=1", **headers):
            pass
        with refused(401):
            async with served.dialed("/audiohook?x=1", **headers):
                pass


@pytest.mark.parametrize("signed", ["wss://voice.example.com/voice/twilio", "wss://voice.example.com/twilio"])
async def test_twilio_signs_the_public_url(site, signed):
    auth = TwilioSignature([TOKEN], public_url="wss://voice.example.com")
    async with site(auth=auth, prefix="/voice") as served:
        caller = TwilioCaller(served.url + "/twilio", auth_token=TOKEN, signed_url=signed)
        if "/voice/" in signed:
            async with caller:
                await caller.say(SPEECH)
        else:
            with refused(401):
                async with caller:
                    pass


async def test_das_peak_closes_when_it_has_enough(site):
    async def enough(call):
        async for _ in call.frames():
            return

    async with site(enough, protocol="das-peak", auth=ApiKey(["k"])) as served:
        calling = phonewire.connect(served.url + "/twilio", protocol="das-peak", headers={"apikey": "k"}, call_id="1")
        async with calling as call:
            await call.write_payload(bytes(8000))
            assert await call.wait_ended() is EndReason.COMPLETED


# How calls end


async def test_a_handler_that_raises_ends_only_its_own_call(site, caplog):
    async def handler(call):
        if call.id == "CA1":
            raise RuntimeError("a bug")
        await echo(call)

    async with site(handler) as served, TwilioCaller(served.url + "/twilio") as other:
        async with served.dialed("/twilio", START) as websocket:
            assert await close_code(websocket) == 1011
        assert served.calls.handler_errors == 1
        await other.say(SPEECH)
        await other.listen(0.5)
        assert len(other.heard) >= len(SPEECH)
    assert "call CA1: its handler raised" in caplog.text


@pytest.mark.parametrize(("sent", "code"), [(MEDIA * 1000, 1009), ("{", 1008), (b"\x00", 1008)])
async def test_what_is_closed_before_a_call(site, sent, code):
    async with site(limits={"start_s": 1.0}) as served, served.dialed("/twilio", sent) as websocket:
        assert await close_code(websocket) == code
        assert served.calls.calls == set()
        assert sum(served.calls.refused.values()) == 1


async def test_a_message_that_is_too_long_ends_the_call(site):
    ends = []

    async def handler(call):
        ends.append(await call.wait_ended())

    async with site(handler, limits={"message_bytes": 1000}) as served:
        exactly = MEDIA + " " * (1000 - len(MEDIA))
        async with served.dialed("/twilio", START, exactly, exactly + " ") as websocket:
            assert await close_code(websocket) == 1009
    assert ends == [EndReason.FAILED]


async def test_a_far_end_that_vanishes(site):
    ends = []

    async def handler(call):
        ends.append(await call.wait_ended())

    async with site(handler) as served:
        caller = TwilioCaller(served.url + "/twilio")
        await caller.__aenter__()
        await caller.say(SPEECH)
        await caller.drop()
        await until(lambda: ends)
    assert ends == [EndReason.DROPPED]
    assert served.calls.calls == set()
