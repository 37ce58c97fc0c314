"""Genesys' emulator: what a test can make it do, and that it tells the truth."""

import asyncio
import contextlib
import random

import pytest

import phonewire
from phonewire import Endpoint, EndReason
from phonewire.emulators.clock import FakeClockLoop
from phonewire.emulators.genesys import GenesysCaller
from phonewire.errors import CodecError
from phonewire.protocols import audiohook as ah
from phonewire.wav import WavInfo, WavWriter

pytestmark = pytest.mark.usefixtures("tls")

EXTERNAL, INTERNAL = (random.Random(seed).randbytes(8 * 1000) for seed in (1, 2))
STEREO = bytes(both for pair in zip(EXTERNAL, INTERNAL, strict=True) for both in pair)


@pytest.fixture
def run():
    with asyncio.Runner(loop_factory=FakeClockLoop) as runner:
        yield runner.run


class Heard:
    def __init__(self):
        self.calls, self.events, self.tracks = [], [], {}

    async def __call__(self, call):
        self.calls.append(call)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._events(call))
            async for frame in call.frames():
                self.tracks.setdefault(frame.track, bytearray()).extend(frame.payload)

    async def _events(self, call):
        async for event in call.events():
            self.events.append(event)


@contextlib.asynccontextmanager
async def serving(handler):
    async with phonewire.serve(handler, endpoints=[Endpoint("/audiohook", "audiohook", auth=None)]) as server:
        yield server.url + "/audiohook"


def written(path, audio, encoding="ulaw", rate=8000, channels=2):
    with WavWriter(path, WavInfo(encoding, rate, channels)) as writer:
        writer.write(audio)
    return path


@pytest.mark.parametrize("encoding", ["ulaw", "s16le"])
def test_a_stereo_file_is_said_in_real_time(run, tmp_path, encoding):
    audio = STEREO if encoding == "ulaw" else phonewire.g711.ulaw_decode(STEREO)
    again = STEREO if encoding == "ulaw" else phonewire.g711.ulaw_encode(audio)

    async def main():
        heard = Heard()
        async with serving(heard) as url, GenesysCaller(url) as caller:
            began_s = asyncio.get_running_loop().time()
            await caller.say(written(tmp_path / "both.wav", audio, encoding))
            assert asyncio.get_running_loop().time() - began_s == pytest.approx(0.9, abs=0.11)
        assert bytes(heard.tracks["external"]).startswith(again[0::2])
        assert bytes(heard.tracks["internal"]).startswith(again[1::2])
        assert bytes(caller.said).startswith(again)

    run(main())


@pytest.mark.parametrize(("rate", "channels"), [(16000, 2), (8000, 3)])
def test_a_file_that_is_none_of_a_call_is_said_to_be_none(run, tmp_path, rate, channels):
    async def main():
        async with serving(Heard()) as url, GenesysCaller(url) as caller:
            with pytest.raises(CodecError, match=f"got {rate} Hz and {channels}"):
                await caller.say(written(tmp_path / "other.wav", bytes(channels * 80), "ulaw", rate, channels))

    run(main())


def test_a_hold_of_the_agents_leaves_no_drift(run):
    async def main():
        heard = Heard()
        async with serving(heard) as url, GenesysCaller(url) as caller:
            await caller.say(EXTERNAL, INTERNAL)
            await caller.pause()
            sent = len(caller.said)
            await asyncio.sleep(3.21)
            assert len(caller.said) == sent
            await caller.resume()
            await caller.say(EXTERNAL, INTERNAL)
        (resumed,) = [event for event in heard.events if isinstance(event, ah.Resumed)]
        assert resumed.discarded_us == 3_210_000
        assert heard.calls[0].stats().drift_ms == 0
        assert heard.calls[0].end_reason is EndReason.STOPPED
        assert [bytes(heard.tracks[name]) for name in ("external", "internal")] == [
            bytes(caller.said[place::2]) for place in (0, 1)
        ]

    run(main())


def test_a_wrong_number_ends_the_session_as_an_error(run):
    async def main():
        heard = Heard()
        async with serving(heard) as url, GenesysCaller(url) as caller:
            await caller.until(lambda: caller.said)
            await caller.miscount()
            await caller.wait_closed()
            (goodbye,) = caller.heard_of(ah.Disconnect)
            assert goodbye.reason == "error"
            assert caller.heard_of(ah.Closed)
        assert heard.calls[0].end_reason is EndReason.FAILED

    run(main())


def test_a_session_goes_on_from_another(run):
    async def main():
        heard = Heard()
        async with serving(heard) as url, GenesysCaller(url) as old:
            await old.say(EXTERNAL, INTERNAL)
            heard.calls[0].send(ah.Reconnect())
            await old.until(lambda: old.heard_of(ah.Reconnect))
            fields = {"conversation_id": old.conversation_id, "continued_sessions": (old.continued,)}
            async with GenesysCaller(url, opening=fields) as new:
                await old.send(ah.Close("reconnect"))
                await old.wait_closed()
                await new.say(EXTERNAL, INTERNAL)
        first, second = heard.calls
        assert first.id == second.id
        assert first.end_reason is second.end_reason is EndReason.STOPPED
        assert second._line.engine.opened_with.continued_sessions == (ah.ContinuedSession(old.session_id, 2, 1),)

    run(main())
