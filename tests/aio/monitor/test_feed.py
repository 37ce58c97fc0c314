"""What the page is told of calls, and what it hears of them."""

import asyncio
import contextlib
import json

import pytest
from websockets.asyncio.client import connect

import phonewire
from phonewire import g711, pcm
from phonewire.aio.monitor import monitor as module
from phonewire.dtmf import tone
from phonewire.emulators.asterisk import AsteriskCaller
from phonewire.emulators.das_peak import DasPeakSender
from phonewire.emulators.genesys import GenesysCaller
from phonewire.emulators.twilio import TwilioCaller

pytestmark = pytest.mark.usefixtures("phonewire_clock", "tls")

SPEECH = bytes((n * 7 + n // 256) % 0x7F ^ n % 2 * 0x80 for n in range(8000))  # µ-law, each frame another, no silence
QUIET = g711.ulaw_encode(tone("5", tone_ms=1000, pause_ms=0, level_dbm0=-30))


async def test_a_call_is_shown(monitored, looking):
    async with monitored() as (monitor, url, _), looking(monitor) as page:
        assert await page.next() == {"type": "snapshot", "total": 0, "calls": [], "ended": []}
        async with TwilioCaller(url) as caller:
            saying = asyncio.create_task(caller.say(SPEECH))
            snapshot = await page.until(lambda shown: shown["calls"] and shown["calls"][0]["played_ms"] > 400)
            (call,) = snapshot["calls"]
            assert snapshot["total"] == 1
            assert (call["id"], call["protocol"], call["state"]) == (caller.call_sid, "twilio", "open")
            assert call["peer"].startswith("127.0.0.1:")
            assert call["sample_rate_hz"] == 8000
            assert 0.4 < call["seconds"] < 2
            assert [track["name"] for track in call["tracks"]] == ["inbound", "sent"]
            for track in call["tracks"]:
                assert -20 < track["rms_dbfs"] < track["peak_dbfs"] <= 0
                low, high = track["wave"][::2], track["wave"][1::2]
                assert len(low) == len(high) == 5
                assert all(-128 <= below < 0 < above <= 127 for below, above in zip(low, high, strict=True))
            await saying
            silence = {"name": "inbound", "rms_dbfs": None, "peak_dbfs": None, "wave": [0] * 10}
            await page.until(lambda shown: shown["calls"][0]["tracks"][0] == silence)
        snapshot = await page.until(lambda shown: shown["ended"])
        assert [(ended["key"], ended["state"]) for ended in snapshot["ended"]] == [(call["key"], "stopped")]
        assert snapshot["calls"] == []
        assert (await page.next())["ended"] == []


async def test_levels_are_those_of_the_audio(monitored, looking):
    async with monitored() as (monitor, url, _), looking(monitor) as page, TwilioCaller(url) as caller:
        saying = asyncio.create_task(caller.say(QUIET))
        snapshot = await page.until(lambda shown: shown["calls"] and shown["calls"][0]["tracks"][0]["rms_dbfs"])
        expected = pcm.level(g711.ulaw_decode(QUIET))
        assert snapshot["calls"][0]["tracks"][0]["rms_dbfs"] == pytest.approx(expected.rms_dbfs, abs=0.5)
        await saying


async def test_what_a_peer_calls_itself_is_escaped_and_cut(monitored, looking):
    """Twilio's ids are of a safe alphabet, or there is no call; other ids may be anything."""

    async def handler(call):
        call.id = "<img src=x>\u202e\n" + "A" * 900
        await call.wait_ended()

    async with monitored(handler) as (monitor, url, _), looking(monitor) as page, TwilioCaller(url):
        (call,) = (await page.until(lambda shown: shown["calls"] and "CA" not in shown["calls"][0]["id"]))["calls"]
        assert call["id"].startswith("<img src=x>\\u202e\\nAAA")
        assert call["id"].isascii()
        assert call["id"].isprintable()
        assert len(call["id"]) == 128


async def test_the_newest_are_shown_when_there_are_too_many(monitored, looking, monkeypatch):
    monkeypatch.setattr(module, "_MOST_SHOWN", 3)
    async with monitored() as (monitor, url, server), looking(monitor) as page, contextlib.AsyncExitStack() as callers:
        for number in range(7):
            await callers.enter_async_context(TwilioCaller(url, call_sid=f"CA{number}"))
            if number == 4:
                await page.until(lambda shown: shown["total"] == 5)
        snapshot = await page.until(lambda shown: shown["total"] == 7)
        assert [call["id"] for call in snapshot["calls"]] == ["CA6", "CA5", "CA4"]
        overheard = [call.id for call in server.calls if call._inbound._listeners]
        assert overheard == ["CA4", "CA5", "CA6"]


async def test_calls_of_one_id_are_two(monitored, looking):
    async with (
        monitored() as (monitor, url, _),
        looking(monitor) as page,
        TwilioCaller(url, call_sid="CA1"),
        TwilioCaller(url, call_sid="CA1"),
    ):
        snapshot = await page.until(lambda shown: shown["total"] == 2)
        assert len({call["key"] for call in snapshot["calls"]}) == 2


async def test_everything_about_the_call_that_is_chosen(monitored, looking):
    async with monitored() as (monitor, url, _server), looking(monitor) as page, TwilioCaller(url) as caller:
        await caller.say(SPEECH[:1600])
        (call,) = (await page.until(lambda shown: shown["calls"]))["calls"]
        await page.wish(detail=call["key"])
        detail = await page.next("detail")
        assert (detail["key"], detail["skipped"]) == (call["key"], 0)
        assert detail["stats"].keys() == set(phonewire.stats.CallStats.__struct_fields__)
        assert detail["stats"]["bytes_in"] >= 1600
        await page.wish()
        await page.next()
        await page.next()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(page.next("detail"), 1)


# Listening


async def test_both_sides_are_heard_to_the_sample(monitored, looking):
    """What the far end says comes as it comes, and what this side says when the far end plays it."""
    async with monitored() as (monitor, url, _), looking(monitor) as page, TwilioCaller(url) as caller:
        (call,) = (await page.until(lambda shown: shown["calls"]))["calls"]
        await page.wish(listen=call["key"])
        assert await page.next("listening") == {
            "type": "listening",
            "key": call["key"],
            "sample_rate_hz": 8000,
            "tracks": ["inbound", "sent"],
        }
        await caller.say(SPEECH)
        samples = g711.ulaw_decode(SPEECH)
        assert await page.hears(samples, samples) == [b"", b""]
        assert SPEECH in caller.heard


async def test_what_is_cleared_is_not_heard(monitored, looking):
    """This side says a second; after half of that the far end drops the rest."""
    heard_ms = []

    async def handler(call):
        await call.write_payload(SPEECH)
        await asyncio.sleep(0.5)
        heard_ms.append(await call.clear())
        await call.wait_ended()

    async with monitored(handler) as (monitor, url, _server), looking(monitor) as page:
        await page.next()
        async with connect(url) as socket:  # a caller that says when its call begins
            waiting = page.until(lambda shown: shown["calls"])
            await socket.send(json.dumps({"event": "start", "start": {"callSid": "CA1", "streamSid": "MZ1"}}))
            (call,) = (await waiting)["calls"]
            await page.wish(listen=call["key"])
            await page.next("listening")
            before_ms = call["played_ms"]
            await page.until(lambda shown: shown["calls"][0]["seconds"] > 1.5)
        assert heard_ms
        samples = g711.ulaw_decode(SPEECH)
        start = samples.index(page.audio[1][:640])
        assert samples[start:].startswith(page.audio[1])
        assert before_ms * 16 - 640 <= start  # from where it was when the page began to listen
        assert (start + len(page.audio[1])) / 16 == pytest.approx(heard_ms[0], abs=20)  # up to a frame


async def test_the_end_of_the_call_ends_listening(monitored, looking):
    async with monitored() as (monitor, url, _server), looking(monitor) as page, TwilioCaller(url) as caller:
        (call,) = (await page.until(lambda shown: shown["calls"]))["calls"]
        await page.wish(listen=call["key"])
        await page.next("listening")
        await caller.say(SPEECH[:1600])
        await caller.hang_up()
        assert (await page.next("listening"))["key"] is None
        assert g711.ulaw_decode(SPEECH[:1600]) in page.audio[0]
        await page.wish(listen=call["key"])  # once more: there is nothing
        assert (await page.next("listening"))["key"] is None


async def test_another_call_takes_the_place_of_the_first(monitored, looking):
    async with (
        monitored() as (monitor, url, _server),
        looking(monitor) as page,
        TwilioCaller(url) as one,
        TwilioCaller(url) as other,
    ):
        keys = {call["id"]: call["key"] for call in (await page.until(lambda shown: shown["total"] == 2))["calls"]}
        for caller in (one, other):
            await page.wish(listen=keys[caller.call_sid])
            assert (await page.next("listening"))["key"] == keys[caller.call_sid]
        page.audio.clear()
        await asyncio.gather(one.say(SPEECH), other.say(QUIET))
        assert await page.hears(g711.ulaw_decode(QUIET)) == [b""]


async def test_both_voices_of_a_call_that_only_lets_us_listen(monitored, looking):
    async with (
        monitored(protocol="audiohook") as (monitor, url, _),
        looking(monitor) as page,
        GenesysCaller(url) as caller,
    ):
        (call,) = (await page.until(lambda shown: shown["calls"]))["calls"]
        assert [track["name"] for track in call["tracks"]] == ["external", "internal"]
        await page.wish(listen=call["key"])
        await page.next("listening")
        await caller.say(SPEECH, QUIET)
        assert await page.hears(g711.ulaw_decode(SPEECH), g711.ulaw_decode(QUIET)) == [b"", b""]


async def test_calls_of_several_servers(looking):
    async def handler(call):
        await call.wait_ended()

    async with phonewire.Monitor() as monitor, looking(monitor) as page:
        tcp = phonewire.serve_audiosocket(handler, call_ids=None, addresses=None, monitor=monitor)
        endpoint = phonewire.Endpoint("/twilio", "twilio", auth=None)
        async with (
            tcp,
            phonewire.serve(handler, endpoints=[endpoint], monitor=monitor) as server,
            AsteriskCaller("127.0.0.1", tcp.port),
            TwilioCaller(server.url + "/twilio"),
        ):
            snapshot = await page.until(lambda shown: shown["total"] == 2)
            assert {call["protocol"] for call in snapshot["calls"]} == {"audiosocket", "twilio"}
            names = [track["name"] for call in snapshot["calls"] for track in call["tracks"]]
            assert sorted(names) == ["heard", "inbound", "sent", "sent"]


async def test_a_program_may_show_a_call_that_it_dials(looking):
    async def handler(call):
        await call.wait_ended()

    endpoint = phonewire.Endpoint("/twilio", "twilio", auth=None)
    async with (
        phonewire.Monitor() as monitor,
        looking(monitor) as page,
        phonewire.serve(handler, endpoints=[endpoint]) as server,
        phonewire.connect(server.url + "/twilio", protocol="twilio") as call,
    ):
        monitor.entered(call)
        assert [shown["id"] for shown in (await page.until(lambda shown: shown["calls"]))["calls"]] == [call.id]
        monitor.left(call)
        assert (await page.until(lambda shown: shown["ended"]))["total"] == 0


async def test_a_sender_that_can_wait_is_not_hurried(monitored, looking):
    """das-Peak's audio comes at once; the handler looks something up first, and still gets all of it."""
    got = []

    async def handler(call):
        await asyncio.sleep(5)
        got.extend([frame.payload async for frame in call.frames()])

    audio = SPEECH * 30
    async with monitored(handler, protocol="das-peak") as (monitor, url, _), looking(monitor) as page:
        sending = asyncio.create_task(DasPeakSender(url).send(audio))
        (call,) = (await page.until(lambda shown: shown["calls"]))["calls"]
        await page.wish(listen=call["key"], detail=call["key"])
        await sending
    assert b"".join(got) == audio
