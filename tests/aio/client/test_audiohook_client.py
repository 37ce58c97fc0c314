"""A program as Genesys' side of AudioHook sessions: `connect` against a real server on the fake clock."""

import asyncio
import contextlib
import random

import pytest

import phonewire
from phonewire import AuthenticationError, Endpoint, EndReason, MediaFormat, RemoteProtocolError
from phonewire.auth import AudioHookSignature
from phonewire.emulators.clock import FakeClockLoop
from phonewire.protocols import audiohook as ah

pytestmark = pytest.mark.usefixtures("tls")

KEY, SECRET = "the-key", "dGhlIGNsaWVudCdzIHNlY3JldA=="
STEREO = random.Random(1).randbytes(2 * 8 * 1000)


@pytest.fixture
def run():
    """Run a coroutine on a clock that jumps from timer to timer, with a network in memory."""
    with asyncio.Runner(loop_factory=FakeClockLoop) as runner:
        yield runner.run


class Heard:
    """A server's handler that keeps what it hears of each track; *act* is awaited with the call first."""

    def __init__(self, act=None):
        self.act = act
        self.calls, self.events, self.tracks = [], [], {}

    async def __call__(self, call):
        self.calls.append(call)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._events(call))
            if self.act is not None:
                group.create_task(self.act(call))
            async for frame in call.frames():
                self.tracks.setdefault(frame.track, bytearray()).extend(frame.payload)

    async def _events(self, call):
        async for event in call.events():
            self.events.append(event)

    def saw(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


@contextlib.asynccontextmanager
async def serving(handler, protocol="audiohook", auth=True):
    auth = AudioHookSignature({KEY: SECRET}) if auth else None
    async with phonewire.serve(handler, endpoints=[Endpoint("/audiohook", protocol, auth=auth)]) as server:
        yield server, server.url + "/audiohook?a=b"


def dial(url, **options):
    return phonewire.connect(url, **{"headers": {"X-API-KEY": KEY}, "client_secret": SECRET} | options)


def test_two_voices_are_carried_apart_with_who_is_on_the_phone(run):
    async def main():
        heard = Heard()
        told = {"ani": "+1555", "dnis": "+1666", "language": "de-DE", "flow": "7"}
        async with serving(heard) as (server, url):
            async with dial(url, call_id="090eaa2f-72fa-480a-83e0-8667ff89c0ec", parameters=told) as call:
                assert call.protocol == "audiohook"
                assert call.media_format == MediaFormat("ulaw", 8000, 2)
                await call.write_payload(STEREO)
            assert call.end_reason is EndReason.CLOSED
            assert call.close_code == 1000
            assert server.refused == {}
        (served,) = heard.calls
        assert served.id == call.id == "090eaa2f-72fa-480a-83e0-8667ff89c0ec"
        assert served.parameters.items() >= told.items()
        assert heard.tracks == {"external": STEREO[0::2], "internal": STEREO[1::2]}
        assert served.end_reason is EndReason.STOPPED
        assert served.stats().drift_ms == 0

    run(main())


@pytest.mark.parametrize(
    ("media_format", "tracks"),
    [(MediaFormat(), ("external",)), (MediaFormat("s16le", 8000, 2), ("external", "internal"))],
    ids=str,
)
def test_what_is_offered_is_carried(run, media_format, tracks):
    async def main():
        heard = Heard()
        async with serving(heard) as (_, url), dial(url, media_format=media_format) as call:
            assert call.media_format == media_format
            await call.write_payload(STEREO[:6400])
        assert heard.calls[0].tracks == tracks
        assert sum(map(len, heard.tracks.values())) == 6400

    run(main())


def test_pings_go_out_and_a_connection_stays_as_long_as_they_are_answered(run):
    async def main():
        heard = Heard()
        async with serving(heard) as (_, url), dial(url) as call:
            for _ in range(12):
                await call.write_payload(STEREO)
            await call.drain()
        assert len(heard.saw(ah.Ping)) == 4  # after 1 s, at once again, and every 5 s

    run(main())


def test_what_is_said_during_a_pause_waits_and_loses_nothing(run):
    async def pause(call):
        await asyncio.sleep(0.5)
        call.send(ah.Pause())
        await asyncio.sleep(2)
        call.send(ah.Resume())

    async def main():
        heard = Heard(pause)
        async with serving(heard) as (_, url), dial(url) as call:
            await call.write_payload(STEREO)
            await call.drain()
            assert call.stats().dropped_ms == call.stats().faults == 0
        assert heard.tracks == {"external": STEREO[0::2], "internal": STEREO[1::2]}
        (resumed,) = heard.saw(ah.Resumed)
        assert resumed.discarded_us == pytest.approx(2_000_000, abs=20_000)
        assert heard.calls[0].stats().drift_ms == 0

    run(main())


def test_a_pause_of_the_agents_own_lasts_until_he_goes_on(run):
    async def main():
        heard = Heard()
        async with serving(heard) as (_, url), dial(url) as call:
            await call.write_payload(STEREO[:3200])
            await call.drain()
            call.send(ah.Paused())
            writing = asyncio.create_task(call.write_payload(STEREO[3200:]))
            await asyncio.sleep(1)
            assert len(heard.tracks["internal"]) == 1600
            call.send(ah.Resumed(ah.Microseconds(200_000), ah.Microseconds(1_000_000)))
            await writing
        assert heard.tracks == {"external": STEREO[0::2], "internal": STEREO[1::2]}
        assert heard.calls[0].end_reason is EndReason.STOPPED

    run(main())


def test_a_consumer_that_has_enough_completes_the_call(run):
    async def main():
        async def enough(call):
            async for _ in call.frames():
                if call.stats().ms_in >= 500:
                    return

        async with serving(enough) as (_, url), dial(url) as call:
            events = asyncio.create_task(collect(call))
            for _ in range(3):
                await call.write_payload(STEREO)
            assert await call.wait_ended() is EndReason.COMPLETED
            assert ah.Disconnect("completed") in await events
            assert call.stats().unsent_ms > 0
            await asyncio.sleep(1)
            assert call.close_code == 1000  # the client closes by itself

    async def collect(call):
        return [event async for event in call.events()]

    run(main())


@pytest.mark.parametrize(
    "options", [{"client_secret": "b3RoZXI="}, {"headers": {"X-API-KEY": "other"}}, {"client_secret": None}]
)
def test_who_is_not_authentic_is_told(run, options):
    async def main():
        async with serving(Heard()) as (_, url):
            with pytest.raises(AuthenticationError, match="401"):
                await dial(url, **options).__aenter__()

    run(main())


def test_each_attempt_is_signed_anew(run):
    async def main():
        connecting = None
        async with serving(Heard()) as (server, url):
            connecting = dial(url)
            for _ in range(2):  # a copy of the first signature would be refused
                async with connecting:
                    pass
            assert server.refused == {}

    run(main())


def test_an_organization_that_is_not_the_handshakes_is_unauthorized(run, monkeypatch):
    async def main():
        heard = Heard()
        async with serving(heard, auth=False) as (_, url):
            connecting = dial(url, client_secret=None)
            announce = connecting._announce

            def lie(engine):
                engine.expected_organization_id = None
                announce(engine)

            monkeypatch.setattr(connecting, "_announce", lie)
            with pytest.raises(AuthenticationError, match="unauthorized"):
                await connecting.__aenter__()
        assert heard.calls == []

    run(main())


def test_a_server_that_does_not_take_the_call_is_an_error(run):
    async def main():
        async with serving(Heard()) as (_, url):
            connecting = dial(url, media_format=MediaFormat())
            engine = connecting._new_engine
            connecting._announce = lambda it: it.send(
                ah.Open(
                    organization_id=it.expected_organization_id or ah.NIL_UUID,
                    conversation_id="090eaa2f-72fa-480a-83e0-8667ff89c0ec",
                    participant=ah.Participant(),
                    media=(ah.MediaOffer(format="OPUS"),),
                )
            )
            connecting._new_engine = engine
            with pytest.raises(RemoteProtocolError, match="did not take the call"):
                await connecting.__aenter__()

    run(main())


@pytest.mark.parametrize("hangs_up", [False, True])
def test_a_server_that_does_not_answer_is_given_up(run, monkeypatch, hangs_up):
    async def main():
        async with serving(Heard()) as (server, url):

            async def silent(_connection, *_):
                if not hangs_up:
                    await asyncio.sleep(20)

            monkeypatch.setattr(server._switchboard, "take", silent)
            began_s = asyncio.get_running_loop().time()
            with pytest.raises(RemoteProtocolError if hangs_up else TimeoutError):
                await dial(url).__aenter__()
            assert (asyncio.get_running_loop().time() - began_s < 1) is hangs_up

    run(main())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"client_secret": "not base64!"}, "client secret"),
        ({"headers": None}, "X-API-KEY"),
        ({"media_format": MediaFormat("alaw")}, "ulaw or s16le"),
        ({"media_format": MediaFormat("ulaw", 16000)}, "8000 Hz"),
        ({"media_format": MediaFormat("ulaw", 8000, 3)}, "1 or 2 channels"),
        ({"protocol": "audiohook-connector", "media_format": MediaFormat("ulaw", 8000, 2)}, "1 channel"),
        ({"protocol": "twilio"}, "client_secret is for audiohook"),
        ({"url": "ws://example.com/audiohook"}, "x-api-key would be sent in the clear"),
    ],
    ids=str,
)
def test_what_cannot_be_is_told_before_there_is_a_connection(options, message):
    options = {"url": "wss://example.com/audiohook"} | options
    with pytest.raises(ValueError, match=message) as error:
        dial(**options)
    assert SECRET not in str(error.value)
