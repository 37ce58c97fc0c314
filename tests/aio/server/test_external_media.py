"""The server that VoIPBIN dials for ``external_media_start``: one way, towards the call, on the fake clock."""

import asyncio
import contextlib
import math
import struct

import pytest
from websockets.asyncio.client import connect as raw_connect
from websockets.exceptions import InvalidStatus

import phonewire
from phonewire import g711
from phonewire.auth import Token
from phonewire.protocols import voipbin
from phonewire.protocols.connection import Side

pytestmark = pytest.mark.usefixtures("tls")

TOKEN = "eyJhbGciOiJIUzI1NiJ9"
PROMPT = struct.pack("<8000h", *(round(9000 * math.sin(n / 9)) for n in range(8000)))


@contextlib.asynccontextmanager
async def serving(handler=None, path="/external_media", **options):
    async def say(call):
        await call.write(PROMPT)

    endpoint = phonewire.Endpoint(path, "voipbin-external-media", **{"auth": Token(TOKEN)} | options)
    async with phonewire.serve(handler or say, endpoints=[endpoint]) as server:
        yield server


def dial(server, path="/external_media", query=""):
    """Dial as VoIPBIN does: with the URL that it was given."""
    return raw_connect(f"{server.url}{path}?token={TOKEN}{query}", compression=None)


async def listen(websocket, wire, encapsulation):
    """Return what a platform hears, which says nothing itself, and when each message came."""
    platform = voipbin.Connection(Side.SERVER, dialect=voipbin.DIALECTS[wire], encapsulation=encapsulation)
    platform.connected(0)
    heard, times = b"", []
    async for message in websocket:
        times.append(asyncio.get_running_loop().time())
        events = platform.receive(message, text=False)
        heard += b"".join(event.pcm for event in events if isinstance(event, voipbin.Media))
    return heard, times


@pytest.mark.parametrize("wire", voipbin.DIALECTS)
@pytest.mark.parametrize("encapsulation", voipbin.Encapsulation)
def test_what_we_say_is_heard_from_the_upgrade_on(virtual, encapsulation, wire):
    async def main():
        loop = asyncio.get_running_loop()
        async with serving(wire=wire) as server, dial(server, query=f"&encapsulation={encapsulation}") as websocket:
            up = loop.time()
            heard, times = await listen(websocket, wire, encapsulation)
            assert websocket.close_code == 1000
        coded = voipbin.DIALECTS[wire].encoding(encapsulation, Side.SERVER) == "ulaw"
        assert (g711.ulaw_decode(g711.ulaw_encode(PROMPT)) if coded else PROMPT) in heard
        assert times[0] - up < 0.021  # not after the second that a client waits
        assert 0.95 < times[-1] - up < 1.1

    virtual(main())


def test_without_a_word_in_the_url_it_is_audiosocket(virtual):
    async def main():
        async with serving() as server, dial(server) as websocket:
            first = await websocket.recv()
            assert (first[:3], len(first)) == (b"\x10\x01\x40", 323)

    virtual(main())


def test_each_call_has_an_id_from_the_url_or_of_its_own(virtual):
    calls = []

    async def handler(call):
        calls.append(call)

    async def main():
        async with serving(handler) as server:
            for _ in range(2):
                async with dial(server) as websocket:
                    await websocket.wait_closed()
        path = "/external_media/{id}"
        async with serving(handler, path) as server, dial(server, "/external_media/order-42") as websocket:
            await websocket.wait_closed()
        assert len({call.id for call in calls}) == 3
        assert calls[2].id == "order-42"
        assert all(len(call.id) == 36 for call in calls[:2])

    virtual(main())


def test_a_platform_that_only_listens_keeps_its_call(virtual):
    events = []

    async def handler(call):
        events.extend([event async for event in call.events()])

    async def main():
        async with serving(handler) as server, dial(server) as websocket:
            for _ in range(50 * 60):
                await websocket.recv()
            assert len(server.calls) == 1
        assert [type(event).__name__ for event in events] == ["Ended"]

    virtual(main())


@pytest.mark.parametrize(
    ("path", "options"),
    [("/external_media?token=wrong", {}), ("/external_media", {}),
     (f"/external_media?token={TOKEN}", {"addresses": ["10.0.0.0/8"]}),
     ("/external_media", {"auth": None, "addresses": ["192.0.2.1"]})],
)  # fmt: skip
def test_others_are_refused_before_the_upgrade(virtual, path, options):
    async def main():
        async with serving(**options) as server:
            with pytest.raises(InvalidStatus) as refused:
                async with raw_connect(server.url + path):
                    pass
            assert refused.value.response.status_code == 401
            assert server.refused == {phonewire.Refusal.UNAUTHENTICATED: 1}

    virtual(main())


@pytest.mark.parametrize(
    ("addresses", "forwarded", "taken"),
    [(["127.0.0.0/8"], None, True), (["10.0.0.0/8"], "10.1.2.3", True), (["10.0.0.0/8"], "11.1.2.3", False)],
)
def test_an_address_list_is_enough_also_behind_a_proxy(virtual, addresses, forwarded, taken):
    async def handler(call):
        await call.wait_ended()

    async def main():
        endpoint = phonewire.Endpoint("/e", "voipbin-external-media", auth=None, addresses=addresses)
        proxies = ["127.0.0.1"] if forwarded else []
        headers = {"X-Forwarded-For": forwarded} if forwarded else {}
        async with phonewire.serve(handler, endpoints=[endpoint], trusted_proxies=proxies) as server:
            expected = contextlib.nullcontext() if taken else pytest.raises(InvalidStatus)
            with expected:
                async with raw_connect(server.url + "/e", additional_headers=headers) as websocket:
                    assert (await websocket.recv())[:1] == b"\x10"

    virtual(main())


def test_our_client_can_be_the_platform_that_dials(virtual):
    async def main():
        async with serving() as server:
            url = f"{server.url}/external_media?encapsulation=rtp&token="
            async with phonewire.connect(url, protocol="voipbin-external-media", token=TOKEN) as call:
                heard = b"".join([frame.pcm async for frame in call.frames()])
            assert PROMPT in heard

    virtual(main())


def test_an_address_that_is_none_is_told_at_once():
    with pytest.raises(ValueError, match="nowhere"):
        phonewire.Endpoint("/e", "voipbin-external-media", auth=None, addresses=["nowhere"])
