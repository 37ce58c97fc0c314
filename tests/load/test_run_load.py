"""Whole loads: what is sent comes back from servers of ours, and what a bad server does to it is counted."""

import asyncio
import base64
import json
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import phonewire
from phonewire.load.audiosocket import AudioSocketScript
from phonewire.load.generator import Generator, Load, run_load
from phonewire.load.stamp import HEAD_BYTES, TONE, Voice
from phonewire.load.twilio import TwilioScript
from phonewire.protocols import twilio
from phonewire.protocols.connection import Side


def test_twenty_calls_of_ten_seconds_come_back_whole(against_phonewire, report):
    found = against_phonewire("/twilio", "twilio", calls=20, ramp_s=1, seconds=10, stamped=True)
    assert found.good, found
    assert (found.sent, found.returned, found.unstamped) == (10_000, 10_000, 0)
    assert (found.lost, found.duplicated, found.reordered, found.strange, found.late) == (0, 0, 0, 0, 0)
    assert found.latency_ms.count == 10_000
    report("soak in small: 20 calls of 10 s, 10,000 stamped frames, 0 lost, duplicated, reordered")


def test_twenty_calls_come_back_whole_over_real_sockets(report):
    """Counts alone: how long a frame is on its way here is the machine's."""

    async def main():
        endpoint = phonewire.Endpoint("/twilio", "twilio", auth=None)
        async with phonewire.serve(echo, endpoints=[endpoint]) as server:
            return await run_load(Load(url=server.url + "/twilio", calls=20, ramp_s=0.5, seconds=2, stamped=True))

    found = asyncio.run(main())
    assert found.good, found
    assert (found.sent, found.returned, found.unstamped) == (2000, 2000, 0)
    report("soak over sockets: 20 calls of 2 s, 2,000 stamped frames, 0 lost, duplicated, reordered")


PATH = "/v1.0/calls/{id}/media_stream"


@pytest.mark.parametrize(
    ("path", "protocol", "of_server", "frames"),
    [
        ("/twilio", "twilio", "twilio", 50),
        ("/daspeak-stream/v1/twilio", "das-peak", "das-peak", 50),
        ("/audiohook", "audiohook", "audiohook", 10),
    ],
)
def test_each_protocol_is_taken_by_a_server_without_a_complaint(against_phonewire, path, protocol, of_server, frames):
    complaints, heard = [], []

    async def listen(call):
        heard.extend([len(frame.pcm) async for frame in call.frames()])
        complaints.append(call.stats().rejected)

    found = against_phonewire(path, protocol, of_server, listen, calls=2, ramp_s=0.1, seconds=1)
    assert found.good, found
    assert found.sent == 2 * frames
    assert sum(heard) == 2 * 8000 * 2
    assert complaints == [{}, {}]


def test_voipbin_goes_through_a_jitter_buffer_and_back(virtual):
    async def main():
        endpoint = phonewire.Endpoint(PATH, "voipbin", auth=None)
        async with phonewire.serve(echo, endpoints=[endpoint]) as server:
            url = f"{server.url}{PATH}?encapsulation=rtp"
            return await run_load(Load(url=url, protocol="voipbin-rtp", calls=2, ramp_s=0, seconds=2, stamped=True))

    found = virtual(main())
    assert found.ends == {"completed": 2}
    assert (found.duplicated, found.reordered, found.strange) == (0, 0, 0)
    assert found.returned >= 190


def test_audiosocket_comes_back(virtual):
    async def main():
        async with phonewire.serve_audiosocket(echo, "127.0.0.1", 0, call_ids=None, addresses=None) as server:
            url = f"audiosocket://127.0.0.1:{server.port}"
            return await run_load(Load(url=url, protocol="audiosocket", calls=2, ramp_s=0, seconds=2, stamped=True))

    found = virtual(main())
    assert found.good, found
    assert found.returned == 200


def test_an_audio_connector_comes_back(against_phonewire):
    found = against_phonewire("/connector", "audiohook-connector", calls=2, ramp_s=0.1, seconds=2, stamped=True)
    assert found.ends == {"completed": 2}
    assert (found.returned, found.lost, found.duplicated, found.reordered) == (40, 0, 0, 0)


async def echo(call):
    async for frame in call.frames():
        await call.write(frame.pcm)


# Bad servers


def bad_echo(change):
    """Return a handler that sends messages of audio back as *change* has them: from a list to a list."""

    async def handle(websocket):
        messages = []
        async for message in websocket:
            if json.loads(message)["event"] == "media":
                messages.append(message)
                if len(messages) == 10:
                    for changed in change(messages):
                        await websocket.send(changed)

    return handle


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (lambda m: m, {}),
        (lambda m: m[:3] + m[4:], {"lost": 1}),
        (lambda m: m[:4] + m[3:], {"duplicated": 1}),
        (lambda m: [m[1], m[0], *m[2:]], {"reordered": 1}),
        (lambda m: [m[9], *m[:9]], {"reordered": 9}),
        (lambda m: [*m, m[0].replace("gICA", "gICB", 1)], {"strange": 1}),
        (lambda m: [*m, '{"event":"media","media":{"payload":"////////"}}'], {"unstamped": 1}),
        (lambda m: [*m, '{"event":"media","media":{"payload":"*"}}', '{"payload', "{}", b"\0"], {}),
    ],
    ids=["good", "lost", "twice", "swapped", "late", "of another call", "silence", "no audio"],
)
def test_what_a_server_does_wrong_is_counted(against, change, wrong):
    found = against(bad_echo(change), calls=1, ramp_s=0, seconds=0.2, stamped=True)
    counts = {name: getattr(found, name) for name in ("lost", "duplicated", "reordered", "strange", "unstamped")}
    assert counts == dict.fromkeys(counts, 0) | wrong
    assert found.good == (not wrong or "unstamped" in wrong)


def test_frames_that_a_server_joins_are_told_apart(against):
    def join(messages):
        raw = b"".join(base64.b64decode(json.loads(message)["media"]["payload"]) for message in messages)
        return [json.dumps({"event": "media", "media": {"payload": base64.b64encode(raw).decode()}})]

    assert against(bad_echo(join), calls=1, ramp_s=0, seconds=0.2, stamped=True).good


@pytest.mark.parametrize(("code", "end"), [(1000, "closed with 1000"), (1008, "closed with 1008")])
def test_a_server_that_hangs_up_on_a_stamped_call_is_a_fault(against, code, end):
    async def hang_up(websocket):
        for _ in range(5):
            await websocket.recv()
        await websocket.close(code)

    found = against(hang_up, calls=2, ramp_s=0, seconds=1, stamped=True)
    assert found.ends == {end: 2}
    assert not found.good
    assert found.lost == found.sent > 0


def test_a_consumer_that_has_enough_is_none(against):
    async def enough(websocket):
        for _ in range(5):
            await websocket.recv()

    found = against(enough, protocol="das-peak", calls=2, ramp_s=0, seconds=1)
    assert found.ends == {"completed": 2}
    assert found.good


def test_a_connection_that_breaks_is_dropped(against):
    async def vanish(websocket):
        await websocket.recv()
        websocket.transport.abort()

    assert against(vanish, calls=1, ramp_s=0, seconds=1).ends == {"dropped": 1}


def test_a_server_that_does_not_read_holds_frames_back(against):
    async def sleep(websocket):
        websocket.transport.pause_reading()
        await asyncio.sleep(60)
        websocket.transport.abort()

    found = against(sleep, calls=1, ramp_s=0, seconds=10)
    assert found.held > 0
    assert found.sent + found.held == 500
    assert not found.good


def test_a_port_where_nobody_listens_is_told(virtual):
    found = virtual(run_load(Load(url="ws://127.0.0.1:9/twilio", calls=2, ramp_s=0, seconds=1)))
    (end,) = found.ends
    assert end.startswith("nobody there: nothing listens on port 9")
    assert found.ends[end] == 2


def test_a_path_that_is_not_there_is_refused(virtual):
    async def main():
        endpoint = phonewire.Endpoint("/twilio", "twilio", auth=None)
        async with phonewire.serve(echo, endpoints=[endpoint]) as server:
            return await run_load(Load(url=server.url + "/other", calls=2, ramp_s=0, seconds=1))

    assert virtual(main()).ends == {"refused with HTTP status 404": 2}


def test_a_server_that_never_answers_is_given_up(virtual):
    async def main():
        server = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        return await run_load(Load(url=f"ws://127.0.0.1:{port}/", calls=1, ramp_s=0, seconds=1))

    assert virtual(main()).ends == {"no answer in time": 1}


def test_a_frame_is_late_when_a_listener_has_waited_for_it(against):
    async def stumble(websocket):
        count = 0
        async for message in websocket:
            count += json.loads(message)["event"] == "media"
            if count in (10, 30):
                await asyncio.sleep(0.03 if count == 10 else 0.1)
            await websocket.send(message)

    found = against(stumble, calls=1, ramp_s=0, seconds=1, stamped=True)
    assert found.good
    assert found.late == 1
    assert found.latency_ms.longest == pytest.approx(100, abs=1)


def test_a_call_may_stay_when_it_has_spoken(against):
    lasted = []

    async def listen(websocket):
        began_s = asyncio.get_running_loop().time()
        async for _ in websocket:
            pass
        lasted.append(asyncio.get_running_loop().time() - began_s)

    found = against(listen, calls=1, ramp_s=0, seconds=0.02, quiet_s=5)
    assert (found.ends, found.sent) == ({"completed": 1}, 1)
    assert lasted == [pytest.approx(5, abs=0.1)]


def test_a_load_that_is_cancelled_hangs_up(virtual):
    async def main():
        endpoint = phonewire.Endpoint("/twilio", "twilio", auth=None)
        async with phonewire.serve(echo, endpoints=[endpoint]) as server:
            generator = Generator(Load(url=server.url + "/twilio", calls=3, ramp_s=0, seconds=60, stamped=True))
            load = asyncio.create_task(generator.run())
            await asyncio.sleep(1)
            before = len(server.calls)
            load.cancel()
            await asyncio.wait([load])
            await asyncio.sleep(1)
            return before, len(server.calls), generator.result()

    before, after, found = virtual(main())
    assert (before, after, found.ends, found.lost) == (3, 0, {"stopped": 3}, 0)
    assert found.sent >= found.returned > 100
    assert not found.good


def test_a_server_that_does_not_answer_the_goodbye_is_cut_off(virtual):
    class Deaf(asyncio.Protocol):
        def connection_made(self, transport):
            transport.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")

    async def main():
        server = await asyncio.get_running_loop().create_server(Deaf, "127.0.0.1", 0)
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        return await run_load(Load(url=url, calls=1, ramp_s=0, seconds=1))

    assert virtual(main()).ends == {"no end within 5 s of the goodbye": 1}


@pytest.mark.parametrize("answer", ["{", '{"type":"pong"}', "[]"])
def test_a_server_that_breaks_the_protocol_is_left(against, answer):
    async def break_it(websocket):
        await websocket.recv()
        await websocket.send(answer)
        async for _ in websocket:
            pass

    found = against(break_it, protocol="audiohook", calls=1, ramp_s=0, seconds=1)
    assert sum(found.ends.values()) == 1
    assert not found.good


def test_a_call_whose_next_frame_cannot_be_made_is_dropped(against, monkeypatch):
    def fail(self, number):
        raise MemoryError

    async def listen(websocket):
        async for _ in websocket:
            pass

    monkeypatch.setattr(TwilioScript, "frame", fail)
    assert against(listen, calls=2, ramp_s=0, seconds=1).ends == {"dropped": 2}


# What is told


def test_each_second_is_told_and_all_of_it_is_json(against):
    seconds = []
    found = against(
        bad_echo(lambda messages: messages), lambda second, _: seconds.append(second), calls=2, ramp_s=0.5, seconds=2
    )
    assert len(seconds) >= 2
    assert found.timeline[: len(seconds)] == seconds
    assert sum(second.sent for second in found.timeline) == found.sent == 200
    assert max(second.talking for second in seconds) == 2
    told = msgspec.json.decode(msgspec.json.encode(found))
    assert told["timeline"][0]["talking"] == found.timeline[0].talking


def test_a_token_in_the_url_is_told_to_nobody_but_the_server():
    assert Load(url="wss://user:pass@host/path?token=secret").target == "host:443/path"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"url": "http://127.0.0.1/"}, "a URL of twilio is"),
        ({"url": "ws://127.0.0.1/", "protocol": "audiosocket"}, "audiosocket://"),
        ({"url": "ws://127.0.0.1/", "protocol": "sip"}, "protocol is one of"),
        ({"url": "ws://127.0.0.1/", "calls": 0}, "above 0"),
        ({"url": "ws://127.0.0.1/", "seconds": 20_001}, "at most"),
        ({"url": "ws://127.0.0.1/", "protocol": "das-peak", "stamped": True}, "sends no audio"),
        ({"url": "ws://127.0.0.1/", "headers": {"a": "b\r\nc: d"}}, "the header a has a line break in it"),
    ],
)
def test_a_load_that_cannot_be_is_refused_at_once(options, words):
    with pytest.raises(ValueError, match=words):
        Load(**options)


def test_a_process_that_is_not_there_cannot_be_watched(virtual):
    with pytest.raises(OSError, match="No such file"):
        virtual(run_load(Load(url="ws://127.0.0.1:9/", pid=2**22 + 1)))


@given(st.lists(st.integers(1, 700), max_size=8))
def test_a_stream_of_frames_is_read_however_it_is_cut(cuts):
    script = AudioSocketScript(Voice(1, stamped=True), "8e6c5b37-7f6f-4c46-a3a9-6f1a7b0d4c02")
    stream, heads = b"".join(script.frame(number) for number in range(12)), []
    for size in [*cuts, len(stream)]:
        heads += script.read(stream[:size], False)
        stream = stream[size:]
    assert heads == [Voice(1, stamped=True).head(number) for number in range(12)]


def test_frames_that_are_none_are_passed_over():
    script = AudioSocketScript(Voice(1, stamped=True), "8e6c5b37-7f6f-4c46-a3a9-6f1a7b0d4c02")
    assert script.read(b"\x77\x00\x01a", False) == []
    assert script.read(b"\x11\x00\x02ab", False) == []
    assert list(script.read(script.frame(3), False)) == [Voice(1, stamped=True).head(3)]


@pytest.mark.parametrize("dialect", [twilio.TWILIO, twilio.DAS_PEAK], ids=lambda dialect: dialect.name)
def test_messages_made_of_pieces_are_those_of_the_engine(dialect):
    script = TwilioScript(Voice(3, stamped=True), "CA1", dialect)
    engine = twilio.Connection(Side.CLIENT, dialect=dialect)
    if dialect is twilio.TWILIO:
        engine.send(twilio.Connected())
    named = re.search(rb'"streamSid":"(\w+)"', script.open())
    engine.send(twilio.Start(call_sid="CA1", stream_sid=named and named[1].decode(), tracks=("inbound",)))
    engine.data_to_send()
    for number in range(12):
        engine.send_payload(Voice(3, stamped=True).head(number) + TONE[HEAD_BYTES:])
        ((message, _),) = engine.data_to_send()
        assert json.loads(script.frame(number)[8:]) == json.loads(message)
