"""How bytes come from the socket: in pieces that cost little memory, by picows where that was chosen, on each loop.

`make test` runs this folder a second time on uvloop, which asks other things of a protocol than asyncio's own loop.
"""

import asyncio
import json
import os

import pytest
from websockets.server import ServerProtocol

import phonewire
from phonewire.aio.server.connection import READ_BYTES

START = json.dumps({"event": "start", "start": {"callSid": "CA1", "streamSid": "MZ1"}}).encode()
MEDIA = json.dumps({"event": "media", "streamSid": "MZ1", "media": {"payload": "/v8="}}).encode()
TEXT, PING, PONG = 1, 9, 10


async def test_the_loop_is_the_one_that_was_asked_for():
    expected = "uvloop" if os.environ.get("PHONEWIRE_TEST_LOOP") == "uvloop" else "asyncio"
    assert type(asyncio.get_running_loop()).__module__.partition(".")[0] == expected


@pytest.mark.usefixtures("tls")
async def test_the_library_is_given_little_at_once(serving, raw, monkeypatch, eventually):
    """It makes an object of each frame that it is given."""
    sizes = []
    receive_data = ServerProtocol.receive_data

    def watched(self, data):
        sizes.append(len(data))
        receive_data(self, data)

    async with serving() as server:
        peer = await raw.upgraded(server)
        peer.send(TEXT, START)
        await eventually(lambda: server.calls)
        monkeypatch.setattr(ServerProtocol, "receive_data", watched)
        pongs = peer.frame(PONG) * 40_000
        peer.writer.write(pongs)
        await eventually(lambda: sum(sizes) == len(pongs))
        assert max(sizes) <= READ_BYTES


@pytest.fixture
async def over_picows(tls, serving, raw, eventually):
    """A peer whose stream has started, over picows, and the payloads that its call has heard."""
    heard = []

    async def listen(call):
        async for frame in call.frames():
            heard.append(frame.payload)  # noqa: PERF401 - each when it comes

    async with serving(listen, transport="picows") as server:
        peer = await raw.upgraded(server)
        peer.send(TEXT, START)
        await eventually(lambda: server.calls)
        yield peer, heard


async def test_picows_reads_all_that_comes_after_the_first_message(read_by_picows, over_picows, eventually):
    peer, heard = over_picows
    for _ in range(5):
        peer.send(TEXT, MEDIA)
    peer.send(PING, b"x")
    await eventually(lambda: len(heard) == 5)
    assert await peer.reader.readexactly(3) == bytes([0x80 | PONG, 1]) + b"x"
    assert read_by_picows == [TEXT] * 5 + [PING]


async def test_a_frame_that_comes_byte_by_byte_is_a_frame(read_by_picows, over_picows, eventually):
    peer, heard = over_picows
    for byte in peer.frame(TEXT, MEDIA):
        peer.writer.write(bytes([byte]))
        await asyncio.sleep(0)
    await eventually(lambda: len(heard) == 1)
    assert read_by_picows == [TEXT]


async def test_what_breaks_the_rules_is_told_why_and_nothing_after_it_counts(read_by_picows, over_picows, eventually):
    peer, heard = over_picows
    peer.send(TEXT, MEDIA)
    await eventually(lambda: heard)
    peer.send(TEXT, MEDIA, masked=False)
    peer.send(TEXT, MEDIA)
    assert await peer.close_code() == 1002
    assert len(heard) == 1
    assert read_by_picows == [TEXT]


def test_where_there_is_no_socket_the_library_reads(read_by_picows):
    """On the fake clock's network in memory."""
    from phonewire.emulators.clock import FakeClockLoop
    from phonewire.emulators.twilio import TwilioCaller

    async def echo(call):
        async for frame in call.frames():
            await call.write_payload(frame.payload)

    async def main():
        endpoint = phonewire.Endpoint("/twilio", "twilio", auth=None)
        async with (
            phonewire.serve(echo, endpoints=[endpoint], transport="picows") as server,
            TwilioCaller(server.url + "/twilio") as caller,
        ):
            await caller.say(b"\x55" * 800)
            await asyncio.sleep(0.5)
            return caller.heard

    with asyncio.Runner(loop_factory=FakeClockLoop) as runner:
        assert runner.run(main()).startswith(b"\x55" * 100)
    assert read_by_picows == []
