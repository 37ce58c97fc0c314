"""AudioHook sessions through a real server on the fake clock, against Genesys' emulator."""

import asyncio
import contextlib
import random

import pytest
from websockets.exceptions import InvalidStatus

import phonewire
from phonewire import Endpoint
from phonewire.aio.cluster.nonces import MemoryNonces
from phonewire.auth import AudioHookSignature
from phonewire.emulators.clock import FakeClockLoop
from phonewire.emulators.genesys import GenesysCaller
from phonewire.protocols import audiohook as ah
from phonewire.wav import WavReader

pytestmark = pytest.mark.usefixtures("tls")

KEY, SECRET = "the-key", "dGhlIGNsaWVudCdzIHNlY3JldA=="


@pytest.fixture
def run():
    """Run a coroutine on a clock that jumps from timer to timer, with a network in memory."""
    with asyncio.Runner(loop_factory=FakeClockLoop) as runner:
        yield runner.run


def speech(seed, milliseconds):
    return random.Random(seed).randbytes(8 * milliseconds)


@contextlib.asynccontextmanager
async def serving(handler, protocol="audiohook", **options):
    options = {"auth": AudioHookSignature({KEY: SECRET})} | options
    async with phonewire.serve(handler, endpoints=[Endpoint("/audiohook", protocol, **options)]) as server:
        yield server, server.url + "/audiohook"


def genesys(url, **options):
    return GenesysCaller(url, **{"api_key": KEY, "client_secret": SECRET} | options)


class Heard:
    """A handler that keeps what it hears of each track."""

    def __init__(self):
        self.calls = []
        self.tracks = {}
        self.events = []

    async def __call__(self, call):
        self.calls.append(call)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read_events(call))
            async for frame in call.frames():
                self.tracks.setdefault(frame.track, bytearray()).extend(frame.payload)

    async def _read_events(self, call):
        async for event in call.events():
            self.events.append(event)


def test_both_voices_are_heard_apart(run):
    async def main():
        heard = Heard()
        async with serving(heard) as (server, url), genesys(url) as caller:
            external, internal = speech(1, 3000), speech(2, 3000)
            await caller.say(external, internal)
            await caller.hang_up()
        (call,) = heard.calls
        assert call.tracks == ("external", "internal")
        assert bytes(heard.tracks["external"])[:24_000] == external
        assert bytes(heard.tracks["internal"])[:24_000] == internal
        assert (call.id, call.parameters["sessionId"]) == (caller.conversation_id, caller.session_id)
        assert call.end_reason is phonewire.EndReason.STOPPED
        assert caller.close_code == 1000
        assert caller.heard_of(ah.Closed)
        assert not caller.rejected
        assert server.refused == {}

    run(main())


def test_pings_are_answered_as_long_as_it_goes_on(run):
    async def main():
        heard = Heard()
        async with serving(heard) as (_, url), genesys(url) as caller:
            await caller.say(speech(1, 17_000))
            assert len(caller.heard_of(ah.Pong)) == 5
            assert caller.rtt_us < 1000
        assert sum(isinstance(event, ah.Ping) for event in heard.events) == 5

    run(main())


def test_a_slow_handler_does_not_keep_the_answer_back(run):
    async def main():
        async def slow(_call):
            await asyncio.sleep(8)

        began_s = asyncio.get_running_loop().time()
        async with serving(slow) as (_, url), genesys(url) as caller:
            assert caller.heard_of(ah.Opened)
            assert asyncio.get_running_loop().time() - began_s < 0.1

    run(main())


def test_audio_that_was_lost_on_the_way_is_told_as_drift(run):
    async def main():
        heard = Heard()
        async with serving(heard) as (_, url), genesys(url) as caller:
            await caller.say(speech(1, 2000))
            caller._connection.position.went_on(800)  # it believes that it has said 100 ms more
            await caller.say(speech(1, 6000))
            assert heard.calls[0].stats().drift_ms == 100
        assert [event for event in heard.events if isinstance(event, phonewire.PositionDrift)] == [
            phonewire.PositionDrift(100.0)
        ]

    run(main())


def test_a_probe_is_answered_and_is_no_call(run):
    async def main():
        heard = Heard()
        async with serving(heard) as (server, url), genesys(url, probe=True) as caller:
            await caller.until(lambda: caller.heard_of(ah.Opened))
            await caller.hang_up()
        assert caller.heard_of(ah.Opened) == [ah.Opened(())]
        assert caller.heard_of(ah.Closed)
        assert heard.calls == []
        assert server.refused == {}

    run(main())


def test_a_handler_that_returns_says_goodbye_and_lets_genesys_close(run):
    async def main():
        async def enough(call):
            async for _ in call.frames():
                return

        async with serving(enough) as (_, url), genesys(url) as caller:
            await caller.wait_closed()
        assert caller.heard_of(ah.Disconnect) == [ah.Disconnect("completed")]
        assert caller.heard_of(ah.Closed)
        assert caller.close_code == 1000
        assert caller.heard_of(ah.Ended) == [ah.Ended(ah.EndReason.COMPLETED)]

    run(main())


def test_a_client_that_does_not_close_is_left_after_4_s(run):
    async def main():
        async def enough(call):
            async for _ in call.frames():
                return

        async with serving(enough) as (_, url), genesys(url) as caller:
            await caller.until(lambda: caller.said)
            caller._connection.receive = lambda data, *, text, now_ns: []  # it is deaf
            began_s = asyncio.get_running_loop().time()
            await caller.wait_closed()
            assert 3.9 < asyncio.get_running_loop().time() - began_s < 4.3

    run(main())


def test_a_server_that_stops_says_goodbye_to_everybody(run):
    async def main():
        heard = Heard()
        async with serving(heard) as (server, url), contextlib.AsyncExitStack() as stack:
            callers = [await stack.enter_async_context(genesys(url)) for _ in range(5)]
            for caller in callers:
                await caller.until(lambda caller=caller: caller.said)
            await server.close()
            for caller in callers:
                assert caller.heard_of(ah.Disconnect)
                assert caller.close_code == 1000

    run(main())


def test_what_was_paused_and_discarded_is_silence_in_its_place(run, tmp_path):
    async def main():
        async def record(call):
            call.record(tmp_path / "call.wav", tracks="separate")
            async for _ in call.frames():
                pass

        async with serving(record) as (_, url), genesys(url) as caller:
            await caller.say(speech(1, 1000), speech(2, 1000))
            await caller.send(ah.Paused())
            await asyncio.sleep(2)
            await caller.send(ah.Resumed(ah.Microseconds(1_000_000), ah.Microseconds(2_000_000)))
            await caller.say(speech(3, 1000), speech(4, 1000))
            await caller.hang_up()

    run(main())
    with WavReader(tmp_path / "call.wav") as reader:
        assert reader.info.channels == 2
        audio = reader.read()
    both = bytes(byte for pair in zip(speech(1, 1000), speech(2, 1000), strict=True) for byte in pair)
    assert audio[:16_000] == both
    assert set(audio[16_000:48_000]) == {0xFF}
    later = bytes(byte for pair in zip(speech(3, 1000), speech(4, 1000), strict=True) for byte in pair)
    assert audio[48_000:64_000] == later


def test_a_hold_of_minutes_is_no_silence(run):
    async def main():
        heard = Heard()
        async with serving(heard) as (_, url), genesys(url) as caller:
            await caller.say(speech(1, 1000))
            await caller.pause()
            await asyncio.sleep(300)
            await caller.resume()
            await caller.say(speech(2, 1000))
            await caller.hang_up()
        assert heard.calls[0].end_reason is phonewire.EndReason.STOPPED
        assert not [event for event in heard.events if isinstance(event, phonewire.NoMedia)]
        assert speech(2, 1000) in heard.tracks["external"]

    run(main())


@pytest.mark.parametrize("change", [{"client_secret": "b3RoZXI="}, {"api_key": "other"}, {"client_secret": None}])
def test_who_is_not_authentic_is_refused(run, change):
    async def main():
        async with serving(Heard()) as (server, url):
            with pytest.raises(InvalidStatus) as refused:
                await genesys(url, **change).__aenter__()
            assert refused.value.response.status_code == 401
            assert server.refused == {phonewire.Refusal.UNAUTHENTICATED: 1}

    run(main())


def test_an_open_of_another_session_is_unauthorized(run):
    async def main():
        heard = Heard()
        async with serving(heard, auth=None) as (server, url):
            other = {"Audiohook-Session-Id": "30b0e395-84d3-4570-ac13-9a62d8f514c0"}
            async with genesys(url, headers=other) as caller:
                await caller.wait_closed()
            assert caller.heard_of(ah.Disconnect)[0].reason == "unauthorized"
            assert server.refused == {phonewire.Refusal.BROKE_PROTOCOL: 1}
        assert heard.calls == []

    run(main())


def test_a_violation_ends_its_own_call(run):
    async def main():
        heard = Heard()
        async with serving(heard) as (_, url), genesys(url) as caller:
            await caller.until(lambda: caller.said)
            caller._connection.sent += 1  # the next number is wrong
            await caller.send(ah.Update("de"))
            await caller.wait_closed()
            assert caller.heard_of(ah.Disconnect)[0].reason == "error"
        assert heard.calls[0].end_reason is phonewire.EndReason.FAILED

    run(main())


def copies(number, url):
    """Return callers who all dial with one signed handshake."""
    original = genesys(url)
    headers = original._handshake()
    callers = [
        GenesysCaller(url, headers=headers, opening={"organization_id": original.organization_id})
        for _ in range(number)
    ]
    for caller in callers:
        caller._connection.session_id = original.session_id
    return callers


class TestCopies:
    """A handshake that somebody has copied opens nothing, however fast he is."""

    def test_are_refused(self, run):
        async def main():
            async with serving(Heard()) as (server, url):
                original, copy = copies(2, url)
                async with original:
                    assert original.heard_of(ah.Opened)
                with pytest.raises(InvalidStatus):
                    await copy.__aenter__()
                assert server.refused == {phonewire.Refusal.UNAUTHENTICATED: 1}

        run(main())

    def test_of_fifty_at_once_one_is_taken(self, run):
        async def main():
            heard = Heard()
            limits = phonewire.Limits(unauthenticated_per_address=100)
            endpoint = Endpoint("/audiohook", "audiohook", auth=AudioHookSignature({KEY: SECRET}))
            async with phonewire.serve(heard, endpoints=[endpoint], limits=limits) as server:
                callers = copies(50, server.url + "/audiohook")
                outcomes = await asyncio.gather(*(one.__aenter__() for one in callers), return_exceptions=True)
                assert sum(isinstance(outcome, InvalidStatus) for outcome in outcomes) == 49
                (taken,) = [one for one in callers if one in outcomes]
                await taken.hang_up()
                assert server.refused == {phonewire.Refusal.UNAUTHENTICATED: 49}
            assert len(heard.calls) == 1

        run(main())


def test_who_is_not_authentic_waits_for_half_a_second(run):
    async def main():
        async with serving(Heard()) as (_, url):
            began_s = asyncio.get_running_loop().time()
            with pytest.raises(InvalidStatus):
                await genesys(url, client_secret="b3RoZXI=").__aenter__()
            assert 0.5 <= asyncio.get_running_loop().time() - began_s < 0.6

    run(main())


def test_who_is_sent_away_while_he_waits_gets_one_answer(run):
    async def main():
        endpoint = Endpoint("/audiohook", "audiohook", auth=AudioHookSignature({KEY: SECRET}))
        limits = phonewire.Limits(handshake_s=0.2)
        async with phonewire.serve(Heard(), endpoints=[endpoint], limits=limits) as server:
            with pytest.raises(InvalidStatus) as refused:
                await genesys(server.url + "/audiohook", client_secret="b3RoZXI=").__aenter__()
            assert refused.value.response.status_code == 408
            await asyncio.sleep(1)
            assert server.refused[phonewire.Refusal.SLOW_HANDSHAKE] == 1

    run(main())


class TestNonces:
    def test_are_known_until_they_expire(self, run):
        async def main():
            now_s = 100.0
            nonces = MemoryNonces(3, clock=lambda: now_s)
            assert await nonces.add("one", 110)
            assert not await nonces.add("one", 110)
            now_s = 110.0
            assert not await nonces.add("one", 120)
            now_s = 110.1
            assert await nonces.add("one", 120)

        run(main())

    def test_are_bounded_and_nobody_is_let_in_for_that(self, run):
        async def main():
            now_s = 0.0
            nonces = MemoryNonces(3, clock=lambda: now_s)
            assert [await nonces.add(str(number), 10 + number) for number in range(5)] == [True] * 3 + [False] * 2
            now_s = 11.5
            assert [await nonces.add(str(number), 30) for number in range(5, 9)] == [True, True, False, False]
            assert len(nonces) == 3

        run(main())
