"""Server and client over real sockets on loopback: handshakes, limits, ends."""

import asyncio
import contextlib
import json
import logging
import socket

import pytest
from websockets.asyncio.client import connect as raw_connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

import phonewire
from phonewire.auth import ApiKey, TwilioSignature, sign_twilio
from phonewire.errors import AuthenticationError, HandshakeError, RemoteProtocolError
from phonewire.protocols.connection import EndReason

pytestmark = pytest.mark.usefixtures("wire")

START = {"event": "start", "start": {"callSid": "CA1", "streamSid": "MZ1", "customParameters": {"who": "me"}}}
TOKEN = "12345"


def media(payload="////"):
    return {"event": "media", "streamSid": "MZ1", "media": {"payload": payload, "track": "inbound"}}


@contextlib.asynccontextmanager
async def serving(handler, protocol="twilio", auth=None, path="/twilio", limits=None, **options):
    endpoint = phonewire.Endpoint(path, protocol, auth=auth, **options)
    async with phonewire.serve(handler, endpoints=[endpoint], limits=limits) as server:
        yield server


@contextlib.asynccontextmanager
async def dialed(server, *messages, path="/twilio", headers=None):
    async with raw_connect(server.url + path, additional_headers=headers, compression=None) as websocket:
        for message in messages:
            await websocket.send(json.dumps(message))
        yield websocket


async def close_code(websocket):
    """Read to the end and return the code that the server closed with."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            await websocket.recv()
    return websocket.close_code


async def echo(call):
    async for frame in call.frames():
        await call.write_payload(frame.payload)


async def test_a_call_is_echoed_and_ends_with_a_normal_close():
    calls = []

    async def handler(call):
        calls.append(call)
        await echo(call)

    async with serving(handler) as server, dialed(server, START, media("/v7+" * 40 + "////" * 14)) as websocket:
        got = json.loads(await websocket.recv())
        await websocket.send(json.dumps({"event": "stop", "streamSid": "MZ1"}))
        assert got["event"] == "media"
        assert got["streamSid"] == "MZ1"
        assert await close_code(websocket) == 1000
    assert [call.end_reason for call in calls] == [EndReason.STOPPED]
    assert calls[0].parameters == {"who": "me"}


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/twilio", {}, 401),
        ("/twilio", {"X-Twilio-Signature": "bm90IGl0"}, 401),
        ("/nowhere", {}, 404),
    ],
)
async def test_who_is_not_genuine_is_refused_before_the_upgrade(path, headers, status):
    calls = []

    async def handler(call):
        calls.append(call)

    async with serving(handler, auth=TwilioSignature([TOKEN])) as server:
        with pytest.raises(InvalidStatus) as refused:
            async with dialed(server, path=path, headers=headers):
                pass
        assert refused.value.response.status_code == status
        assert server.refused == {"unauthenticated" if status == 401 else "not_found": 1}
    assert calls == []


async def test_a_good_signature_is_let_in():
    async with serving(echo, auth=TwilioSignature(["other", TOKEN])) as server:
        url = server.url.replace("ws://", "wss://") + "/twilio"
        headers = {"X-Twilio-Signature": sign_twilio(TOKEN, url)}
        async with dialed(server, START, headers=headers) as websocket:
            await websocket.send(json.dumps({"event": "stop"}))
            assert await close_code(websocket) == 1000


async def test_the_public_url_is_what_is_signed_behind_a_proxy():
    auth = TwilioSignature([TOKEN], public_url="wss://voice.example.com")
    async with serving(echo, auth=auth) as server:
        headers = {"X-Twilio-Signature": sign_twilio(TOKEN, "wss://voice.example.com/twilio")}
        async with dialed(server, START, headers=headers) as websocket:
            await websocket.send(json.dumps({"event": "stop"}))
            assert await close_code(websocket) == 1000


async def test_keys_can_be_rotated():
    async with serving(echo, "das-peak", ApiKey(["old", "new"])) as server:
        for key in ("old", "new"):
            async with phonewire.connect(server.url + "/twilio", protocol="das-peak", headers={"apikey": key}):
                pass
        with pytest.raises(AuthenticationError, match="401"):
            async with phonewire.connect(server.url + "/twilio", protocol="das-peak", headers={"apikey": "bad"}):
                pass


@pytest.mark.parametrize("expected", [{"known"}, "function"])
async def test_a_call_that_is_not_expected_makes_no_call(expected):
    calls, asked = [], []

    async def handler(call):
        calls.append(call.id)

    async def knows(call_id):
        asked.append(call_id)
        return call_id == "known"

    async with serving(handler, "das-peak", call_ids=knows if expected == "function" else expected) as server:
        for call_id in ("unknown", "known"):
            start = {"event": "start", "start": {"callSid": call_id}}
            async with dialed(server, start) as websocket:
                assert await close_code(websocket) == (1000 if call_id == "known" else 1008)
    assert calls == ["known"]
    assert asked == ([] if expected == {"known"} else ["unknown", "known"])


async def test_a_handler_that_raises_ends_only_its_own_call(caplog):
    async def handler(call):
        if call.id == "bad":
            raise RuntimeError("a bug")
        await echo(call)

    bad = {"event": "start", "start": {"callSid": "bad", "streamSid": "MZ1"}}
    with caplog.at_level(logging.ERROR, "phonewire"):
        async with serving(handler) as server, dialed(server, START) as good, dialed(server, bad) as websocket:
            assert await close_code(websocket) == 1011
            assert server.handler_errors == 1
            await good.send(json.dumps(media("////" * 54)))
            assert json.loads(await good.recv())["event"] == "media"
    assert [record.getMessage() for record in caplog.records] == ["call bad: its handler raised"]


@pytest.mark.parametrize("grouped", [False, True])
async def test_the_handler_speaks_into_a_call_that_hung_up(caplog, grouped):
    async def speak(call):
        while True:
            await call.write(b"\0\0" * 160)

    async def handler(call):
        if not grouped:
            await speak(call)
        async with asyncio.TaskGroup() as group:
            group.create_task(speak(call))

    with caplog.at_level(logging.WARNING, "phonewire"):
        async with serving(handler) as server, dialed(server, START) as websocket:
            await websocket.send(json.dumps({"event": "stop"}))
            assert await close_code(websocket) == 1000
            assert server.handler_errors == 0
    assert caplog.records == []


async def test_what_was_written_is_heard_before_the_call_is_closed():
    async def handler(call):
        await call.write(b"\0\0" * 8 * 100)

    async with serving(handler) as server, dialed(server, START) as websocket:
        got = [json.loads(message) async for message in websocket]
        assert len(got) == 5
        assert websocket.close_code == 1000


async def test_a_stream_that_does_not_start_is_closed():
    async with serving(echo, limits=phonewire.Limits(start_s=0.05)) as server, dialed(server, media()) as websocket:
        assert await close_code(websocket) == 1008
        assert "0.05" in websocket.close_reason
        assert server.calls == set()


@pytest.mark.parametrize("over", [0, 1])
async def test_64_kib_and_one_byte_more(over):
    calls = []

    async def handler(call):
        calls.append(call)
        await call.wait_ended()

    async with serving(handler) as server, dialed(server, START) as websocket:
        message = json.dumps({"event": "dtmf", "dtmf": {"digit": "1"}, "pad": ""})
        message = message.replace('"pad": ""', '"pad": "' + "x" * (65_536 - len(message) + over) + '"')
        assert len(message) == 65_536 + over
        await websocket.send(message)
        if over:
            assert await close_code(websocket) == 1009
        else:
            await websocket.send(json.dumps({"event": "stop"}))
            assert await close_code(websocket) == 1000
        await calls[0].wait_ended()
    assert calls[0].end_reason is (EndReason.FAILED if over else EndReason.STOPPED)
    assert calls[0].stats().rejected == ({"too_long": 1} if over else {})


async def test_text_that_is_not_utf_8_is_closed():
    async with serving(echo) as server, dialed(server, START) as websocket:
        await websocket.send(b"\xff\xfe", text=True)
        assert await close_code(websocket) == 1007


async def test_a_vanished_peer_ends_the_call():
    ended = asyncio.get_running_loop().create_future()

    async def handler(call):
        ended.set_result(await call.wait_ended())

    async with serving(handler) as server, dialed(server, START) as websocket:
        websocket.transport.abort()
        assert await ended is EndReason.DROPPED


async def test_closing_the_server_says_goodbye_to_every_call():
    started = asyncio.Event()

    async def handler(call):
        started.set()
        await call.wait_ended()

    async with serving(handler) as server, dialed(server, START) as websocket:
        await started.wait()
        closing = asyncio.create_task(server.close())
        assert await close_code(websocket) == 1001
        await closing


async def test_a_handler_that_never_returns_is_cancelled_when_the_server_closes():
    cancelled, started = [], asyncio.Event()

    async def handler(call):
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(call.id)
            raise

    async with serving(handler) as server, dialed(server, START):
        await started.wait()
        await server.close(drain_s=0.05)
    assert cancelled == ["CA1"]


async def test_garbage_instead_of_http_leaves_no_traceback(caplog):
    with caplog.at_level(logging.DEBUG, "phonewire"):
        async with serving(echo) as server:
            for garbage in (b"\0\1\2\3\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"POST / HTTP/1.1\r\n\r\n", b""):
                reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
                writer.write(garbage)
                writer.write_eof()
                await reader.read()
                writer.close()
    assert not [record for record in caplog.records if record.exc_info]


async def test_two_calls_at_once_are_two_calls():
    async def handler(call):
        async for frame in call.frames():
            await call.write_payload(bytes(reversed(frame.payload)))

    async with serving(handler) as server, dialed(server, START) as one, dialed(server, START) as two:
        for websocket, payload in ((one, "AAEC"), (two, "AwQF")):
            await websocket.send(json.dumps(media(payload)))
            await websocket.send(json.dumps({"event": "stop"}))
        assert len(server.calls) <= 2
        await asyncio.gather(close_code(one), close_code(two))


# The client


async def test_the_client_is_the_phone_at_a_twilio_endpoint():
    async with serving(echo) as server:
        async with phonewire.connect(server.url + "/twilio", protocol="twilio", parameters={"lang": "es"}) as call:
            await call.write_payload(bytes(range(160)))
            await call.drain()
            frame = await anext(aiter(call.frames()))
            assert frame.payload == bytes(range(160))
        assert call.end_reason is EndReason.CLOSED


async def test_a_client_that_only_listens_announces_its_stream():
    async def handler(call):
        await call.write_payload(bytes(range(160)))

    async with (
        serving(handler) as server,
        phonewire.connect(server.url + "/twilio", protocol="twilio") as call,
    ):
        assert [frame.payload async for frame in call.frames()] == [bytes(range(160))]


async def test_das_peak_is_told_by_its_path_and_closes_when_it_has_enough():
    heard = bytearray()

    async def enough(call):
        async for frame in call.frames():
            heard.extend(frame.payload)
            if len(heard) >= 8000:
                return

    audio = bytes(range(256)) * 500
    path = "/daspeak-stream/v1/twilio"
    key = {"apikey": "k"}
    async with (
        serving(enough, "das-peak", ApiKey(["k"]), path) as server,
        phonewire.connect(server.url + path, call_id="4fd9", headers=key) as call,
    ):
        await call.write_payload(audio)
        assert await call.wait_ended() is EndReason.COMPLETED
    assert bytes(heard) == audio[: len(heard)]
    assert 8000 <= len(heard) < 8000 + 768
    stats = call.stats()
    assert stats.bytes_out + stats.unsent_ms * 8 == pytest.approx(len(audio), abs=8)


async def test_what_answers_is_told_apart():
    async with serving(echo) as server:
        with pytest.raises(HandshakeError, match="404") as refused:
            async with phonewire.connect(server.url + "/nowhere", protocol="twilio"):
                pass
        assert refused.value.status == 404
    with pytest.raises(OSError, match="Connect"):
        async with phonewire.connect(server_url_of_nobody(), protocol="twilio"):
            pass

    async def talk(_, writer):
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as stranger:
        port = stranger.sockets[0].getsockname()[1]
        with pytest.raises(RemoteProtocolError, match="WebSocket"):
            async with phonewire.connect(f"ws://127.0.0.1:{port}/", protocol="twilio"):
                pass


def server_url_of_nobody():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"ws://127.0.0.1:{unused.getsockname()[1]}/"


@pytest.mark.parametrize("host", ["example.com", "10.0.0.1", "localhost.example.com"])
def test_a_secret_is_not_sent_in_the_clear(host):
    with pytest.raises(ValueError, match="apikey"):
        phonewire.connect(f"ws://{host}/", protocol="das-peak", headers={"ApiKey": "k"})
    phonewire.connect(f"ws://{host}/", protocol="das-peak", headers={"ApiKey": "k"}, allow_insecure=True)
    phonewire.connect(f"wss://{host}/", protocol="das-peak", headers={"ApiKey": "k"})
    phonewire.connect(f"ws://{host}/", protocol="das-peak")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "[::1]", "localhost"])
def test_loopback_is_no_network(host):
    phonewire.connect(f"ws://{host}/", protocol="das-peak", headers={"apikey": "k"})


def test_arguments_that_make_no_sense():
    with pytest.raises(ValueError, match=r"twilio, twilio-one-way, das-peak.*'sip'"):
        phonewire.connect("wss://example.com/", protocol="sip")
    with pytest.raises(ValueError, match="protocol="):
        phonewire.connect("wss://example.com/")
    with pytest.raises(ValueError, match="slash"):
        phonewire.Endpoint("twilio", "twilio", auth=None)
    with pytest.raises(ValueError, match="at least one"):
        phonewire.serve(None, endpoints=[])
    endpoint = phonewire.Endpoint("/twilio", "twilio", auth=None)
    with pytest.raises(ValueError, match="no handler"):
        phonewire.serve(None, endpoints=[endpoint])
    with pytest.raises(ValueError, match="two endpoints"):
        phonewire.serve(echo, endpoints=[endpoint, endpoint])


async def test_nobody_gets_compression():
    """Audio hardly compresses, and what is decompressed can be a bomb."""
    endpoints = [phonewire.Endpoint("/twilio", "twilio", auth=None), phonewire.Endpoint("/das", "das-peak", auth=None)]
    async with phonewire.serve(echo, endpoints=endpoints) as server:
        for endpoint in endpoints:
            async with raw_connect(server.url + endpoint.path, compression="deflate") as websocket:
                assert "permessage-deflate" in websocket.request.headers["Sec-WebSocket-Extensions"]
                assert "Sec-WebSocket-Extensions" not in websocket.response.headers
