"""Twilio's side, against servers that are made of `websockets` and `json` alone."""

import asyncio
import base64
import contextlib
import itertools
import json
import math
import ssl

import pytest
from twilio.request_validator import RequestValidator
from websockets.exceptions import InvalidMessage, InvalidStatus

from phonewire import g711
from phonewire.emulators.playout import ReturnedMark
from phonewire.emulators.twilio import TwilioCaller
from phonewire.emulators.twilio_errors import TwilioError
from phonewire.errors import CodecError, LocalProtocolError
from phonewire.protocols import twilio
from phonewire.protocols.connection import RejectReason
from phonewire.wav import WavInfo, WavWriter

SPEECH = bytes(range(0x80)) * 25  # 400 ms, 20 frames, no two frames alike side by side
SILENCE = b"\xff" * 160


def media(payload):
    return json.dumps({"event": "media", "streamSid": "MZ1", "media": {"payload": base64.b64encode(payload).decode()}})


def mark(name):
    return json.dumps({"event": "mark", "streamSid": "MZ1", "mark": {"name": name}})


CLEAR = json.dumps({"event": "clear", "streamSid": "MZ1"})


async def ignore(socket, message):
    pass


async def echo(socket, message):
    if message["event"] == "media":
        await socket.send(media(base64.b64decode(message["media"]["payload"])))


def on_start(*answers):
    """Answer the start, with pauses where there is a number of milliseconds."""

    async def play(socket):
        for answer in answers:
            if isinstance(answer, int):
                await asyncio.sleep(answer / 1000)
            else:
                await socket.send(answer)

    tasks = set()

    async def answer(socket, message):
        if message["event"] == "start":
            tasks.add(asyncio.create_task(play(socket)))

    return answer


def call(server, **options):
    return TwilioCaller(server.url, **{"call_sid": "CA1", "stream_sid": "MZ1", "account_sid": "AC1"} | options)


def payloads(server):
    return b"".join(base64.b64decode(message["media"]["payload"]) for message in server.of("media"))


def test_says_what_twilio_says(on_fake_clock, raw_server):
    async def main():
        async with raw_server(ignore) as server:
            async with call(server, parameters={"FirstName": "Jane"}) as caller:
                await caller.say(SPEECH[:320])
                await caller.press("5#")
                await caller.say(SPEECH[:160])
            first, start, *rest = server.messages
        assert first == {"event": "connected", "protocol": "Call", "version": "1.0.0"}
        assert start == {
            "event": "start",
            "sequenceNumber": "1",
            "streamSid": "MZ1",
            "start": {
                "streamSid": "MZ1",
                "accountSid": "AC1",
                "callSid": "CA1",
                "tracks": ["inbound"],
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                "customParameters": {"FirstName": "Jane"},
            },
        }
        assert [message["sequenceNumber"] for message in rest] == [str(n + 2) for n in range(len(rest))]
        assert all(message["streamSid"] == "MZ1" for message in rest)
        assert payloads(server) == caller.said
        for n, message in enumerate(server.of("media")):
            payload = message["media"].pop("payload")
            assert len(base64.b64decode(payload, validate=True)) == 160
            assert message["media"] == {"track": "inbound", "chunk": str(n + 1), "timestamp": str(n * 20)}
        assert [m["dtmf"] for m in server.of("dtmf")] == [{"track": "inbound_track", "digit": d} for d in "5#"]
        assert rest[-1]["event"] == "stop"
        assert rest[-1]["stop"] == {"accountSid": "AC1", "callSid": "CA1"}
        assert (server.close_code, caller.close_code) == (1000, 1000)

    on_fake_clock(main)


def test_speaks_in_real_time_and_silence_between(on_fake_clock, raw_server):
    async def main():
        async with raw_server(ignore) as server:
            async with call(server) as caller:
                await caller.say(SPEECH[:400])
                await asyncio.sleep(0.1)
                await caller.say(SPEECH[:160])
            times_ms = [t for t, m in zip(server.times_ms, server.messages, strict=True) if m["event"] == "media"]
            assert times_ms == pytest.approx([20 * n for n in range(len(times_ms))], abs=0.01)
            said = payloads(server)
            assert said.startswith(SPEECH[:400] + b"\xff" * 80 + SILENCE)
            assert said.endswith(SILENCE + SPEECH[:160])
            assert 8 * 160 <= len(said) <= 10 * 160

    on_fake_clock(main)


def test_hears_an_echo_to_the_sample(on_fake_clock, raw_server):
    async def main():
        async with raw_server(echo) as server, call(server) as caller:
            await caller.say(SPEECH)
            await caller.until(lambda: caller.heard_ms >= 600)
            assert caller.heard == caller.said[: len(caller.heard)]
            assert caller.heard.startswith(SPEECH)

    on_fake_clock(main)


@pytest.mark.parametrize("speed", [1, 4])
def test_listens_for_as_long_as_it_is_told(on_fake_clock, raw_server, speed):
    async def main():
        answers = on_start(media(bytes(range(250)) * 32), media(b"z" * 8000))  # 2 s
        async with raw_server(answers) as server, call(server, speed=speed) as caller:
            heard = [await caller.listen(0.5), await caller.listen(seconds=1)]
            assert [len(each) for each in heard] == pytest.approx([4000, 8000], abs=1)
            assert b"".join(heard) == caller.heard
            await caller.hang_up()
            assert await caller.listen(seconds=60) == b"", "a call that is over is silent, and takes no time"

    on_fake_clock(main)


def test_as_fast_as_possible_it_listens_to_as_much_as_it_is_told(on_fake_clock, raw_server):
    async def main():
        answers = on_start(media(b"a" * 8000), 100, media(b"b" * 8000))
        async with raw_server(answers) as server, call(server, speed=math.inf) as caller:
            assert await caller.listen(seconds=1) == b"a" * 8000
            assert await caller.listen(seconds=1) == b"b" * 8000

    on_fake_clock(main)


def test_brings_marks_back_when_they_were_heard(on_fake_clock, raw_server):
    answers = on_start(mark("at once"), media(bytes(800)), mark("after 100 ms"), media(bytes(8)), mark("after 101 ms"))

    async def main():
        async with raw_server(answers) as server, call(server) as caller:
            await caller.until(lambda: len(server.of("mark")) == 3)
            back = [
                (m["mark"]["name"], t) for t, m in zip(server.times_ms, server.messages, strict=True) if "mark" in m
            ]
            assert [name for name, _ in back] == ["at once", "after 100 ms", "after 101 ms"]
            assert [t for _, t in back] == pytest.approx([0, 100, 101], abs=0.01)
            assert caller.marks == [
                ReturnedMark("at once", 0, played=True),
                ReturnedMark("after 100 ms", 800, played=True),
                ReturnedMark("after 101 ms", 808, played=True),
            ]

    on_fake_clock(main)


def test_clear_empties_the_queue_and_says_what_was_heard(on_fake_clock, raw_server):
    speech = media(bytes(range(250)) * 80)  # 2.5 s
    answers = on_start(speech, mark("one"), speech, mark("two"), 3000, CLEAR, media(b"after"), mark("three"))

    async def main():
        async with raw_server(answers) as server, call(server) as caller:
            await caller.until(lambda: len(server.of("mark")) == 3)
            assert caller.clears == pytest.approx([3000], abs=0.2)
            assert [(m.name, m.played) for m in caller.marks] == [("one", True), ("two", False), ("three", True)]
            assert len(caller.heard) == pytest.approx(3000 * 8 + len("after"), abs=2)
            assert caller.heard.endswith(b"after")

    on_fake_clock(main)


@pytest.mark.parametrize("speed", [4, 0.5])
def test_lives_faster_or_slower(on_fake_clock, raw_server, speed):
    async def main():
        loop = asyncio.get_running_loop()
        async with raw_server(echo) as server, call(server, speed=speed) as caller:
            begin_s = loop.time()
            await caller.say(SPEECH)
            assert loop.time() - begin_s == pytest.approx(0.38 / speed, abs=0.001)
            await caller.until(lambda: len(caller.heard) >= 3200)
            assert loop.time() - begin_s == pytest.approx(0.4 / speed, abs=0.021 / speed)

    on_fake_clock(main)


def test_as_fast_as_possible_takes_no_time_and_says_no_silence(on_fake_clock, raw_server):
    async def main():
        async with raw_server(echo) as server, call(server, speed=math.inf) as caller:
            begin_s = asyncio.get_running_loop().time()
            await caller.say(SPEECH * 10)
            await caller.until(lambda: len(caller.heard) == len(SPEECH) * 10)
            assert asyncio.get_running_loop().time() == begin_s
            assert caller.said == caller.heard == SPEECH * 10

    on_fake_clock(main)


@pytest.mark.parametrize("encoding", ["ulaw", "alaw", "s16le"])
async def test_says_wav_files(tmp_path, raw_server, encoding):
    samples = g711.ulaw_decode(SPEECH)
    audio = {"ulaw": SPEECH, "alaw": g711.alaw_encode(samples), "s16le": samples}[encoding]
    with WavWriter(tmp_path / "x.wav", WavInfo(encoding, 8000, 1)) as writer:
        writer.write(audio)
    expected = g711.ulaw_encode(g711.alaw_decode(audio)) if encoding == "alaw" else g711.ulaw_encode(samples)
    async with raw_server(ignore) as server, call(server, speed=math.inf) as caller:
        await caller.say(tmp_path / "x.wav")
        assert caller.said == (SPEECH if encoding == "ulaw" else expected)


@pytest.mark.parametrize("info", [WavInfo("ulaw", 16000, 1), WavInfo("ulaw", 8000, 2)])
async def test_says_no_wav_file_that_no_phone_takes(tmp_path, raw_server, info):
    WavWriter(tmp_path / "x.wav", info).close()
    async with raw_server(ignore) as server, call(server, speed=math.inf) as caller:
        with pytest.raises(CodecError, match="8000 Hz and 1 channel, got"):
            await caller.say(tmp_path / "x.wav")


async def test_the_server_may_end_the_call(raw_server):
    async def close(socket, message):
        if message["event"] == "dtmf":
            await socket.close(1000)

    async with raw_server(close) as server, call(server) as caller:
        await caller.press("1")
        await caller.wait_closed()
        assert caller.close_code == 1000
        heard_ms = caller.heard_ms
        await caller.say(SPEECH)  # to nobody
        with pytest.raises(ConnectionError, match=r"the call is over \(close code 1000\)"):
            await caller.until(lambda: False)
        with pytest.raises(LocalProtocolError):
            await caller.press("2")
        assert caller.heard_ms == heard_ms
    assert server.of("stop") == []


async def test_vanishes_without_a_goodbye(raw_server):
    async with raw_server(ignore) as server:
        async with call(server) as caller:
            await caller.until(lambda: bool(server.of("media")))
            await caller.drop()
            assert caller.close_code == 1006
        await server.until(lambda: server.close_code is not None)
        assert server.close_code == 1006
        assert server.of("stop") == []


async def test_hanging_up_twice_says_stop_once(raw_server):
    async with raw_server(ignore) as server:
        async with call(server) as caller:
            await caller.hang_up()
            await caller.hang_up()
        assert len(server.of("stop")) == 1


def test_nothing_comes_back_after_the_goodbye(on_fake_clock, raw_server):
    async def main():
        async with raw_server(on_start(media(bytes(800)), mark("pending"))) as server:
            async with call(server) as caller:
                await caller.until(lambda: caller._playout.next_deadline_ns() is not None)
                close = caller._socket.close

                async def close_slowly(*args):
                    await asyncio.sleep(1)
                    await close(*args)

                caller._socket.close = close_slowly
            assert caller.marks == []
            assert server.messages[-1]["event"] == "stop"

    on_fake_clock(main)


def test_messages_keep_their_order_when_the_socket_is_slow(on_fake_clock, raw_server):
    answers = on_start(media(bytes(8000)), *(mark(str(n)) for n in range(20)), 50, CLEAR)

    async def main():
        async with raw_server(answers) as server:
            async with call(server) as caller:
                send = caller._socket.send

                async def send_slowly(*args, **options):
                    await asyncio.sleep(0.003)
                    await send(*args, **options)

                caller._socket.send = send_slowly
                await caller.until(lambda: len(server.of("mark")) == 20)
            sequence = [int(message["sequenceNumber"]) for message in server.messages[1:]]
            assert sequence == list(range(1, len(sequence) + 1))

    on_fake_clock(main)


async def test_counts_what_a_server_should_not_send(raw_server):
    wrong = on_start("not json", "[]", '{"event":"hello"}', b"\0\1", '{"event":"mark"}', media(b"fine"))
    async with raw_server(wrong) as server, call(server, speed=math.inf) as caller:
        await caller.until(lambda: caller.heard == b"fine")
        assert caller.rejected == {
            RejectReason.NOT_JSON: 1,
            RejectReason.NOT_AN_OBJECT: 1,
            RejectReason.UNKNOWN_EVENT: 1,
            RejectReason.WRONG_MESSAGE_TYPE: 1,
            RejectReason.BAD_FIELD: 1,
        }


async def test_a_one_way_stream_takes_nothing(raw_server):
    async with raw_server(echo) as server, call(server, dialect=twilio.TWILIO_ONE_WAY, speed=math.inf) as caller:
        await caller.say(SPEECH[:160])
        await caller.until(lambda: caller.rejected[RejectReason.NOT_ALLOWED] == 1)
        assert caller.heard == b""
        with pytest.raises(LocalProtocolError):
            await caller.press("1")


async def test_hangs_up_on_a_message_without_end(raw_server):
    async with raw_server(on_start(media(bytes(1_000_000)))) as server, call(server) as caller:
        await caller.wait_closed()
        assert caller.heard == b""
    assert server.close_code == 1009


async def test_is_refused(raw_server):
    def refuse(socket, request):
        return socket.respond(401, "no")

    async with raw_server(ignore, process_request=refuse) as server:
        with pytest.raises(InvalidStatus) as caught:
            async with call(server):
                pass
        assert caught.value.response.status_code == 401


async def test_signs_the_url_of_the_twiml(raw_server):
    # The vector of Twilio's own scheme in the documents: token 12345.
    async with raw_server(ignore) as server:
        async with call(server, auth_token="12345", signed_url="wss://example.com/audiostream"):
            pass
        assert server.headers["X-Twilio-Signature"] == "h1GDe9X4/sxGZmaZfzZVvygMML0="


async def test_signs_its_own_url_as_wss_and_nothing_without_a_token(raw_server):
    async with raw_server(ignore) as server:
        async with call(server, auth_token="12345"):
            signature = server.headers["X-Twilio-Signature"]
        async with call(server):
            assert "X-Twilio-Signature" not in server.headers
    assert RequestValidator("12345").validate(server.url.replace("ws:", "wss:"), {}, signature)


async def test_the_scheme_says_whether_tls_is_spoken(raw_server, tls):
    async with raw_server(ignore) as server:
        with pytest.raises((ssl.SSLError, ConnectionError, InvalidMessage)):
            async with TwilioCaller(server.url.replace(*("wss:", "ws:") if tls else ("ws:", "wss:"))):
                pass


async def test_makes_ids_as_twilio_does(raw_server):
    async with raw_server(ignore) as server, TwilioCaller(server.url) as one, TwilioCaller(server.url) as two:
        pass
    for caller in (one, two):
        for prefix, sid in (("CA", caller.call_sid), ("MZ", caller.stream_sid), ("AC", caller.account_sid)):
            assert sid[:2] == prefix
            assert len(bytes.fromhex(sid[2:])) == 16
    assert one.call_sid != two.call_sid


def test_twilio_has_no_query():
    with pytest.raises(ValueError, match="no query"):
        TwilioCaller("wss://example.com/twilio?token=1")


@pytest.mark.parametrize("speed", [0, -1, math.nan])
def test_speed_is_above_zero(speed):
    with pytest.raises(ValueError, match="speed is above 0"):
        TwilioCaller("ws://127.0.0.1:1", speed=speed)


# What Twilio's debugger shows


def with_more(message, **fields):
    return json.dumps(json.loads(message) | fields)


@pytest.mark.parametrize(
    ("messages", "errors"),
    [
        ([mark("m"), CLEAR], []),
        ([b"\0\1", b"", b"\0"], [31950]),
        (["not json", "[]"], [31951]),
        ([media(b"x").replace("MZ1", "MZ2")], [31951]),
        ([json.dumps({"event": "clear"})], [31951]),
        ([with_more(media(b"x"), media={"payload": "eA==", "track": "outbound"})], [31951]),
        ([with_more(mark("m"), sequenceNumber="1")], [31951]),
        (['{"event":"dtmf","streamSid":"MZ1","dtmf":{"digit":"1"}}', b"\0", "{}"], [31951, 31950]),
    ],
)
async def test_what_twilio_does_not_take_is_shown_once(raw_server, messages, errors):
    async with raw_server(on_start(*messages, media(b"fine"))) as server, call(server, speed=math.inf) as caller:
        await caller.until(lambda: caller.heard.endswith(b"fine"))
        assert caller.errors == errors
    assert caller.errors == errors, "to hang up is no error"


async def test_anything_on_a_one_way_stream_is_an_error(raw_server):
    answers = on_start(b"\0", media(b"x"), mark("m"))
    async with raw_server(answers) as server, call(server, dialect=twilio.TWILIO_ONE_WAY, speed=math.inf) as caller:
        await caller.until(lambda: caller.rejected.total() == 3)
        assert caller.errors == [TwilioError.PROTOCOL]


@pytest.mark.parametrize(
    ("end", "error"),
    [
        (lambda socket: socket.close(1000), TwilioError.CLOSED),
        (lambda socket: socket.close(1011), TwilioError.CLOSED),
        (lambda socket: socket.transport.abort(), TwilioError.CONNECTION_BROKEN),
        (lambda socket: socket.transport.write(b"\x09\x00"), TwilioError.PROTOCOL),  # a ping in two pieces
        (lambda socket: socket.transport.write(b"\x81\x01\xff"), TwilioError.PROTOCOL),  # not UTF-8
        (lambda socket: socket.send(media(bytes(1_000_000))), TwilioError.PROTOCOL),
    ],
)
async def test_every_end_by_the_server_is_an_error(raw_server, end, error):
    async def answer(socket, message):
        if message["event"] == "start" and (ending := end(socket)) is not None:
            await ending

    async with raw_server(answer) as server, call(server) as caller:
        await caller.wait_closed()
    assert caller.errors == [error]


async def test_to_drop_is_none(raw_server):
    async with raw_server(ignore) as server, call(server) as caller:
        await caller.drop()
    assert caller.errors == []


async def test_why_there_is_no_connection(raw_server, tls, monkeypatch):
    async def error(url):
        caller = TwilioCaller(url)
        with contextlib.suppress(OSError, InvalidStatus, InvalidMessage):
            await caller.__aenter__()
        return caller.errors

    async with raw_server(ignore, process_request=lambda socket, request: socket.respond(404, "no")) as server:
        assert await error(server.url) == [TwilioError.HANDSHAKE]
    assert await error(server.url) == [TwilioError.CONNECTION_REFUSED]
    if tls:
        monkeypatch.delenv("SSL_CERT_FILE")
        async with raw_server(ignore) as server:
            assert await error(server.url) == [TwilioError.TLS]


def test_who_does_not_read_misses_audio_and_sees_it_in_the_timestamps(on_fake_clock, raw_server):
    async def answer(socket, message):
        if message["event"] == "start":
            await asyncio.sleep(30)

    async def main():
        async with raw_server(answer) as server:
            async with call(server) as caller:
                await asyncio.sleep(40)
                assert caller.errors == [TwilioError.BUFFER_OVERFLOW]
            sent = server.of("media")
            assert payloads(server) == caller.said
            assert [int(each["media"]["chunk"]) for each in sent] == list(range(1, len(sent) + 1))
            times = [int(each["media"]["timestamp"]) for each in sent]
            (gap,) = [after - before for before, after in itertools.pairwise(times) if after - before != 20]
            assert 5_000 < gap < 30_000  # sockets take much, and TLS some more
            assert times[-1] == pytest.approx(40_000, abs=40)

    on_fake_clock(main)


def test_over_ten_minutes_are_not_played(on_fake_clock, raw_server):
    async def main():
        async with raw_server(on_start(*[media(bytes(700_000))] * 7)) as server, call(server) as caller:
            await asyncio.sleep(1)
            assert caller.errors == [TwilioError.PLAYOUT_OVERFLOW]

    on_fake_clock(main)
