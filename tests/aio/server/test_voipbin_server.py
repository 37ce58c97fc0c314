"""A server that is VoIPBIN, on the fake clock: our client, and clients that write their own messages."""

import asyncio
import contextlib
import functools
import itertools
import math
import struct

import pytest
from websockets.asyncio.client import connect as raw_connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

import phonewire
from phonewire import g711, rtp
from phonewire.emulators import memory_network
from phonewire.protocols import voipbin
from phonewire.protocols.connection import EndReason, Rejected
from phonewire.protocols.voipbin import Tolerated

pytestmark = pytest.mark.usefixtures("tls")

CALLS = "/v1.0/calls/{id}/media_stream"
CONFERENCES = "/v1.0/conferences/{id}/media_stream"
UUID = "652af662-eb45-11ee-b1a5-6fde165f9226"


@functools.cache
def tone(ms, step=9):
    """Return s16 samples, no two frames of which are alike."""
    return struct.pack(f"<{8 * ms}h", *(round(9000 * math.sin(n / step)) + n // 160 % 50 for n in range(8 * ms)))


@contextlib.asynccontextmanager
async def serving(handler=None, path=CALLS, limits=None, **options):
    async def listen(call):
        await call.wait_ended()

    options = {"auth": None} | options
    endpoint = phonewire.Endpoint(path, "voipbin", **options)
    async with phonewire.serve(handler or listen, endpoints=[endpoint], limits=limits) as server:
        yield server


def dial(server, encapsulation="sln", path=CALLS, call_id=UUID):
    url = server.url + path.replace("{id}", call_id)
    if encapsulation is not None:
        url += f"?encapsulation={encapsulation}"
    return raw_connect(url, compression=None, ping_interval=None)  # as the published clients


class Listener:
    """A handler that writes down what it hears, and when."""

    def __init__(self):
        self.calls, self.heard, self.times, self.events = [], [], [], []

    async def __call__(self, call):
        self.calls.append(call)
        events = asyncio.create_task(self._take_events(call))
        async for frame in call.frames():
            self.heard.append(frame.pcm)
            self.times.append(asyncio.get_running_loop().time())
        await events

    async def _take_events(self, call):
        async for event in call.events():
            self.events.append(event)

    @property
    def audio(self):
        return b"".join(self.heard)

    @property
    def stats(self):
        return self.calls[0].stats()


@pytest.mark.parametrize("wire", voipbin.DIALECTS)
@pytest.mark.parametrize("encapsulation", voipbin.Encapsulation)
@pytest.mark.parametrize("path", [CALLS, CONFERENCES])
def test_speech_goes_both_ways_between_our_ends(virtual, path, encapsulation, wire):
    speech = tone(400)
    listener, said = Listener(), asyncio.Event()

    async def handler(call):
        assert call.id == UUID
        assert call.parameters == {"encapsulation": encapsulation}
        hearing = asyncio.create_task(listener(call))
        await call.write(speech)
        await call.drain()
        said.set()
        await hearing

    async def main():
        async with serving(handler, path, wire=wire) as server:
            url = f"{server.url}{path.replace('{id}', UUID)}?encapsulation={encapsulation}"
            async with phonewire.connect(url, wire=wire) as call:
                hearing = asyncio.create_task(_hear(call))
                await call.write(speech)
                await asyncio.sleep(1.5)
            assert said.is_set()
            assert call.end_reason is EndReason.CLOSED
            heard = await hearing
        dialect = voipbin.DIALECTS[wire]
        assert _coded(speech, dialect.encoding(encapsulation, voipbin.Side.CLIENT)) in heard
        assert _coded(speech, dialect.encoding(encapsulation, voipbin.Side.SERVER)) in listener.audio
        assert (listener.stats.rejected, listener.stats.tolerated, listener.stats.spread_ms) == ({}, {}, 0)

    virtual(main())


async def _hear(call):
    return b"".join([frame.pcm async for frame in call.frames()])


def _coded(samples, encoding):
    return g711.ulaw_decode(g711.ulaw_encode(samples)) if encoding == "ulaw" else samples


@pytest.mark.parametrize(
    ("encapsulation", "size"), [("rtp", 332), ("sln", 320), ("audiosocket", 323)]
)  # fmt: skip
def test_a_call_begins_with_the_upgrade_and_silence_goes_out_every_20_ms(virtual, encapsulation, size):
    async def main():
        loop = asyncio.get_running_loop()
        async with serving() as server, dial(server, encapsulation) as websocket:
            messages, times = [], []
            for _ in range(50):
                messages.append(await websocket.recv())
                times.append(loop.time())
            assert {len(message) for message in messages} == {size}
            assert all(message[-320:] == bytes(320) for message in messages)
            assert max(abs(after - at - 0.02) for at, after in itertools.pairwise(times[1:])) < 0.002
            if encapsulation == "rtp":
                packets = [rtp.parse(message) for message in messages]
                assert [packet.sequence_number for packet in packets] == list(range(1, 51))
                assert {(packet.ssrc, packet.payload_type) for packet in packets} == {(0, 96)}

    virtual(main())


def test_a_handler_that_returns_closes_with_1000_when_it_was_heard(virtual):
    async def handler(call):
        await call.write(tone(100))

    async def main():
        async with serving(handler) as server, dial(server) as websocket:
            heard = [message async for message in websocket]
            assert websocket.close_code == 1000
        assert tone(100) in b"".join(heard)

    virtual(main())


@pytest.mark.parametrize("call_id", ["", "a/b", "%2e%2e", "..", "a b", "x" * 129, "a%0d%0ab", "\u00e9"])
def test_what_is_no_id_is_not_found(virtual, call_id):
    async def main():
        async with serving() as server:
            with pytest.raises(InvalidStatus) as refused:
                async with dial(server, call_id=call_id.replace(" ", "%20").replace("\u00e9", "%C3%A9")):
                    pass
            assert refused.value.response.status_code == 404
            assert server.refused == {phonewire.Refusal.NOT_FOUND: 1}

    virtual(main())


def test_only_expected_calls_are_taken(virtual):
    async def main():
        async with serving(call_ids={UUID}) as server:
            async with dial(server, call_id="another") as websocket:
                with pytest.raises(ConnectionClosed):
                    await websocket.recv()
                assert websocket.close_code == 1008
            async with dial(server) as websocket:
                await websocket.recv()
            assert server.refused == {phonewire.Refusal.UNEXPECTED_CALL: 1}

    virtual(main())


@pytest.mark.parametrize("encapsulation", ["opus", "", None])
def test_an_unknown_encapsulation_opens_and_nothing_flows(virtual, encapsulation):
    listener = Listener()

    async def main():
        async with serving(listener) as server, dial(server, encapsulation) as websocket:
            await websocket.send(tone(20))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(2):
                    await websocket.recv()
            with pytest.raises(phonewire.LocalProtocolError):
                await listener.calls[0].write(tone(20))
        assert listener.heard == []
        assert listener.stats.rejected == {"wrong_format": 2}  # the URL, and the message
        assert [type(event) for event in listener.events[:2]] == [Rejected, Rejected]

    virtual(main())


# What published clients do


@pytest.mark.parametrize("encapsulation", voipbin.Encapsulation)
def test_a_whole_prompt_in_one_message_is_heard_in_time(virtual, encapsulation):
    prompt, listener = tone(30_000), Listener()
    assert len(prompt) < 1 << 20

    async def main():
        loop = asyncio.get_running_loop()
        async with serving(listener) as server, dial(server, encapsulation) as websocket:
            began = loop.time()
            await websocket.send(prompt)
            await asyncio.sleep(10)
            assert 10 <= len(listener.audio) / 16_000 <= 10.3
            await asyncio.sleep(25)  # longer than the limit of a call without media
            assert listener.audio == prompt
            assert {len(frame) for frame in listener.heard} == {320}
            assert 29.7 <= listener.times[-1] - began <= 30.1
            late = [(at - began) - (number * 0.02 - 0.2) for number, at in enumerate(listener.times)]
            assert min(late[15:]) >= -0.001
            assert max(late[15:]) <= 0.021
        assert listener.stats.tolerated["long_message"] == 1
        assert listener.stats.spread_ms > 29_000
        assert [type(event) for event in listener.events].count(phonewire.Unpaced) == 1

    virtual(main())


def test_a_whole_prompt_in_one_packet_is_heard_in_time(virtual):
    prompt, listener = tone(30_000), Listener()
    packet = rtp.pack(prompt, payload_type=96, sequence_number=1, timestamp=0, ssrc=7)

    async def main():
        async with serving(listener, wire="documented") as server, dial(server, "rtp") as websocket:
            await websocket.send(packet)
            await asyncio.sleep(10)
            assert 10 <= len(listener.audio) / 16_000 <= 10.3
            await asyncio.sleep(25)
            assert listener.audio == prompt
        assert listener.stats.tolerated == {"long_message": 1}
        assert listener.stats.refused_packets == 0

    virtual(main())


@pytest.mark.parametrize("socket_bytes", [65_536, 4 << 20])
def test_a_file_sent_unpaced_makes_its_sender_wait_and_is_all_heard(virtual, monkeypatch, socket_bytes):
    """As the published Node client does it: AudioSocket without its headers.

    In a large socket the answers to pings wait behind minutes of audio.
    """
    monkeypatch.setattr(memory_network, "_SOCKET_BYTES", socket_bytes)
    audio, listener = tone(180_000), Listener()

    async def main():
        async with serving(listener) as server, dial(server, "audiosocket") as websocket:
            loop = asyncio.get_running_loop()
            began = loop.time()
            reading = asyncio.create_task(_read_all(websocket))
            for start in range(0, len(audio), 320):
                await websocket.send(audio[start : start + 320])
            await asyncio.sleep(began + 181 - loop.time())
            assert listener.audio == audio
            await websocket.close()
            await reading
        assert listener.stats.tolerated == {"headerless": 9000}
        assert listener.stats.spread_ms > 170_000
        assert listener.calls[0].end_reason is EndReason.STOPPED
        assert [event.slip for event in listener.events if isinstance(event, Tolerated)] == ["headerless"]

    virtual(main())


async def _read_all(websocket):
    with contextlib.suppress(ConnectionClosed):
        async for _ in websocket:
            pass


@pytest.mark.parametrize(("size", "most_ms"), [(320, 1500), (1 << 20, 65_600)])
def test_little_is_kept_of_what_comes_too_early(virtual, size, most_ms):
    listener = Listener()

    async def main():
        async with serving(listener) as server, dial(server) as websocket:
            sending = asyncio.create_task(_send_for_ever(websocket, bytes(size)))
            await asyncio.sleep(20)
            call = listener.calls[0]
            assert call._inbound.spread._waiting_ns <= most_ms * 1e6
            if size > 65_536:
                assert len(call._line.transport._websocket.messages) <= 2
            assert 20 <= len(listener.audio) / 16_000 <= 20.5
            sending.cancel()
            websocket.transport.abort()

    virtual(main())


async def _send_for_ever(websocket, message):
    while True:
        await websocket.send(message)


def test_a_message_may_have_1_mib_and_no_more(virtual):
    listener = Listener()

    async def main():
        async with serving(listener) as server, dial(server) as websocket:
            reading = asyncio.create_task(_read_all(websocket))
            await websocket.send(bytes(1 << 20))
            await asyncio.sleep(70)
            assert len(listener.audio) == 1 << 20
            await websocket.send(bytes((1 << 20) + 1))
            await reading
            assert websocket.close_code == 1009
            assert await listener.calls[0].wait_ended() is EndReason.FAILED
        assert listener.stats.rejected == {"too_long": 1}

    virtual(main())


def test_other_endpoints_of_the_server_keep_their_limit(virtual):
    async def handler(call):
        await call.wait_ended()

    async def main():
        endpoints = [
            phonewire.Endpoint(CALLS, "voipbin", auth=None),
            phonewire.Endpoint("/twilio", "twilio", auth=None),
            phonewire.Endpoint("/small/{id}", "voipbin", auth=None, message_bytes=1000),
        ]
        async with phonewire.serve(handler, endpoints=endpoints) as server:
            for path, size in (("/twilio", 65_537), ("/small/1?encapsulation=sln", 1001)):
                async with raw_connect(server.url + path, compression=None) as websocket:
                    await websocket.send("x" * size if path == "/twilio" else bytes(size))
                    await _read_all(websocket)
                    assert websocket.close_code == 1009

    virtual(main())


def test_a_packet_of_172_zeros_and_codewords_without_a_header_are_heard(virtual):
    codewords, listener = bytes(range(160)), Listener()

    async def main():
        async with serving(listener) as server, dial(server, "rtp") as websocket:
            await websocket.send(bytes(172))
            await websocket.send(codewords)
            await websocket.send("text")
            await asyncio.sleep(1)
        assert listener.audio == bytes(320) + g711.ulaw_decode(codewords)
        assert listener.stats.tolerated == {"zeros": 1, "headerless": 1}
        assert listener.stats.rejected == {"wrong_message_type": 1}

    virtual(main())


def test_a_burst_after_a_stall_is_handed_on_at_once(virtual):
    """What the network held back for up to 200 ms is not ahead of its time."""
    listener = Listener()

    async def main():
        async with serving(listener) as server, dial(server) as websocket:
            await websocket.send(tone(20))
            await asyncio.sleep(0.2)
            for _ in range(10):
                await websocket.send(tone(20))
            await asyncio.sleep(0.001)
            assert len(listener.heard) == 11
        assert listener.stats.spread_ms == 0
        assert phonewire.Unpaced not in [type(event) for event in listener.events]

    virtual(main())


# What an endpoint is given


@pytest.mark.parametrize("path", ["/{id}/{id}", "/x{id}", "/{id}.wav"])
def test_an_id_is_one_whole_part_of_a_path(path):
    with pytest.raises(ValueError, match="whole part"):
        phonewire.Endpoint(path, "voipbin", auth=None)


@pytest.mark.parametrize(
    ("protocol", "options"),
    [("voipbin", {"wire": "wrong"}), ("wrong", {}), ("twilio", {"wire": "tutorial"})],
)
def test_an_endpoint_of_no_known_protocol_is_told_before_the_server_starts(protocol, options):
    with pytest.raises(ValueError, match=r"protocol|wire"):
        phonewire.serve(print, endpoints=[phonewire.Endpoint("/x", protocol, auth=None, **options)])
