"""A call whose connection breaks goes on over another one: nothing twice or out of order, and all accounted for.

On the fake clock, over a network in memory, with the library's own WebSockets at both ends.
"""

import asyncio
import contextlib
import itertools
import struct
import wave
from http import HTTPStatus

import pytest

import phonewire
from phonewire.aio.events import Disconnected, Reconnected
from phonewire.protocols.connection import EndReason, Rejected
from tests.aio.behind_a_network import BehindANetwork

PATH = "/v1.0/calls/4fd9e9af/media_stream?encapsulation=sln"
FRAME_MS = 20
SOON = phonewire.Redial(retries=5, first_s=0.1, most_s=0.1)


def frame(number):
    """Return 20 ms that can be told from all others; 0 is silence."""
    return struct.pack("<H", number) * 160


def number_of(payload):
    return struct.unpack_from("<H", payload)[0]


class Platform(BehindANetwork):
    """What VoIPBIN is: says frame n at n * 20 ms of the call, whoever is connected; writes down what comes.

    Attributes:
        got: numbers of frames that came, without silence.
        silent: how many frames of silence came.
        refuse: HTTP status for who dials from now on.
        mute: say nothing.
    """

    def __init__(self, tls):
        super().__init__(PATH, tls)
        self.got, self.silent, self.first_at = [], 0, []
        self.refuse = self.mute = None
        self.rtp, self.said = False, []
        self.requests = []
        self.websockets = []

    async def __aenter__(self):
        self.began = asyncio.get_running_loop().time()
        return await super().__aenter__()

    def answer(self, connection, request):
        self.requests.append(request)
        return connection.respond(HTTPStatus(self.refuse), "") if self.refuse else None

    async def talk(self, websocket):
        self.websockets.append(websocket)
        saying = asyncio.create_task(self.say(websocket))
        opened, first = asyncio.get_running_loop().time(), True
        with contextlib.suppress(Exception):
            async for message in websocket:
                if first:
                    self.first_at.append(asyncio.get_running_loop().time() - opened)
                first = False
                number = number_of(message)
                self.got += [number] * (number > 0)
                self.silent += number == 0
        saying.cancel()

    async def say(self, websocket):
        loop, sequence_number = asyncio.get_running_loop(), 0
        while not self.mute:
            number = int((loop.time() - self.began) * 50 + 1e-6) + 1
            await asyncio.sleep(max(self.began + number * 0.02 - loop.time(), 0))
            sequence_number += 1
            header = struct.pack(">BBHII", 0x80, 96, sequence_number, 320 * sequence_number, 0) if self.rtp else b""
            await websocket.send(header + frame(number))
            self.said.append(number)

    async def cut(self):
        """Break the connection as a network does."""
        await self.network.cut()

    def connect(self, encapsulation="sln", **options):
        options = {"wire": "documented", "redial": SOON} | options
        return phonewire.connect(self.network.url.replace("sln", encapsulation), **options)


class Listener:
    """Reads everything of a call."""

    def __init__(self, call):
        self.frames, self.events = [], []
        self.tasks = [asyncio.create_task(self.hear(call)), asyncio.create_task(self.note(call))]

    async def hear(self, call):
        async for media in call.frames():
            number = number_of(media.payload)
            self.frames.append((number if media.payload == frame(number) else 0, media.timestamp_ms))

    async def note(self, call):
        async for event in call.events():
            self.events.append(event)

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]

    async def done(self):
        await asyncio.gather(*self.tasks)


@pytest.fixture
def on_fake_clock(virtual, tls):
    """Run ``main(platform)``."""

    def run(main):
        async def within():
            async with Platform(tls) as platform:
                return await main(platform)

        return virtual(within())

    return run


def test_a_call_outlives_its_connection(on_fake_clock):
    async def main(platform):
        async with platform.connect() as call:
            listener, itself = Listener(call), (call.id, call.parameters)
            await asyncio.sleep(1)
            await platform.cut()
            await asyncio.sleep(1)
            assert call.end_reason is None
            assert call.close_code is None
            assert (call.id, call.parameters) == itself == ("4fd9e9af", {"encapsulation": "sln"})
            await call.write_payload(frame(7) * 5)
            await call.drain()
        await listener.done()
        assert call.end_reason is EndReason.CLOSED
        assert platform.got == [7] * 5
        assert len(platform.requests) == 2
        (broke,), (came,) = listener.of(Disconnected), listener.of(Reconnected)
        assert broke == Disconnected(close_code=1006, sent_ms=0, unconfirmed_ms=0)
        numbers = [number for number, _ in listener.frames]
        missing = [number for number in range(numbers[0], numbers[-1]) if number not in numbers]
        assert missing == list(range(missing[0], missing[-1] + 1))
        assert came.gap_ms == len(missing) * FRAME_MS
        assert came.timestamp_ms == (missing[-1] + 1 - numbers[0]) * FRAME_MS
        assert [timestamp_ms for _, timestamp_ms in listener.frames] == [20 * (n - numbers[0]) for n in numbers]

    on_fake_clock(main)


def test_what_waits_is_sent_over_the_next_connection(on_fake_clock):
    async def main(platform):
        async with platform.connect() as call:
            listener = Listener(call)
            writing = asyncio.create_task(call.write_payload(b"".join(map(frame, range(1, 151)))))
            await asyncio.sleep(1.5)
            await platform.cut()
            await writing
            await call.drain()
        await listener.done()
        (broke,) = listener.of(Disconnected)
        assert platform.got == sorted(set(platform.got))
        lost = set(range(1, 151)) - set(platform.got)
        unconfirmed = range((broke.sent_ms - broke.unconfirmed_ms) // 20 + 1, broke.sent_ms // 20 + 1)
        assert lost <= set(unconfirmed)
        assert 0 < broke.unconfirmed_ms <= 1100  # what was sent since the far end was last asked
        stats = call.stats()
        assert stats.ms_out == 3000
        assert stats.unconfirmed_ms >= broke.unconfirmed_ms
        assert stats.unsent_ms == stats.dropped_ms == stats.cleared_ms == stats.queued_ms == 0

    on_fake_clock(main)


@pytest.mark.parametrize(("policy", "dropped_ms"), [("drop-oldest", 400), ("wait", 0)])
def test_the_queue_keeps_its_bound_and_its_policy_while_there_is_no_connection(on_fake_clock, policy, dropped_ms):
    async def main(platform):
        later = phonewire.Redial(first_s=5, most_s=5)
        async with platform.connect(queue_ms=200, queue_policy=policy, redial=later) as call:
            await asyncio.sleep(0.5)
            platform.refuse = 503
            await platform.cut()
            await asyncio.sleep(0.01)
            writing = asyncio.create_task(call.write_payload(b"".join(map(frame, range(1, 31)))))
            await asyncio.sleep(1)
            assert call.stats().queued_ms == 200
            assert call.stats().dropped_ms == dropped_ms
            platform.refuse = None
            await writing
            await call.drain()
        assert platform.got == list(range(1 + dropped_ms // 20, 31))

    on_fake_clock(main)


def test_a_full_queue_raises_while_there_is_no_connection(on_fake_clock):
    async def main(platform):
        async with platform.connect(queue_ms=200, queue_policy="raise") as call:
            await asyncio.sleep(0.5)
            platform.refuse = 503
            await platform.cut()
            await asyncio.sleep(0)
            await call.write_payload(frame(1) * 10)
            with pytest.raises(phonewire.QueueFullError):
                await call.write_payload(frame(2))

    on_fake_clock(main)


def test_a_clear_while_there_is_no_connection(on_fake_clock):
    async def main(platform):
        async with platform.connect() as call:
            await asyncio.sleep(0.5)
            platform.refuse = 503
            await platform.cut()
            await asyncio.sleep(0)
            await call.write_payload(frame(1) * 50)
            assert await call.clear() == 0
            assert call.stats().cleared_ms == 1000
            platform.refuse = None
            await call.write_payload(frame(2))
            await call.drain()
        assert platform.got == [2]

    on_fake_clock(main)


def test_a_recording_has_silence_for_the_gap(on_fake_clock, tmp_path):
    async def main(platform):
        async with platform.connect() as call:
            listener = Listener(call)
            recording = call.record(tmp_path / "call.wav")
            await asyncio.sleep(1)
            await platform.cut()
            await asyncio.sleep(1)
        await recording.closed()
        await listener.done()
        return listener

    listener = on_fake_clock(main)
    with wave.open(str(tmp_path / "call.wav")) as reader:
        audio = reader.readframes(reader.getnframes())
    recorded = [number_of(audio[at : at + 320]) for at in range(0, len(audio), 320)]
    heard = dict(listener.frames)
    first = listener.frames[0][0]
    assert recorded == [n if n in heard else 0 for n in range(first, first + len(recorded))]
    assert recorded.count(0) == listener.of(Reconnected)[0].gap_ms // 20


def test_rtp_that_begins_anew_is_played_on(on_fake_clock):
    """Each connection numbers its packets from 1, with the same SSRC: what comes anew is neither late nor repeated."""

    async def main(platform):
        platform.rtp = True
        async with platform.connect(encapsulation="rtp") as call:
            listener = Listener(call)
            for _ in range(4):
                await asyncio.sleep(1.5)
                await platform.cut()
            await asyncio.sleep(1.5)
        await listener.done()
        numbers = [number for number, _ in listener.frames]
        heard = list(dict.fromkeys(number for number in numbers if number in platform.said))  # concealment repeats
        assert heard == sorted(heard)
        assert len(heard) >= len(platform.said) - 2 * 5  # what a jitter buffer leaves out when it finds its delay
        assert [ms for _, ms in listener.frames] == list(range(0, 20 * len(numbers), 20))
        assert len(listener.of(Reconnected)) == 4

    on_fake_clock(main)


# The end


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_server_that_knows_the_call_no_more_ends_it(on_fake_clock, status, caplog):
    caplog.set_level("INFO", "phonewire.client")

    async def main(platform):
        async with platform.connect() as call:
            await asyncio.sleep(0.5)
            platform.refuse = status
            await platform.cut()
            assert await call.wait_ended() is EndReason.STOPPED  # VoIPBIN says goodbye in no other way
            assert call.close_code == 1006
            with pytest.raises(phonewire.CallEndedError):
                await call.write_payload(frame(1))
        assert len(platform.requests) == 2

    on_fake_clock(main)
    (line,) = (record for record in caplog.records if hasattr(record, "event"))
    over = status in (404, 410)
    assert line.levelname == ("INFO" if over else "WARNING")  # a call that is over is nothing to worry about
    assert (line.event, line.call_id) == ("call_gone" if over else "gave_up", "4fd9e9af")
    assert line.reason in line.getMessage()


def test_the_lines_of_a_call_that_is_dialed_again_say_which_call_it_is(on_fake_clock, caplog):
    caplog.set_level("INFO", "phonewire.client")

    async def is_active():
        raise RuntimeError("nobody knows")

    async def main(platform):
        redial = phonewire.Redial(retries=100, first_s=0.1, most_s=0.1)
        async with platform.connect(is_active=is_active, redial=redial):
            await asyncio.sleep(0.5)
            platform.refuse = 503
            await platform.cut()
            await asyncio.sleep(0.25)
            platform.refuse = None
            await asyncio.sleep(1)

    on_fake_clock(main)
    lines = [record for record in caplog.records if record.name == "phonewire.client"]
    assert {record.event for record in lines} == {"raised", "dial_failed", "connected_anew"}
    assert {record.call_id for record in lines} == {"4fd9e9af"}
    assert all(record.what == "is_active" for record in lines if record.event == "raised")
    waited_s = max(record.wait_s for record in lines if record.event == "dial_failed")
    assert 0 <= waited_s <= 0.1
    assert lines[-1].failures == 1 + sum(record.event == "dial_failed" for record in lines)


@pytest.mark.parametrize("protocol", ["twilio", "audiohook"])
def test_the_lines_of_a_first_attempt_have_the_id_that_the_server_will_be_told(virtual, tls, caplog, protocol):
    caplog.set_level("INFO", "phonewire.client")

    async def main():
        async with Platform(tls) as platform:
            platform.refuse = 503
            with pytest.raises(phonewire.HandshakeError):
                async with phonewire.connect(platform.network.url, protocol=protocol, call_id="CA7", redial=SOON):
                    pass

    virtual(main())
    assert len(caplog.records) == SOON.retries
    assert {(record.event, record.call_id) for record in caplog.records} == {("dial_failed", "CA7")}


def test_a_server_that_cannot_is_asked_again_up_to_the_limit(on_fake_clock):
    async def main(platform):
        async with platform.connect() as call:
            await asyncio.sleep(0.5)
            await call.write_payload(frame(1))
            await call.drain()
            platform.refuse = 503
            await platform.cut()
            await asyncio.sleep(0)
            await call.write_payload(frame(2) * 3)
            await call.wait_ended()
            assert call.stats().unsent_ms == 60
        assert len(platform.requests) == 1 + SOON.retries

    on_fake_clock(main)


def test_connections_that_bring_nothing_are_not_made_for_ever(on_fake_clock):
    async def main(platform):
        async with platform.connect() as call:
            await asyncio.sleep(0.5)
            platform.mute = True
            for _ in range(20):
                await platform.cut()
                await asyncio.sleep(0.5)
            assert call.end_reason is EndReason.DROPPED
        assert len(platform.requests) == 1 + SOON.retries

    on_fake_clock(main)


def test_a_connection_that_brings_audio_begins_the_count_anew(on_fake_clock):
    async def main(platform):
        async with platform.connect() as call:
            for _ in range(20):
                await asyncio.sleep(0.5)
                await platform.cut()
            assert call.end_reason is None
        assert len(platform.requests) >= 20

    on_fake_clock(main)


@pytest.mark.parametrize("code", [1000, 1008, 4000])
def test_a_goodbye_is_one(on_fake_clock, code):
    async def main(platform):
        async with platform.connect() as call:
            await asyncio.sleep(0.5)
            await platform.websockets[0].close(code)
            reason = await call.wait_ended()
            assert reason is (EndReason.STOPPED if code == 1000 else EndReason.REFUSED)
        assert len(platform.requests) == 1

    on_fake_clock(main)


def test_a_call_that_is_over_elsewhere_is_not_dialed(on_fake_clock):
    async def main(platform):
        async def is_active():
            asked.append(True)
            return False

        asked = []
        async with platform.connect(is_active=is_active) as call:
            await asyncio.sleep(0.5)
            await platform.cut()
            await call.wait_ended()
        assert asked == [True]
        assert len(platform.requests) == 1

    on_fake_clock(main)


@pytest.mark.parametrize("after_s", [0, 0.001, 0.05, 2])
def test_hanging_up_while_there_is_no_connection(on_fake_clock, after_s):
    async def main(platform):
        tasks = asyncio.all_tasks()
        async with platform.connect(redial=phonewire.Redial(first_s=60, most_s=60)) as call:
            await asyncio.sleep(0.5)
            platform.refuse = 503
            await platform.cut()
            await asyncio.sleep(after_s)
            await call.close()
            assert call.end_reason is EndReason.CLOSED
        await asyncio.sleep(0)
        assert asyncio.all_tasks() - tasks == set()

    on_fake_clock(main)


def test_twilio_and_das_peak_are_not_taken_up_again(on_fake_clock):
    async def main(platform):
        for protocol in ("twilio", "das-peak"):
            async with platform.connect(protocol=protocol, wire="auto") as call:
                await asyncio.sleep(0.5)
                await platform.cut()
                assert await call.wait_ended() is EndReason.DROPPED
        assert len(platform.requests) == 2

    on_fake_clock(main)


def test_counters_and_tokens_go_on(on_fake_clock):
    async def main(platform):
        async def token():
            return f"token-{next(numbers)}"

        numbers = itertools.count(1)
        async with platform.connect(token=token) as call:
            listener = Listener(call)
            for _ in range(3):
                await asyncio.sleep(0.5)
                await platform.websockets[-1].send("text is none of this protocol")
                await asyncio.sleep(0.1)
                await platform.cut()
            await asyncio.sleep(0.5)
        await listener.done()
        assert call.stats().rejected == {"wrong_message_type": 3}
        assert len(listener.of(Rejected)) == 3
        sent = [request.headers["Authorization"] for request in platform.requests]
        assert sent == [f"Bearer token-{number}" for number in range(1, 5)]

    on_fake_clock(main)


# Sending


@pytest.mark.parametrize(("mute", "first_s"), [(None, 0.02), (True, 1.0)])
def test_listens_before_it_speaks(on_fake_clock, mute, first_s):
    async def main(platform):
        platform.mute = mute
        async with platform.connect() as call:
            for pace_s in (0, 1.5):
                await call.write_payload(frame(1))
                await asyncio.sleep(pace_s)
        assert platform.got == [1, 1]
        assert platform.first_at == [pytest.approx(first_s, abs=0.021)]
        assert min(platform.first_at) >= (first_s if mute else 0)

    on_fake_clock(main)


def test_silence_when_there_is_nothing_to_say(on_fake_clock):
    async def main(platform):
        async with platform.connect() as call:
            await asyncio.sleep(1.01)
            before = platform.silent
            await call.write_payload(frame(9) * 10)
            await call.drain()
            await call.clear()
            await asyncio.sleep(0.5)
        assert 48 <= before <= 50
        assert platform.got == [9] * 10
        assert platform.silent - before == pytest.approx(25, abs=2)
        assert call.stats().frames_out == 10
        assert call.stats().silence_ms == 20 * platform.silent

    on_fake_clock(main)


def test_only_listens(on_fake_clock):
    async def main(platform):
        async with platform.connect(listen_only=True) as call:
            await asyncio.sleep(0.5)
            with pytest.raises(phonewire.LocalProtocolError, match="audio"):
                await call.write_payload(frame(1))
            await platform.cut()
            await asyncio.sleep(0.5)
            assert call.stats().frames_in >= 35
        assert platform.silent == len(platform.got) == 0

    on_fake_clock(main)
