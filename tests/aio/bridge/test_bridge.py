"""A bridge between two calls of any protocol: what is carried, how it is converted, and how it ends.

On the fake clock, over a network in memory, with real WebSockets and AudioSocket streams at all four ends.
"""

import asyncio
import base64
import contextlib
import json
import math
import random
import warnings

import numpy as np
import pytest
import soxr
from websockets.asyncio.server import serve

import phonewire
from phonewire import g711
from phonewire.aio.bridge.lane import Carried
from phonewire.emulators.twilio import TwilioCaller
from phonewire.protocols import audiosocket, twilio
from phonewire.protocols.connection import EndReason

pytestmark = pytest.mark.usefixtures("tls")

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    audioop = pytest.importorskip("audioop")

DAS_PEAK = "/daspeak-stream/v1/twilio"
SLIN = audiosocket.FORMATS[audiosocket.Kind.SLIN]


def codewords(ms, seed=1):
    """Return codewords none of which is silence, every one of them different from the padding."""
    return bytes(random.Random(seed).choices(range(0x70), k=8 * ms))


def samples(ms, seed):
    """Return 8 kHz samples, none of them 0."""
    return np.random.default_rng(seed).integers(1, 9000, 8 * ms).astype("<i2").tobytes()


async def listen(call):
    return b"".join([frame.payload async for frame in call.frames()])


async def until(condition):
    while not condition():  # noqa: ASYNC110 - what is waited for is another's state, which tells nobody
        await asyncio.sleep(0.01)


class Consumer:
    """A far end that takes everything, and ends the call after *enough_ms*."""

    def __init__(self, enough_ms=None, say=b""):
        self.enough_ms, self.say = enough_ms, say
        self.audio, self.keys, self.calls, self.reasons = b"", [], [], []

    async def __call__(self, call):
        self.calls.append(call)
        noting = asyncio.create_task(self.note(call))
        if self.say:
            await call.write_payload(self.say)
        async for frame in call.frames():
            self.audio += frame.payload
            if self.enough_ms is not None and call.stats().ms_in >= self.enough_ms:
                break
        else:
            self.reasons.append(await call.wait_ended())
        noting.cancel()

    async def note(self, call):
        async for event in call.events():
            if isinstance(event, twilio.Dtmf):
                self.keys.append(event.digit)


class Bridging:
    """A handler that bridges every call to what *sink* makes, and keeps how it ended."""

    def __init__(self, sink, **options):
        self.sink, self.options = sink, options
        self.results, self.errors = [], []

    async def __call__(self, call):
        try:
            self.results.append(await phonewire.bridge(call, self.sink(), **self.options))
        except Exception as error:
            self.errors.append(error)

    @property
    def result(self):
        (result,) = self.results
        return result


@contextlib.asynccontextmanager
async def das_peak(consumer, **options):
    endpoint = phonewire.Endpoint(DAS_PEAK, "das-peak", auth=None, **options)
    async with phonewire.serve(consumer, endpoints=[endpoint]) as server:
        yield server.url + DAS_PEAK


@contextlib.asynccontextmanager
async def twilio_server(handler):
    async with phonewire.serve(handler, endpoints=[phonewire.Endpoint("/twilio", "twilio", auth=None)]) as server:
        yield server.url + "/twilio"


@contextlib.asynccontextmanager
async def audiosocket_server(sink, form=SLIN, **options):
    bridging = Bridging(sink, **options)
    serving = phonewire.serve_audiosocket(bridging, call_ids=None, addresses=None, media_format=form)
    async with serving as server:
        yield server.port, bridging


def balanced(carried):
    """Say whether all that was heard is accounted for; the last frame may have been filled up."""
    accounted = carried.sent_ms + carried.dropped_ms + carried.cleared_ms + carried.unsent_ms
    return 0 <= accounted - carried.heard_ms - carried.filled_ms <= 20


# A das-Peak consumer


def test_a_twilio_call_is_fed_to_das_peak_codeword_for_codeword(virtual):
    async def main():
        consumer = Consumer(enough_ms=3000)
        async with das_peak(consumer) as url:
            bridging = Bridging(lambda: phonewire.connect(url))
            async with twilio_server(bridging) as server, TwilioCaller(server) as caller:
                await caller.say(bytes(range(256)) * 125)  # 4 s of every codeword, the two for zero as well
                await caller.wait_closed()
                said = bytes(caller.said)
        assert consumer.audio[: 8 * 2900] == said[: 8 * 2900]
        assert said.startswith(consumer.audio)
        assert caller.close_code == 1000
        assert (bridging.result.ended_by, bridging.result.reason) == ("sink", EndReason.COMPLETED)
        assert bridging.result.to_source == Carried()
        assert balanced(bridging.result.to_sink)

    virtual(main())


@pytest.mark.parametrize(
    ("wire", "coded"),
    [
        (phonewire.MediaFormat("alaw"), lambda speech: audioop.lin2alaw(audioop.ulaw2lin(speech, 2), 2)),
        (phonewire.MediaFormat("s16le"), lambda speech: audioop.ulaw2lin(speech, 2)),
    ],
    ids=["alaw", "s16le"],
)
def test_das_peak_gets_the_coding_that_was_agreed(virtual, wire, coded):
    async def main():
        consumer = Consumer()
        async with das_peak(consumer, media_format=wire) as url:
            bridging = Bridging(lambda: phonewire.connect(url, media_format=wire))
            async with twilio_server(bridging) as server, TwilioCaller(server, speed=2) as caller:
                await caller.say(codewords(1000))
            await until(lambda: consumer.reasons)
        assert consumer.audio == coded(bytes(caller.said))

    virtual(main())


@pytest.mark.parametrize("rate_hz", [8000, 16_000, 24_000, 48_000])
def test_an_audiosocket_call_is_fed_to_das_peak(virtual, rate_hz):
    form = next(form for form in audiosocket.FORMATS.values() if form.sample_rate_hz == rate_hz)
    speech = np.round(8000 * np.sin(np.arange(2 * rate_hz) * 440 * math.tau / rate_hz)).astype("<i2")

    async def main():
        consumer = Consumer()
        async with (
            das_peak(consumer) as url,
            audiosocket_server(lambda: phonewire.connect(url), form) as (port, bridging),
        ):
            async with phonewire.connect_audiosocket("127.0.0.1", port, media_format=form) as call:
                await call.write(speech)
            await until(lambda: consumer.reasons)
        assert bridging.result.ended_by == "source"
        assert bridging.result.reason is EndReason.STOPPED
        assert balanced(bridging.result.to_sink)
        heard = np.frombuffer(audioop.ulaw2lin(consumer.audio, 2), "<i2").astype(float)
        begin = np.flatnonzero(np.abs(heard) > 100)[
            0
        ]  # behind the silence that was sent while there was nothing to say
        wanted = speech.astype(float) if rate_hz == 8000 else soxr.resample(speech.astype(float), rate_hz, 8000)
        if rate_hz == 8000:
            coded = audioop.ulaw2lin(g711.ulaw_encode(speech), 2)
            assert coded in heard.astype("<i2").tobytes()
        else:  # another filter than soxr's, with a delay: alike to the noise of µ-law, 38 dB below a loud tone
            errors = [
                np.sqrt(np.mean((heard[begin + lag : begin + lag + 8000] - wanted[1600:9600]) ** 2))
                for lag in range(1540, 1660)
            ]
            assert min(errors) < 8000 / math.sqrt(2) / 60

    virtual(main())


# Two ways


def test_two_audiosocket_calls_hear_each_other_sample_for_sample(virtual):
    forth, back = samples(1500, 1), samples(1500, 2)

    async def main():
        consumer = Consumer(say=back)
        serving = phonewire.serve_audiosocket(consumer, call_ids=None, addresses=None)
        async with serving as far:
            sink = lambda: phonewire.connect_audiosocket("127.0.0.1", far.port)  # noqa: E731
            async with audiosocket_server(sink) as (port, bridging):
                async with phonewire.connect_audiosocket("127.0.0.1", port) as call:
                    heard = asyncio.create_task(listen(call))
                    await call.write(forth)
                    await asyncio.sleep(2)
                await until(lambda: consumer.reasons)
        assert forth in consumer.audio
        assert back in await heard
        result = bridging.result
        assert balanced(result.to_sink)
        assert balanced(result.to_source)
        assert (result.to_sink.dropped_ms, result.to_source.dropped_ms) == (0, 0)

    virtual(main())


def test_a_bot_for_twilio_serves_an_audiosocket_call(virtual):
    """Marks come back when they were played, clear takes back, keys arrive: as if Twilio had called."""
    said = {}

    async def bot(call):
        async def answer():
            await call.write_payload(codewords(3000))
            said["mark"] = await call.mark("all of it")

        async def note():
            async for event in call.events():
                if isinstance(event, twilio.Dtmf):
                    said["key"], said["heard_ms"] = event.digit, await call.clear()
                    await call.write_payload(codewords(200, seed=7))
                    said["second"] = await call.mark("the end")
                    return

        async with asyncio.TaskGroup() as group:
            group.create_task(answer())
            group.create_task(note())

    async def main():
        async with twilio_server(bot) as url:
            sink = lambda: phonewire.connect(url, protocol="twilio")  # noqa: E731
            async with (
                audiosocket_server(sink) as (port, bridging),
                phonewire.connect_audiosocket("127.0.0.1", port) as call,
            ):
                listening = asyncio.create_task(listen(call))
                await asyncio.sleep(1.5)
                call.send(twilio.Dtmf("5"))
                assert await call.wait_ended() is EndReason.STOPPED
        heard = await listening
        assert (said["key"], said["mark"], said["second"]) == ("5", "cleared", "played")
        assert said["heard_ms"] == pytest.approx(1500, abs=100)
        last = audioop.ulaw2lin(codewords(200, seed=7), 2)
        before, found, _ = heard.partition(last)
        assert found
        assert len(before.replace(bytes(320), b"")) / 16 == pytest.approx(said["heard_ms"], abs=200)
        assert (bridging.result.ended_by, bridging.result.to_sink.keys, bridging.result.to_source.marks) == (
            "sink",
            1,
            1,
        )

    virtual(main())


class HastyBot:
    """Twilio's far end as many are: a whole answer at once. A key takes it back; the end of it is the end."""

    def __init__(self, speech, after_key=b""):
        self.speech, self.after_key = speech, after_key
        self.marked_at = []

    async def __call__(self, websocket):
        await websocket.recv()
        self.sid = json.loads(await websocket.recv())["streamSid"]
        await self.say(websocket, self.speech, "answer")
        async for message in websocket:
            match json.loads(message):
                case {"event": "dtmf"}:
                    await websocket.send(json.dumps({"event": "clear", "streamSid": self.sid}))
                    await self.say(websocket, self.after_key, "last")
                case {"event": "mark", "mark": {"name": name}}:
                    self.marked_at.append((name, asyncio.get_running_loop().time()))
                    if name == "last" or not self.after_key:
                        return

    async def say(self, websocket, speech, mark):
        for start in range(0, len(speech), 8000):
            media = {"payload": base64.b64encode(speech[start : start + 8000]).decode()}
            await websocket.send(json.dumps({"event": "media", "streamSid": self.sid, "media": media}))
        await websocket.send(json.dumps({"event": "mark", "streamSid": self.sid, "mark": {"name": mark}}))

    @contextlib.asynccontextmanager
    async def called(self):
        """Call it, through a bridge."""
        async with serve(self, "127.0.0.1", 0) as server:
            url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            bridging = Bridging(lambda: phonewire.connect(url, protocol="twilio"))
            async with twilio_server(bridging) as server, TwilioCaller(server) as caller:
                yield bridging, caller


def test_a_bot_that_speaks_faster_than_life_is_not_cut(virtual):
    """Twilio buffers what a bot sends in advance, so the bridge does."""

    async def main():
        bot, began = HastyBot(codewords(20_000)), asyncio.get_running_loop().time()
        async with bot.called() as (bridging, caller):
            await caller.wait_closed()
            assert caller.heard == bot.speech
        ((_, marked_at),) = bot.marked_at
        assert marked_at - began == pytest.approx(20, abs=0.3)
        assert (bridging.result.to_source.marks, bridging.result.to_source.dropped_ms) == (1, 0)
        assert bridging.result.to_source.sent_ms == 20_000

    virtual(main())


def test_what_a_bot_takes_back_is_not_heard(virtual):
    async def main():
        bot = HastyBot(codewords(20_000), after_key=codewords(500, seed=2))
        async with bot.called() as (bridging, caller):
            await caller.listen(seconds=3)
            await caller.press("1")
            await caller.wait_closed()
            heard_ms = (len(caller.heard) - len(bot.after_key)) / 8
            assert caller.heard == bot.speech[: round(8 * heard_ms)] + bot.after_key
            assert heard_ms == pytest.approx(3000, abs=100)
        carried = bridging.result.to_source
        assert [name for name, _ in bot.marked_at] == ["answer", "last"]
        assert (carried.marks, carried.cleared_ms + carried.sent_ms) == (1, 20_500)

    virtual(main())


def test_a_flood_of_marks_is_bounded_and_counted(virtual):
    class Flood(HastyBot):
        async def say(self, websocket, speech, mark):
            await super().say(websocket, speech, mark)
            for number in range(1500):
                await websocket.send(
                    json.dumps({"event": "mark", "streamSid": self.sid, "mark": {"name": f"{number}"}})
                )

    async def main():
        bot = Flood(codewords(1000), after_key=codewords(20))
        async with bot.called() as (bridging, caller):
            await caller.listen(seconds=2)
            await caller.hang_up()
            await until(lambda: bridging.results)
        assert (bridging.result.to_source.marks, bridging.result.to_source.marks_dropped) == (1000, 501)

    virtual(main())


def test_keys_that_the_sink_cannot_carry_are_counted(virtual):
    async def main():
        consumer = Consumer()
        async with das_peak(consumer) as url:
            bridging = Bridging(lambda: phonewire.connect(url))
            async with twilio_server(bridging) as server, TwilioCaller(server) as caller:
                await caller.listen(seconds=0.1)
                await caller.press("42#")
                await caller.listen(seconds=0.1)
        assert (bridging.result.to_sink.keys, bridging.result.to_sink.keys_dropped) == (0, 3)

    virtual(main())
