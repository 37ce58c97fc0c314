"""What a call tells when something is wrong: no audio, or audio that is not heard as it was said."""

import asyncio

import pytest

import phonewire
from phonewire.aio.events import NoMedia, Quality
from phonewire.protocols import twilio
from phonewire.protocols.connection import Ended, Rejected

FRAME = bytes(160)


class Reader:
    """Reads the events of a call, with the time of each."""

    def __init__(self, call):
        self.loop = asyncio.get_running_loop()
        self.start_s = self.loop.time()
        self.seen = []
        self.task = asyncio.create_task(self.read(call))

    async def read(self, call):
        async for event in call.events():
            self.seen.append((self.loop.time() - self.start_s, event))

    def of(self, kind):
        return [(at_s, event) for at_s, event in self.seen if isinstance(event, kind)]


async def talk(phone, seconds):
    for _ in range(int(seconds * 50)):
        phone.say(FRAME)
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("no_media_s", [0.5, 5.0, 30.0])
def test_silence_is_told_once_after_a_settable_time(virtual, on_the_phone, no_media_s):
    async def main():
        async with on_the_phone(no_media_s=no_media_s) as (call, _):
            reader = Reader(call)
            await asyncio.sleep(100)
            ((at_s, event),) = reader.of(NoMedia)
            assert no_media_s <= at_s <= no_media_s + min(no_media_s / 8, 1) + 0.001
            assert event.quiet_ms == pytest.approx(at_s * 1000, abs=1)
            assert "not answered" in event.causes[0]
            assert any("other direction" in cause for cause in event.causes)

    virtual(main())


def test_each_silence_is_told_anew(virtual, on_the_phone):
    async def main():
        async with on_the_phone(no_media_s=2) as (call, phone):
            reader = Reader(call)
            for _ in range(2):
                await talk(phone, 5)
                await asyncio.sleep(10)
            assert [round(at_s) for at_s, _ in reader.of(NoMedia)] == [7, 22]
            assert "hold or muted" in reader.of(NoMedia)[0][1].causes[0]

    virtual(main())


def test_who_is_heard_is_never_told_of(virtual, on_the_phone):
    async def main():
        async with on_the_phone(no_media_s=1) as (call, phone):
            reader = Reader(call)
            await talk(phone, 20)
            assert reader.seen == []

    virtual(main())


def test_what_was_rejected_is_the_likely_cause(virtual, on_the_phone):
    async def main():
        async with on_the_phone(no_media_s=2) as (call, phone):
            reader = Reader(call)
            await talk(phone, 1)
            for _ in range(100):
                phone.transport.write(b'{"event": "media", "media": {"payload": "A"}}', True)
                await asyncio.sleep(0.02)
            phone.transport.write(b"\0", False)
            await asyncio.sleep(1)
            ((_, event),) = reader.of(NoMedia)
            (cause,) = event.causes
            assert cause.startswith("100 messages were rejected as bad_base64")

    virtual(main())


def test_nothing_is_told_when_it_was_not_asked_for(virtual, on_the_phone):
    async def main():
        async with on_the_phone(no_media_s=None) as (call, _):
            reader = Reader(call)
            await asyncio.sleep(1000)
            assert reader.seen == []

    virtual(main())


def test_a_sender_that_is_made_to_wait_is_not_silent(virtual, on_the_phone):
    async def main():
        async with on_the_phone("das-peak", no_media_s=1) as (call, phone):
            frames = call.frames()
            phone.say(bytes(768))
            await anext(frames)
            reader = Reader(call)
            for _ in range(200):
                phone.say(bytes(768))
            await asyncio.sleep(20)
            assert call.holding_back
            assert reader.of(NoMedia) == []
            await frames.aclose()
            await asyncio.sleep(2)
            assert len(reader.of(NoMedia)) == 1

    virtual(main())


def test_harm_is_told_every_five_seconds_in_which_there_was_some(virtual, on_the_phone):
    async def main():
        async with on_the_phone(queue_ms=400, queue_policy="drop-oldest") as (call, phone):
            reader = Reader(call)
            await asyncio.sleep(0)
            phone.transport.write(b"not json", True)
            phone.transport.write(b"{}", True)
            await call.write_payload(bytes(160) * 100)
            await asyncio.sleep(12)
            phone.transport.write(b"not json", True)
            await asyncio.sleep(7)
            dropped_ms = call.stats().dropped_ms
            assert dropped_ms > 0
            assert [(round(at_s), event) for at_s, event in reader.of(Quality)] == [
                (5, Quality(5000, {"dropped_ms": dropped_ms, "rejected": 2})),
                (15, Quality(5000, {"rejected": 1})),
            ]
            assert len(reader.of(Rejected)) == 3

    virtual(main())


def test_who_reads_no_events_pays_for_nothing(virtual, on_the_phone):
    async def main():
        loop = asyncio.get_running_loop()
        async with on_the_phone(no_media_s=1) as (call, phone):
            await talk(phone, 1)
            assert not [handle for handle in loop._scheduled if not handle.cancelled()]
            phone.send(twilio.Stop())
            await call.wait_ended()
            assert [type(event) async for event in call.events()] == [twilio.Stop, Ended]
            assert not [handle for handle in loop._scheduled if not handle.cancelled()]

    virtual(main())


@pytest.mark.parametrize("no_media_s", [0, -1.0, float("nan")])
def test_a_time_that_makes_no_sense(no_media_s):
    with pytest.raises(ValueError, match="no_media_s is above 0"):
        phonewire.Endpoint("/twilio", "twilio", auth=None, no_media_s=no_media_s)
    with pytest.raises(ValueError, match="no_media_s is above 0"):
        phonewire.connect("wss://example.com/", protocol="twilio", no_media_s=no_media_s)


def test_a_listener_that_never_sends_is_not_silent():
    endpoint = phonewire.Endpoint("/twilio", "twilio", auth=None, sends_media=False)
    assert endpoint.no_media_s is None
