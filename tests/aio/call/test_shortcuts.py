"""The short ways of audio, out and in: a call that has them does what one does that has not, to the byte and the ms."""

import asyncio
import contextlib
import json
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phonewire import b64
from phonewire.aio import faults
from phonewire.aio.call.call import Call
from phonewire.aio.call.engines import call_settings, make_engine
from phonewire.aio.inbound.inbound import Inbound
from phonewire.aio.outbound.outbound import Outbound
from phonewire.aio.outbound.writer import Writer
from phonewire.errors import CallEndedError
from phonewire.protocols.connection import Side
from phonewire.protocols.twilio import template

FRAME_MS = 20


def frame(number):
    return bytes([number % 120 + 1]) * 160


def samples(number):
    return bytes([number % 250, 0]) * 160


class Closed:
    """Keeps a short way closed: ``with Closed(Outbound, "_prepare_sender")``."""

    def __init__(self, owner, name):
        self._patch = pytest.MonkeyPatch()
        self._owner, self._name = owner, name

    def __enter__(self):
        self._patch.setattr(self._owner, self._name, lambda self, *arguments: None)

    def __exit__(self, *exc_info):
        self._patch.undo()


# Out


class Speaker:
    """Does steps with a call, and keeps what came of them."""

    def __init__(self, call, phone, transport):
        self.call, self.phone, self.transport = call, phone, transport
        self.listened = []
        self.tasks = []
        self.number = 0

    async def do(self, what, amount):
        self.number += 1
        await getattr(self, what)(amount)

    async def frame(self, amount):
        await self.call.write(samples(self.number))

    async def payload(self, amount):
        await self.call.write_payload(frame(self.number))

    async def piece(self, amount):
        await self.call.write_payload(frame(self.number)[: amount % 160])

    async def long(self, amount):
        self.tasks.append(asyncio.create_task(self.call.write_payload(frame(self.number) * (amount % 40))))
        await asyncio.sleep(0)

    async def other_rate(self, amount):
        await self.call.write(samples(self.number) * (amount % 3), sample_rate_hz=16_000)

    async def mark(self, amount):
        self.call.mark(f"mark {self.number}")

    async def clear(self, amount):
        self.listened.append(("heard", await self.call.clear()))

    async def sleep(self, amount):
        await asyncio.sleep(amount / 1000)

    async def full(self, amount):
        self.transport.buffered_bytes = amount * 1000

    async def listen(self, amount):
        if amount % 2:
            self.call._outbound.listeners.append(self.hear)
        else:
            with contextlib.suppress(ValueError):
                self.call._outbound.listeners.remove(self.hear)

    async def pause(self, amount):
        if amount % 2:
            self.call._outbound.hold()
        else:
            self.call._outbound.look()

    def hear(self, audio, at_ns):
        self.listened.append((audio, at_ns))


OUT_STEPS = ["frame"] * 6 + ["payload"] * 4 + ["sleep"] * 5
OUT_STEPS += ["piece", "long", "other_rate", "mark", "clear", "full", "listen", "pause"]


async def speak(on_the_phone, steps):
    async with on_the_phone() as (call, phone):
        transport = call._line.transport
        speaker = Speaker(call, phone, transport)
        for what, amount in steps:
            await speaker.do(what, amount)
            transport.buffered_bytes = 0 if what == "sleep" else transport.buffered_bytes
        transport.buffered_bytes = 0
        call._outbound.look()
        await asyncio.gather(*speaker.tasks)
        await call.drain()
        stats = call.stats()
        return phone.got, transport.written_at, speaker.listened, stats, call.played_ms


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])  # they are only functions
@given(steps=st.lists(st.tuples(st.sampled_from(OUT_STEPS), st.integers(0, 200)), max_size=40))
def test_what_is_said_goes_out_the_same(virtual, on_the_phone, steps):
    short = virtual(speak(on_the_phone, steps))
    with Closed(Outbound, "_prepare_sender"):
        assert short == virtual(speak(on_the_phone, steps))


def test_frames_in_their_time_go_the_short_way(virtual, on_the_phone, monkeypatch):
    the_long_way, write = [], Writer.write
    monkeypatch.setattr(Writer, "write", lambda writer, payload: the_long_way.append(payload) or write(writer, payload))

    async def main():
        async with on_the_phone() as (call, phone):
            for number in range(10):
                await call.write(samples(number))
                await call.write_payload(frame(number))
                await asyncio.sleep(2 * FRAME_MS / 1000)
            assert len(phone.frames) == 20
            assert call.stats().ms_out == 400

    virtual(main())
    assert len(the_long_way) == 1


def test_while_nothing_is_to_be_sent_frames_wait(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, phone):
            await call.write(samples(1))
            call._outbound.hold()
            await call.write(samples(2))
            assert len(call._line.transport.written_at) == 1
            call._outbound.look()
            await call.drain()
            assert len(phone.frames) == 2

    virtual(main())


@pytest.mark.parametrize("end", ["close", "drop"])
def test_it_is_shut_when_the_call_ends(virtual, on_the_phone, end):
    async def main():
        async with on_the_phone() as (call, phone):
            for number in range(3):
                await call.write(samples(number))
            assert call._outbound.sender.is_open
            if end == "close":
                await call.close()
            else:
                phone.transport.vanish()
                await call.wait_ended()
            assert not call._outbound.sender.is_open
            with pytest.raises(CallEndedError):
                await call.write(samples(4))

    virtual(main())


def test_who_is_to_listen_only_has_none(virtual, on_the_phone):
    async def main():
        async with on_the_phone(listen_only=True) as (call, _):
            call._outbound.look()
            assert not call._outbound.sender.is_open

    virtual(main())


# In

STREAM = {"streamSid": "MZ1"}


def text(event, **members):
    return json.dumps({"event": event} | members | STREAM).encode()


def media(number, track="inbound", **others):
    fields = {"track": track, "chunk": str(number), "timestamp": str(20 * number)}
    fields["payload"] = b64.encode(frame(number)).decode()
    return text("media", sequenceNumber=str(number + 1), media=fields, **others)


class Wire:
    """A transport that hands messages to who receives as they come, as those over sockets do."""

    peer, buffered_bytes = "memory", 0

    def __init__(self):
        self.inbox = asyncio.Queue()
        self.written = []

    async def receive(self, take=None):
        while True:
            message = await self.inbox.get()
            if take is None or not take(*message):
                return message

    def write(self, data, is_text):
        self.written.append(data)
        return True

    async def close(self, code=1000, reason=""):
        pass


class Listener:
    """Has messages come, does what programs do meanwhile, and keeps what everybody heard."""

    def __init__(self, call, wire):
        self.call, self.wire = call, wire
        self.number = 0
        self.heard = []
        self.tasks = []

    def come(self, data, is_text=True):
        self.wire.inbox.put_nowait((data, is_text))

    async def audio(self, amount):
        self.number += 1
        self.come(media(self.number))

    async def other_track(self, amount):
        self.number += 1
        self.come(media(self.number, "outbound"))

    async def burst(self, amount):
        for _ in range(amount * 4):  # more than a reader may leave unread, now and then
            await self.audio(amount)

    async def other_form(self, amount):
        self.number += 1
        self.come(media(self.number, other=amount))

    async def nonsense(self, amount):
        self.come([b"{", b"[]", b"\xff", text("media", media={"payload": "?"}), text("nothing")][amount % 5])

    async def binary(self, amount):
        self.come(media(self.number), is_text=False)

    async def key(self, amount):
        self.come(text("dtmf", dtmf={"digit": "5", "track": "inbound_track"}))

    async def echo(self, amount):
        self.come(text("mark", mark={"name": "m"}))

    async def stop(self, amount):
        self.come(text("stop", stop={"callSid": "CA1", "accountSid": "AC1"}))

    async def sleep(self, amount):
        await asyncio.sleep(amount / 1000)

    async def read(self, amount):
        reader = asyncio.create_task(self.hear(f"reader {self.number}", amount % 20))
        self.tasks.append(reader)

    async def hear(self, name, most):
        async for media in self.call.frames():
            self.heard.append((name, media.payload, media.track, media.timestamp_ms))
            if most == 0:
                return
            most -= 1

    async def listen(self, amount):
        if amount % 2:
            self.call._inbound.listen(self.overhear)
        else:
            with contextlib.suppress(ValueError):
                self.call._inbound.unlisten(self.overhear)

    def overhear(self, media):
        self.heard.append(("listener", media.payload))

    async def keys(self, amount):
        self.call._inbound.find_keys()

    async def events(self):
        async for event in self.call.events():
            self.heard.append(("event", event))


IN_STEPS = ["audio"] * 8 + ["other_track", "sleep", "sleep", "read", "read"]
IN_STEPS += ["burst", "other_form", "nonsense", "binary", "key", "echo", "listen", "keys", "stop"]


@contextlib.asynccontextmanager
async def on_a_wire():
    engine, wire = make_engine("twilio", Side.SERVER, media_format=None, message_bytes=65_536), Wire()
    start = {"callSid": "CA1", "accountSid": "AC1", "streamSid": "MZ1", "tracks": ["inbound", "outbound"]}
    engine.receive(text("start", start=start), text=True)
    call = Call(engine, wire, call_settings("twilio", engine, Side.SERVER))
    running = asyncio.create_task(call.run())
    try:
        yield call, wire
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def listen(steps):
    async with on_a_wire() as (call, wire):
        listener = Listener(call, wire)
        events = asyncio.create_task(listener.events())
        for what, amount in steps:
            await getattr(listener, what)(amount)
        await asyncio.sleep(1)
        await listener.stop(0)
        await asyncio.gather(events, *listener.tasks)
        return listener.heard, call.stats()


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])  # it is only a function
@given(steps=st.lists(st.tuples(st.sampled_from(IN_STEPS), st.integers(0, 60)), max_size=50))
def test_what_comes_is_heard_the_same(virtual, steps):
    short = virtual(listen(steps))
    with Closed(Inbound, "hear"):
        assert short == virtual(listen(steps))


@pytest.mark.skipif(not template.LESSONS, reason="in plain Python no form of messages is learned")
def test_audio_goes_the_short_way_to_the_one_who_reads(virtual, monkeypatch):
    the_long_way, heard = [], Inbound.heard
    monkeypatch.setattr(Inbound, "heard", lambda inbound, media: the_long_way.append(media) or heard(inbound, media))

    async def main():
        async with on_a_wire() as (call, wire):
            listener = Listener(call, wire)
            reading = asyncio.create_task(listener.hear("reader", 20))
            await asyncio.sleep(0)
            for _ in range(20):
                await listener.audio(0)
                await asyncio.sleep(FRAME_MS / 1000)
            await listener.key(0)
            await listener.audio(0)
            await reading
            assert [payload for _, payload, _, _ in listener.heard] == [frame(number) for number in range(1, 22)]
            assert call.stats().frames_in == 21

    virtual(main())
    assert len(the_long_way) == 2, "the first, and the first after something else"


async def nothing():
    pass


def read_too(listener, folder):
    listener.tasks.append(asyncio.create_task(listener.hear("other", 4)))


def listen_too(listener, folder):
    listener.call._inbound.listen(lambda media: listener.heard.append(("other", media.payload)))


def tap(listener, folder):
    def heard(media):
        listener.heard.append(("other", media.payload))

    listener.call._inbound.tap(SimpleNamespace(heard=heard, told=lambda event: None, room=nothing, end=lambda: None))


def record(listener, folder):
    listener.call.record(folder / "call.wav")


def find_keys(listener, folder):
    listener.call._inbound.find_keys()


@pytest.mark.skipif(not template.LESSONS, reason="in plain Python no form of messages is learned")
@pytest.mark.parametrize("begin", [read_too, listen_too, tap, record, find_keys])
def test_whoever_comes_later_is_told_of_all_from_then_on(virtual, tmp_path, begin):
    async def main():
        async with on_a_wire() as (call, wire):
            listener = Listener(call, wire)
            listener.tasks.append(asyncio.create_task(listener.hear("reader", 9)))
            for _ in range(5):
                await listener.audio(0)
                await asyncio.sleep(FRAME_MS / 1000)
            assert call._inbound.hearing.is_open
            begin(listener, tmp_path)
            await asyncio.sleep(0)
            assert not call._inbound.hearing.is_open
            for _ in range(5):
                await listener.audio(0)
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                assert not call._inbound.hearing.is_open
            await asyncio.gather(*listener.tasks)
            everything = [frame(number) for number in range(1, 11)]
            assert [payload for name, payload, *_ in listener.heard if name == "reader"] == everything
            if begin not in (record, find_keys):
                assert [payload for name, payload, *_ in listener.heard if name == "other"] == everything[5:]

    virtual(main())


def test_there_is_none_while_faults_are_injected(virtual):
    passed = []

    async def main():
        async with on_a_wire() as (call, wire):
            listener = Listener(call, wire)
            for _ in range(5):
                await listener.audio(0)
                await asyncio.sleep(FRAME_MS / 1000)
                await call.write(samples(1))
            assert not call._inbound.hearing.is_open
            assert not call._outbound.sender.is_open

    with faults.injected(passed.append):
        virtual(main())
    assert passed.count("engine.receive") == passed.count("inbound.publish") == 5
