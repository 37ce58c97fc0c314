"""Those who look: how many there may be, what becomes of slow and odd ones, and what they cost calls."""

import asyncio
import json
import logging

import pytest
from websockets.exceptions import ConnectionClosed

from phonewire import g711
from phonewire.aio.monitor.watched_call import WatchedCall
from phonewire.emulators.twilio import TwilioCaller

pytestmark = pytest.mark.usefixtures("phonewire_clock")

SPEECH = bytes((n * 7 + n // 256) % 0x7F ^ n % 2 * 0x80 for n in range(8000))


def ears(call):
    return len(call._inbound._listeners), len(call._outbound.listeners)


async def until(condition):
    while not condition():  # noqa: ASYNC110 - what is waited for is another's state, which tells nobody
        await asyncio.sleep(0.01)


async def test_calls_are_overheard_only_while_somebody_looks(monitored, looking):
    async with monitored() as (monitor, url, server), TwilioCaller(url):
        await until(lambda: server.calls)
        (call,) = server.calls
        assert ears(call) == (0, 0)
        async with looking(monitor) as one, looking(monitor) as other:
            key = (await one.until(lambda shown: shown["calls"]))["calls"][0]["key"]
            assert ears(call) == (1, 1)  # whoever looks
            for page in (one, other):
                await page.wish(listen=key)
                await page.next("listening")
            assert ears(call) == (3, 3)
            await one.wish()
            await one.next("listening")
            assert ears(call) == (2, 2)
        await until(lambda: ears(call) == (0, 0))
        assert monitor._feeding is None
        async with looking(monitor) as page:  # and again
            await page.until(lambda shown: shown["calls"])


async def test_no_task_is_left(monitored, looking):
    before = asyncio.all_tasks()
    async with monitored() as (monitor, url, _), TwilioCaller(url), looking(monitor) as page:
        key = (await page.until(lambda shown: shown["calls"]))["calls"][0]["key"]
        await page.wish(listen=key, detail=key)
        await page.next("listening")
    assert asyncio.all_tasks() == before


async def test_who_looks_is_told_when_the_server_stops(monitored, looking):
    async with monitored() as (monitor, url, server), TwilioCaller(url), looking(monitor) as page:
        await page.until(lambda shown: shown["calls"])
        await server.close()
        await page.until(lambda shown: shown["ended"])  # the monitor is there until the last call has ended
        leaving = asyncio.create_task(monitor.__aexit__(None, None, None))
        told = await page.closed()
        assert told[0] == 1001
        await leaving


async def test_no_more_than_may_look(monitored, looking):
    async with monitored(max_watchers=2) as (monitor, *_):
        async with looking(monitor) as one, looking(monitor) as other:
            await one.next()
            await other.next()
            async with looking(monitor) as third:
                with pytest.raises(ConnectionClosed) as closed:
                    await third.next()
                assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1013, "2 pages are open already")
            await one.next()
        await until(lambda: not monitor._watchers)
        async with looking(monitor) as again:
            await again.next()


@pytest.mark.parametrize(
    "said",
    ["", "{", "[]", '{"listen": "1"}', '{"listen": 1.5}', '{"what": 1}', b"{\xff}", '{"detail": {}}', "9" * 1000],
)
async def test_who_says_nonsense_is_sent_away(said, monitored, looking):
    async with monitored() as (monitor, url, _), TwilioCaller(url) as caller, looking(monitor) as other:
        async with looking(monitor) as page:
            await page.socket.send(said)
            told = await page.closed()
            assert told == (1008, "not understood")
        await other.next()
        await caller.say(SPEECH)
        assert caller.close_code is None


async def test_who_says_too_much_is_sent_away(monitored, looking):
    async with monitored() as (monitor, *_), looking(monitor) as page:
        await page.socket.send(json.dumps({"detail": None}) + " " * 2000)
        told = await page.closed()
        assert told[0] == 1009


async def test_what_is_asked_for_and_not_there(monitored, looking):
    async with monitored() as (monitor, *_), looking(monitor) as page:
        await page.wish(detail=77, listen=-(10**30))
        assert (await page.next("listening"))["key"] is None
        await page.next()


async def test_who_is_slow_misses_something_and_harms_nobody(monitored, looking):
    """He stops reading for 15 s, in which the call goes on; then he is shown the present."""
    async with monitored() as (monitor, url, server), TwilioCaller(url) as caller, looking(monitor) as slow:
        key = (await slow.until(lambda shown: shown["calls"]))["calls"][0]["key"]
        await slow.wish(detail=key, listen=key)
        await slow.next("listening")
        slow.socket.transport.pause_reading()
        async with looking(monitor) as other:
            saying = asyncio.create_task(caller.say(SPEECH * 15))
            await other.until(lambda shown: shown["calls"][0]["seconds"] > 15)
            await saying
        (watcher,) = (each for each in monitor._watchers if each._listening)
        assert watcher._queued_bytes <= 2 * 16_000 + 2 * 1000
        assert watcher._skipped > 50
        (call,) = server.calls
        assert (call.stats().unread_frames, call.stats().schedule_shifts) == (0, 0)
        slow.socket.transport.resume_reading()
        await slow.until(lambda shown: shown["calls"][0]["seconds"] > 15)
        assert (await slow.next("detail"))["skipped"] > 50
        assert len(slow.audio[0]) < 16_000 * 10  # not all that was missed
        slow.audio.clear()
        await caller.say(SPEECH)
        await slow.hears(g711.ulaw_decode(SPEECH))


async def test_who_does_not_answer_is_let_go(monitored, looking):
    async with monitored() as (monitor, *_), looking(monitor) as page:
        await page.next()
        page.socket.transport.pause_reading()
        await asyncio.sleep(60)
        assert not monitor._watchers
        page.socket.transport.abort()


async def test_a_watcher_that_never_reads_does_not_hold_up_the_end(monitored, looking):
    loop = asyncio.get_running_loop()
    async with monitored() as (monitor, _url, _), looking(monitor) as page:
        await page.next()
        page.socket.transport.pause_reading()
        began_s = loop.time()
        await monitor.__aexit__(None, None, None)
        assert loop.time() - began_s < 2
        page.socket.transport.abort()


async def test_a_fault_of_the_monitor_ends_the_monitor_only(monitored, looking, monkeypatch, caplog):
    def fail(self, now_ns):
        raise MemoryError

    async with monitored() as (monitor, url, _), looking(monitor) as page, TwilioCaller(url) as caller:
        await page.until(lambda shown: shown["calls"])
        with monkeypatch.context() as patch:
            patch.setattr(WatchedCall, "view", fail)
            told = await page.closed()
        assert told[0] == 1011
        assert [record.levelno for record in caplog.records] == [logging.ERROR]
        await caller.say(SPEECH)
        await until(lambda: SPEECH in caller.heard)
        async with looking(monitor) as again:
            await again.until(lambda shown: shown["calls"])
