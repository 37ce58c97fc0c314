"""Calls of each protocol over real sockets and each transport: what is heard, and who is not let in.

Twilio's and das-Peak's are in test_server.py. AudioSocket is TCP without WebSocket or TLS, and has no choice.
"""

import asyncio
import contextlib
import random
import struct

import pytest
from websockets.asyncio.client import connect as raw_connect
from websockets.exceptions import InvalidStatus

import phonewire
from phonewire import Endpoint, Refusal
from phonewire.auth import AudioHookSignature, Token
from phonewire.emulators.genesys import GenesysCaller
from phonewire.protocols import audiohook as ah
from phonewire.protocols import voipbin
from tests.echo import say_until_heard

KEY, SECRET, OTHER_SECRET = "the-key", "dGhlIGNsaWVudCdzIHNlY3JldA==", "b3RoZXI="
SIGNED = {"api_key": KEY, "client_secret": SECRET}
TOKEN = "eyJhbGciOiJIUzI1NiJ9"
CALL_ID = "652af662-eb45-11ee-b1a5-6fde165f9226"
UNAUTHENTICATED = Refusal.UNAUTHENTICATED
CODEWORDS = random.Random(1).randbytes(1600)  # 200 ms
SAMPLES = struct.pack("<1600h", *(n * 17 + 1 for n in range(1600)))  # the same
MIB = 1 << 20


@pytest.fixture(autouse=True)
def read_where_it_was_chosen(wire, request):
    """Check that picows has read the messages of a call, where it was to."""
    kinds = request.getfixturevalue("read_by_picows") if wire.startswith("picows") else None
    yield
    assert kinds is None or kinds, "picows has read nothing"


@contextlib.asynccontextmanager
async def serving(handler, path, protocol, **options):
    async with phonewire.serve(handler, endpoints=[Endpoint(path, protocol, **options)]) as server:
        yield server, server.url + path
        assert server.handler_errors == 0


async def wait(call):
    await call.wait_ended()


async def echo(call):
    async for frame in call.frames():
        await call.write_payload(frame.payload)


# AudioHook


class Tracks:
    """A handler that keeps what it hears of each."""

    def __init__(self):
        self.heard = {}

    async def __call__(self, call):
        async for frame in call.frames():
            self.heard.setdefault(frame.track, bytearray()).extend(frame.payload)


async def test_audiohook_monitor_is_heard_and_its_signature_checked():
    tracks, external, internal = Tracks(), CODEWORDS, CODEWORDS[::-1]
    auth = AudioHookSignature({KEY: SECRET})
    async with serving(tracks, "/audiohook", "audiohook", auth=auth, refuse_after_s=0) as (server, url):
        caller = GenesysCaller(url, **SIGNED)
        copied = caller._handshake()
        caller._headers = copied
        async with caller:
            await caller.say(external, internal)
            await caller.hang_up()
        assert (bytes(tracks.heard["external"][:1600]), bytes(tracks.heard["internal"][:1600])) == (external, internal)
        assert (caller.close_code, caller.rejected, server.refused) == (1000, {}, {})
        others = [{"client_secret": OTHER_SECRET}, {"api_key": "other"}, {"client_secret": None}, {"headers": copied}]
        for change in others:
            with pytest.raises(InvalidStatus) as refused:
                await GenesysCaller(url, **SIGNED | change).__aenter__()
            assert refused.value.response.status_code == 401
        assert server.refused == {UNAUTHENTICATED: 4}


async def test_audiohook_is_told_by_a_disconnect_that_it_is_not_authentic():
    options = {"auth": AudioHookSignature({KEY: SECRET}), "refuse_with": "disconnect", "refuse_after_s": 0}
    async with serving(wait, "/audiohook", "audiohook", **options) as (server, url):
        async with GenesysCaller(url, **SIGNED | {"client_secret": OTHER_SECRET}) as caller:
            await caller.wait_closed()
        assert caller.heard_of(ah.Disconnect) == [ah.Disconnect("unauthorized")]
        assert (caller.heard_of(ah.Opened), caller.close_code) == ([], 1000)
    assert server.refused == {UNAUTHENTICATED: 1}


async def test_audio_connector_hears_the_bot_and_is_heard():
    options = {"dialect": ah.CONNECTOR, "media": (ah.MediaOffer(),)}
    auth = AudioHookSignature({KEY: SECRET})
    async with serving(echo, "/audiohook", "audiohook-connector", auth=auth) as (server, url):
        async with GenesysCaller(url, **SIGNED, **options) as caller:
            await caller.say(CODEWORDS)
            await caller.until(lambda: CODEWORDS in caller.heard)
            await caller.hang_up()
        assert (caller.violations, caller.close_code, server.refused) == ([], 1000, {})


# VoIPBIN


@pytest.mark.parametrize("path", ["/v1.0/calls/{id}/media_stream", "/v1.0/conferences/{id}/media_stream"])
async def test_voipbin_is_heard_and_hears_in_every_encapsulation(path):
    async def speak_with(url, encapsulation):
        token_url = f"{url.replace('{id}', CALL_ID)}?encapsulation={encapsulation}&token="
        async with phonewire.connect(token_url, token=TOKEN, wire="documented") as call:
            await say_until_heard(call, SAMPLES)

    async with serving(echo, path, "voipbin", auth=Token(TOKEN), wire="documented") as (server, url):
        async with asyncio.timeout(60), asyncio.TaskGroup() as talking:
            for encapsulation in voipbin.Encapsulation:
                talking.create_task(speak_with(url, encapsulation))
        for refused_url, status in (
            (url.replace("{id}", CALL_ID) + "?token=wrong", 401),
            (url + f"?token={TOKEN}", 404),
        ):
            with pytest.raises(InvalidStatus) as refused:
                await raw_connect(refused_url).__aenter__()
            assert refused.value.response.status_code == status
        assert server.refused == {UNAUTHENTICATED: 1, Refusal.NOT_FOUND: 1}


async def test_a_message_of_voipbin_may_have_1_mib_and_no_more(eventually):
    calls = []

    async def listen(call):
        calls.append(call)
        await call.wait_ended()

    async with (
        serving(listen, "/calls/{id}", "voipbin", auth=None) as (_, url),
        raw_connect(url.replace("{id}", CALL_ID) + "?encapsulation=sln", compression=None) as websocket,
    ):
        await (await websocket.ping())  # so what comes now is read as a call's
        await websocket.send(bytes(MIB))
        await eventually(lambda: calls[0].stats().tolerated)
        assert calls[0].stats().tolerated == {"long_message": 1}
        await websocket.send(bytes(MIB + 1))
        with contextlib.suppress(phonewire.PhonewireError):
            await websocket.wait_closed()
        assert websocket.close_code == 1009


async def test_external_media_says_it_to_a_platform_that_only_pings():
    async def say(call):
        await call.write(SAMPLES)

    async with serving(say, "/media", "voipbin-external-media", auth=Token(TOKEN)) as (server, url):
        async with raw_connect(f"{url}?encapsulation=sln&token={TOKEN}", compression=None) as websocket:
            for _ in range(3):
                await (await websocket.ping())
            assert SAMPLES in b"".join([message async for message in websocket])
            assert websocket.close_code == 1000
        with pytest.raises(InvalidStatus) as refused:
            await raw_connect(f"{url}?token=wrong").__aenter__()
        assert refused.value.response.status_code == 401
        assert server.refused == {UNAUTHENTICATED: 1}
