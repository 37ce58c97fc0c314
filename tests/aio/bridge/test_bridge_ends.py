"""How a bridge ends: by either side, anywhere, by a sink that is not there, by cancelling; and what it leaves out."""

import asyncio
import contextlib
import gc
import itertools
import struct
from http import HTTPStatus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

import phonewire
from phonewire import g711
from phonewire.aio.bridge.lane import Carried, Lane
from phonewire.emulators.clock import FakeClockLoop
from phonewire.emulators.faulty_network import FaultyNetwork
from phonewire.emulators.twilio import TwilioCaller
from phonewire.protocols.connection import EndReason

pytestmark = pytest.mark.usefixtures("tls")

DAS_PEAK = "/daspeak-stream/v1/twilio"
LINEAR = phonewire.MediaFormat("s16le")
SPEECH = bytes(range(0x70)) * 300  # 4.2 s


class Bridging:
    """A handler that bridges every call to what *sink* makes, and keeps how it ended."""

    def __init__(self, sink, **options):
        self.sink, self.options = sink, options
        self.outcomes, self.calls = [], []

    async def __call__(self, call):
        self.calls.append(call)
        try:
            self.outcomes.append(await phonewire.bridge(call, self.sink(), **self.options))
        except Exception as error:
            self.outcomes.append(error)
        await call.wait_ended()


def consume(enough_ms=None):
    """Return a handler that takes *enough_ms* and returns, and the audio that it took."""
    taken = bytearray()

    async def handler(call):
        async for frame in call.frames():
            taken.extend(frame.payload)
            if enough_ms is not None and len(taken) >= 8 * enough_ms:
                return

    return handler, taken


@contextlib.asynccontextmanager
async def serving(handler, path, protocol, **options):
    endpoint = phonewire.Endpoint(path, protocol, auth=None, **options)
    async with phonewire.serve(handler, endpoints=[endpoint]) as server:
        yield server.url + path


def balanced(carried):
    accounted = carried.sent_ms + carried.dropped_ms + carried.cleared_ms + carried.unsent_ms
    return 0 <= accounted - carried.heard_ms - carried.filled_ms <= 20


async def until(condition):
    while not condition():  # noqa: ASYNC110 - what is waited for is another's state, which tells nobody
        await asyncio.sleep(0.01)


def tasks():
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}


def run(main):
    told = []
    with asyncio.Runner(loop_factory=FakeClockLoop) as runner:
        runner.get_loop().set_exception_handler(lambda loop, context: told.append(context))
        runner.run(main)
    assert told == [], "an error that nobody has handled"


@settings(max_examples=25)
@given(
    enough_ms=st.integers(20, 3000),
    hang_up_ms=st.integers(1, 3000),  # who is gone at 0 has not been a call: his start is lost with the connection
    drops=st.booleans(),
    hang_up_source=st.booleans(),
)
def test_whoever_ends_first_ends_it_once_and_all_is_accounted_for(enough_ms, hang_up_ms, drops, hang_up_source):
    async def main():
        before = tasks()
        consumer, taken = consume(enough_ms)
        async with serving(consumer, DAS_PEAK, "das-peak") as url:
            bridging = Bridging(lambda: phonewire.connect(url), hang_up_source=hang_up_source)
            async with serving(bridging, "/twilio", "twilio") as server, TwilioCaller(server) as caller:
                speaking = asyncio.create_task(caller.say(SPEECH))
                await asyncio.sleep(hang_up_ms / 1000)
                closed_by_us = caller.close_code
                await (caller.drop() if drops else caller.hang_up())
                speaking.cancel()
                await until(lambda: bridging.outcomes)
            (result,) = bridging.outcomes
        heard = bytes(caller.said)
        assert heard.startswith(bytes(taken))
        assert balanced(result.to_sink)
        assert result.to_sink.sent_ms * 8 >= len(taken)
        if result.ended_by == "sink":
            assert result.reason is EndReason.COMPLETED
            assert (closed_by_us == 1000) == hang_up_source or hang_up_ms - enough_ms < 150
        else:
            assert result.reason is (EndReason.DROPPED if drops else EndReason.STOPPED)
            assert result.to_sink.unsent_ms == 0
        await asyncio.sleep(0)
        assert tasks() == before

    run(main())


@pytest.mark.parametrize("hang_up_source", [True, False])
def test_the_call_goes_on_or_ends_when_the_consumer_has_enough(hang_up_source):
    async def main():
        consumer, taken = consume(500)
        async with serving(consumer, DAS_PEAK, "das-peak") as url:
            bridging = Bridging(lambda: phonewire.connect(url), hang_up_source=hang_up_source)
            async with serving(bridging, "/twilio", "twilio") as server, TwilioCaller(server) as caller:
                await caller.say(SPEECH[:16_000])
                assert (caller.close_code == 1000) == hang_up_source
                assert bridging.outcomes[0].ended_by == "sink"
                assert not [each for each in gc.get_objects() if type(each) is Lane]  # nobody listens any more
        assert len(taken) >= 4000

    run(main())


# A sink that is not there


@pytest.mark.parametrize("status", [401, 404, 503])
@pytest.mark.parametrize("hang_up_source", [True, False])
def test_a_sink_that_refuses_is_told_to_the_program_and_to_the_source(tls, status, hang_up_source):
    async def main():
        def refuse(connection, _request):
            return connection.respond(HTTPStatus(status), "")

        async def never(websocket):
            raise AssertionError

        async with serve(never, "127.0.0.1", 0, process_request=refuse, ssl=tls) as far:
            url = f"{'wss' if tls else 'ws'}://127.0.0.1:{far.sockets[0].getsockname()[1]}{DAS_PEAK}"
            bridging = Bridging(lambda: phonewire.connect(url), hang_up_source=hang_up_source)
            async with serving(bridging, "/twilio", "twilio") as server, TwilioCaller(server) as caller:
                await caller.listen(seconds=0.5)
                assert caller.close_code == (1014 if hang_up_source else None)
        (error,) = bridging.outcomes
        assert isinstance(error, phonewire.AuthenticationError if status == 401 else phonewire.HandshakeError)
        assert str(status) in str(error)

    run(main())


def test_a_source_that_hangs_up_while_the_sink_is_dialled_ends_the_dialling():
    async def main():
        before = tasks()

        async def slow():
            await asyncio.sleep(5)
            return "token"

        bridging = Bridging(lambda: phonewire.connect("ws://127.0.0.1:1" + DAS_PEAK, token=slow))
        async with serving(bridging, "/twilio", "twilio") as server, TwilioCaller(server) as caller:
            await caller.listen(seconds=0.5)
            await caller.hang_up()
            await until(lambda: bridging.outcomes)
        (result,) = bridging.outcomes
        assert (result.ended_by, result.reason, result.to_sink) == ("source", EndReason.STOPPED, Carried())
        await asyncio.sleep(0)
        assert tasks() == before

    run(main())


def test_what_was_said_while_das_peak_was_dialled_is_heard():
    async def main():
        consumer, taken = consume(2000)

        async def slow():
            await asyncio.sleep(1.5)
            return "token"

        async with serving(consumer, DAS_PEAK, "das-peak") as url:
            bridging = Bridging(lambda: phonewire.connect(url, token=slow))
            async with serving(bridging, "/twilio", "twilio") as server, TwilioCaller(server) as caller:
                await caller.say(SPEECH)
        assert bytes(taken) == SPEECH[: len(taken)]
        assert len(taken) >= 16_000

    run(main())


# Cancelling


@settings(max_examples=25)
@given(after_ms=st.integers(0, 1500), dialling_ms=st.integers(0, 1000))
def test_cancelling_anywhere_leaves_no_task_and_the_source_as_it_was(after_ms, dialling_ms):
    async def main():
        async def token():
            await asyncio.sleep(dialling_ms / 1000)
            return "token"

        async def cancel(call):
            before = tasks()
            bridging = asyncio.create_task(
                phonewire.bridge(call, phonewire.connect(url, protocol="twilio", token=token))
            )
            await asyncio.sleep(after_ms / 1000)
            bridging.cancel()
            with pytest.raises(asyncio.CancelledError):
                await bridging
            await asyncio.sleep(0.1)  # for the server of the sink, which is in this loop, too
            left.append(tasks() - before)
            alive.append(call.end_reason is None)
            await call.write_payload(SPEECH[:1600])

        async def talk(call):
            await call.write_payload(SPEECH)
            await call.wait_ended()

        left, alive = [], []
        async with (
            serving(talk, "/sink", "twilio") as url,
            serving(cancel, "/twilio", "twilio") as server,
            TwilioCaller(server) as caller,
        ):
            await caller.wait_closed()
            assert caller.heard.endswith(SPEECH[:1600])
        assert (left, alive) == ([set()], [True])

    run(main())


# Too slow, and broken


def test_a_consumer_that_does_not_read_costs_no_more_than_ten_seconds_and_is_counted():
    async def main():
        async def deaf(websocket):
            websocket.transport.pause_reading()
            await asyncio.sleep(60)

        async with serve(deaf, "127.0.0.1", 0) as far:
            url = f"ws://127.0.0.1:{far.sockets[0].getsockname()[1]}{DAS_PEAK}"
            bridging = Bridging(lambda: phonewire.connect(url), drain_s=1.0)
            async with serving(bridging, "/twilio", "twilio") as server, TwilioCaller(server) as caller:
                for _ in range(10):
                    await caller.say(SPEECH)
                await caller.hang_up()
                await until(lambda: bridging.outcomes)
        (result,) = bridging.outcomes
        assert result.to_sink.dropped_ms > 5000
        assert result.to_sink.unsent_ms <= 10_100
        assert balanced(result.to_sink)

    run(main())


def test_a_live_call_falls_behind_by_no_more_than_it_may():
    """VoIPBIN takes nothing before it has said something, or for 1 s: the caller is not heard 1 s late ever after."""

    async def main():
        heard = []

        async def silent(websocket):
            heard.extend([(asyncio.get_running_loop().time(), message) async for message in websocket])

        async def bot(call):
            url = f"ws://127.0.0.1:{far.sockets[0].getsockname()[1]}/v1.0/calls/1/media_stream?encapsulation=sln"
            results.append(await phonewire.bridge(call, phonewire.connect(url, wire="documented"), max_delay_ms=300))

        results = []
        async with serve(silent, "127.0.0.1", 0) as far, serving(bot, "/twilio", "twilio") as server:
            async with TwilioCaller(server) as caller:
                began = asyncio.get_running_loop().time()
                for number in range(1, 100):  # each frame says when it was said
                    await caller.say(bytes([number % 0x70]) * 160)
            await until(lambda: results)
        values = struct.unpack("=112h", g711.ulaw_decode(bytes(range(112))))
        decoded = {struct.pack("<h", value): number for number, value in enumerate(values)}
        delays = [at - began - 0.02 * decoded[message[:2]] for at, message in heard if message[:2] in decoded]
        assert max(delays[-20:]) <= 0.3
        assert 500 <= results[0].to_sink.dropped_ms <= 1100
        assert balanced(results[0].to_sink)

    run(main())


def test_a_voipbin_source_is_connected_anew_and_the_bridge_goes_on():
    frames = 150

    async def main():
        loop = asyncio.get_running_loop()
        consumer, taken = consume()

        async def platform(websocket):
            with contextlib.suppress(ConnectionClosed):
                while (number := round((loop.time() - began) * 50)) < frames:
                    await websocket.send(struct.pack("<H", number + 1) * 160)
                    await asyncio.sleep(began + (number + 1) * 0.02 - loop.time())
                await websocket.close()

        def answer(connection, _request):
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "") if 1.5 < loop.time() - began < 1.8 else None

        began = loop.time()
        async with (
            serving(consumer, DAS_PEAK, "das-peak", media_format=LINEAR) as url,
            serve(platform, "127.0.0.1", 0, process_request=answer) as far,
            FaultyNetwork(f"ws://127.0.0.1:{far.sockets[0].getsockname()[1]}") as network,
        ):
            voipbin = network.url + "/v1.0/calls/1/media_stream?encapsulation=sln"
            redial = phonewire.Redial(retries=100, first_s=0.1, most_s=0.1)
            async with phonewire.connect(voipbin, wire="documented", redial=redial) as source:
                sink = phonewire.connect(url, media_format=LINEAR)
                bridging = asyncio.create_task(phonewire.bridge(source, sink))
                await asyncio.sleep(1.5)
                await network.cut()
                result = await bridging
        return result, struct.unpack(f"<{len(taken) // 2}H", taken)

    with asyncio.Runner(loop_factory=FakeClockLoop) as runner:
        result, taken = runner.run(main())
    assert (result.ended_by, result.to_sink.dropped_ms) == ("source", 0)
    assert result.to_sink.filled_ms > 200
    runs = [(number, sum(1 for _ in run)) for number, run in itertools.groupby(taken)]
    assert [length for number, length in runs if number == 0] == [8 * result.to_sink.filled_ms]
    heard = [run for run in runs if run[0]]
    assert heard == [(number, 160) for number in sorted({number for number, _ in heard})]
    assert heard[-1] == (frames, 160)
