"""Who is let in and for how long, over real sockets: floods, silent peers, strangers."""

import asyncio
import contextlib
import json
import socket
from pathlib import Path

import pytest
from websockets.asyncio.client import connect as raw_connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

import phonewire
from phonewire.auth import ApiKey
from phonewire.protocols.connection import EndReason

pytestmark = pytest.mark.usefixtures("wire")

START = json.dumps({"event": "start", "start": {"callSid": "CA1", "streamSid": "MZ1"}}).encode()
MEDIA = json.dumps({"event": "media", "streamSid": "MZ1", "media": {"payload": "////"}}).encode()
TEXT, PING = 1, 9
KEY = "k"


# Before the upgrade


@pytest.mark.parametrize("said", [b"", b"GET /twilio HTTP/1.1\r\nHost: x\r\n", b"P", b"\x16\x03\x01"])
async def test_a_handshake_that_does_not_end_is_408(serving, raw, handshake_s, said):
    async with serving(limits={"handshake_s": handshake_s}) as server:
        peer = await raw.connect(server)
        peer.writer.write(said)
        assert await peer.status() == 408
        await peer.gone()
        assert server.refused == {"slow_handshake": 1}


async def test_a_handshake_that_drips_is_408(serving, raw, handshake_s):
    async with serving(limits={"handshake_s": handshake_s}) as server:
        peer = await raw.connect(server)

        async def drip():
            for byte in b"GET /twilio HTTP/1.1\r\nX: " + b"x" * 8000:
                peer.writer.write(bytes([byte]))
                await asyncio.sleep(0.005)

        dripping = asyncio.create_task(drip())
        assert await peer.status() == 408
        dripping.cancel()
        assert server.refused == {"slow_handshake": 1}


async def test_one_address_may_not_wait_too_often(serving, raw, eventually):
    async with serving(limits={"unauthenticated_per_address": 3}) as server:
        waiting = [await raw.connect(server) for _ in range(3)]
        refused = await raw.connect(server)
        assert await refused.status() == 503
        assert "Retry-After: 5" in refused.head
        await refused.gone()
        await waiting[0].close()
        await eventually(lambda: len(server._gate.waiting) == 2)
        another = await raw.upgraded(server)
        another.send(TEXT, START)
        await eventually(lambda: server.calls)
        assert server.refused == {"too_many_from_address": 1}


async def test_calls_do_not_count_as_waiting(serving, raw, eventually):
    async with serving(limits={"unauthenticated_per_address": 2, "unauthenticated": 2}) as server:
        for n in range(6):
            (await raw.upgraded(server)).send(TEXT, START)
            await eventually(lambda n=n: len(server.calls) == n + 1)
        assert server.refused == {}


async def test_who_is_authenticated_does_not_wait(serving, raw, eventually):
    async with serving(limits={"unauthenticated_per_address": 1}, auth=ApiKey([KEY])) as server:
        peers = [await raw.upgraded(server, apikey=KEY) for _ in range(5)]
        stranger = await raw.connect(server)
        assert await (await raw.connect(server)).status() == 503
        stranger.ask("/twilio", apikey="wrong")
        assert await stranger.status() == 401
        await stranger.gone()
        for peer in peers:
            peer.send(TEXT, START)
        await eventually(lambda: len(server.calls) == 5)


async def test_a_flood_makes_room_for_who_comes_after_it(serving, raw, eventually):
    async with serving(limits={"unauthenticated": 5}) as server:
        before = await raw.connect(server)
        upgraded = await raw.upgraded(server)
        flood = [await raw.connect(server) for _ in range(5)]
        assert await before.status() == 503
        assert await upgraded.close_code() == 1013
        honest = await raw.upgraded(server)
        assert await flood[0].status() == 503
        honest.send(TEXT, START)
        await eventually(lambda: server.calls)
        assert len(server._gate.waiting) == 4
        assert server.refused == {"too_many_connections": 3}


async def test_behind_a_proxy_the_forwarded_address_counts(serving, raw, eventually):
    limits = {"unauthenticated_per_address": 2}
    async with serving(limits=limits, trusted_proxies=["127.0.0.1"]) as server:
        for _ in range(2):
            await raw.upgraded(server, X_Forwarded_For="6.6.6.6, 203.0.113.9")
        third = await raw.connect(server)
        third.ask("/twilio", X_Forwarded_For="7.7.7.7, 203.0.113.9")
        assert await third.status() == 503
        other = await raw.upgraded(server, X_Forwarded_For="203.0.113.10")
        other.send(TEXT, START)
        await eventually(lambda: server.calls)
        assert [call.peer for call in server.calls] == ["203.0.113.10"]


async def test_without_a_trusted_proxy_nobody_is_believed(serving, raw, eventually):
    async with serving(limits={"unauthenticated_per_address": 1}) as server:
        peer = await raw.upgraded(server, X_Forwarded_For="203.0.113.9")
        refused = await raw.connect(server)
        assert await refused.status() == 503
        peer.send(TEXT, START)
        await eventually(lambda: server.calls)
        assert next(iter(server.calls)).peer.startswith("127.0.0.1:")


@pytest.mark.parametrize(
    ("origin", "status"),
    [("https://evil.example", 403), ("null", 403), ("", 403), ("https://softphone.example", 101), (None, 101)],
)
async def test_a_web_page_is_let_in_when_it_is_listed(serving, raw, origin, status):
    async with serving(origins=["https://softphone.example"]) as server:
        peer = await raw.connect(server)
        peer.ask("/twilio", **({} if origin is None else {"Origin": origin}))
        assert await peer.status() == status
        assert server.refused == ({"bad_origin": 1} if status == 403 else {})


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("127.0.0.1:80", "http://127.0.0.1:80", 101),
        ("[::1]:80", "http://[::1]:80", 101),
        ("localhost:80", "https://localhost:80", 101),
        ("127.0.0.1:80", "http://127.0.0.1:81", 403),
        ("127.0.0.1:80", "http://evil.example", 403),
        ("127.0.0.1:80", "file://127.0.0.1:80", 403),
        ("evil.example", "http://evil.example", 403),  # whose owner lets the name point to this machine
        ("127.0.0.1.evil.example", "http://127.0.0.1.evil.example", 403),
    ],
)
async def test_a_library_may_name_the_server_itself_as_its_origin(serving, raw, host, origin, status):
    async with serving() as server:
        peer = await raw.connect(server)
        peer.ask("/twilio", Host=host, Origin=origin)
        assert await peer.status() == status


@pytest.mark.parametrize(("origin", "status"), [("https://bots.example", 101), ("https://evil.example", 403)])
async def test_where_a_secret_is_asked_for_the_server_may_be_named_too(serving, raw, origin, status):
    async with serving(auth=ApiKey(["k"])) as server:
        peer = await raw.connect(server)
        peer.ask("/twilio", Host="bots.example", Origin=origin, apikey="k")
        assert await peer.status() == status


@pytest.mark.parametrize("origin", ["https://evil.example", "https://softphone.example"])
async def test_a_web_page_may_not_post_either(serving, raw, origin):
    forms = []
    webhook = phonewire.Webhook("/voice", forms.append, auth=None)
    async with serving(webhooks=[webhook], origins=["https://softphone.example"]) as server:
        peer = await raw.connect(server)
        head = f"POST /voice HTTP/1.1\r\nHost: x\r\nOrigin: {origin}\r\nContent-Length: 3\r\n\r\n"
        peer.writer.write(f"{head}a=b".encode())
        assert await peer.status() == (403 if "evil" in origin else 204)
    assert forms == ([] if "evil" in origin else [{"a": "b"}])


# Between the upgrade and the start


@pytest.mark.parametrize("answers", [True, False])
@pytest.mark.parametrize("pings", [True, False])
async def test_who_starts_no_stream_is_sent_away(serving, raw, pings, answers, eventually):
    """Silent, or pinging; and whether it answers the goodbye or not."""
    async with serving(limits={"start_s": 0.05}) as server:
        peer = await raw.upgraded(server)

        async def ping():
            while pings:
                peer.send(PING, b"are you there?")
                await asyncio.sleep(0.005)

        pinging = asyncio.create_task(ping())
        if answers:
            assert await peer.close_code() == 1008
        await peer.gone()
        pinging.cancel()
        await eventually(lambda: not server._listening().handler_tasks)
        assert server.refused == {"no_start": 1}
        assert server.calls == set()


async def test_what_is_no_start_does_not_help(serving, raw):
    async with serving(limits={"start_s": 0.05}) as server:
        peer = await raw.upgraded(server)
        for message in (MEDIA, b"{}", b"", b'{"event": "connected"}'):
            peer.send(TEXT, message)
        assert await peer.close_code() == 1008
        assert server.refused == {"no_start": 1}


async def test_who_breaks_the_protocol_before_the_start_is_counted(serving, raw, eventually):
    async with serving() as server:
        for bad, code in ((raw.frame(TEXT, START, masked=False), 1002), (raw.frame(TEXT, b"\xff"), 1007)):
            peer = await raw.upgraded(server)
            peer.writer.write(bad)
            assert await peer.close_code() == code
        await eventually(lambda: server.refused == {"broke_protocol": 2})


async def test_a_function_that_raises_about_a_call_id_ends_that_call(serving, raw, caplog):
    async def knows(call_id):
        raise OSError("the database is gone")

    async with serving(endpoint={"call_ids": knows}) as server:
        peer = await raw.upgraded(server)
        peer.send(TEXT, START)
        assert await peer.close_code() == 1011
        assert server.handler_errors == 1
    assert "call CA1: its call_ids raised" in caplog.text


# Calls


async def test_there_are_only_so_many_calls(serving, raw, eventually):
    async with serving(limits={"calls": 2}) as server:
        three = [await raw.upgraded(server) for _ in range(3)]
        for peer in three:
            peer.send(TEXT, START)
        assert await three[2].close_code() == 1013
        with pytest.raises(InvalidStatus) as refused:
            await raw_connect(server.url + "/twilio", compression=None)
        assert refused.value.response.status_code == 503
        assert refused.value.response.headers["Retry-After"] == "5"
        assert len(server.calls) == 2
        await three[0].close()
        await eventually(lambda: len(server.calls) == 1)
        (await raw.upgraded(server)).send(TEXT, START)
        await eventually(lambda: len(server.calls) == 2)
        assert server.refused == {"too_many_calls": 2}


@pytest.mark.parametrize(
    ("limits", "reason"),
    [({"max_call_seconds": 0.1}, "call_too_long"), ({"media_idle_s": 0.1}, "media_idle")],
)
async def test_a_call_that_goes_over_a_limit_gets_a_goodbye(serving, limits, reason, eventually):
    ends = []

    async def handler(call):
        ends.append(await call.wait_ended())

    async with serving(handler, limits=limits) as server:
        async with raw_connect(server.url + "/twilio", compression=None) as websocket:
            await websocket.send(START.decode())
            with contextlib.suppress(ConnectionClosed):
                await websocket.recv()
            assert websocket.close_code == 1008
            assert "0.1 s" in websocket.close_reason
        await eventually(lambda: not server.calls)
        assert server.refused == {reason: 1}
    assert ends == [EndReason.CLOSED]


@pytest.mark.parametrize("name", phonewire.Limits.__struct_fields__)
def test_a_limit_is_above_0(name):
    for value in (0, -1, float("nan")):
        with pytest.raises(ValueError, match=f"Limits.{name} is above 0"):
            phonewire.Limits(**{name: value})


_SOMAXCONN = Path("/proc/sys/net/core/somaxconn")
_BURST = 500


@pytest.mark.skipif(
    not _SOMAXCONN.exists() or int(_SOMAXCONN.read_text()) < _BURST, reason="this system keeps no long queues"
)
async def test_a_burst_waits_in_the_queue_of_the_system(serving):
    """The loop accepts nobody meanwhile; who finds no room is not told, and tries again only after a second."""
    async with serving() as server:
        with contextlib.ExitStack() as sockets:
            for _ in range(_BURST):
                sockets.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=10))
