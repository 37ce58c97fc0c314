"""``phonewire serve`` as VoIPBIN, as what VoIPBIN dials, and as what Asterisk dials, in one process."""

import asyncio
import re

import pytest

import phonewire
from phonewire.errors import AuthenticationError
from phonewire.wav import WavReader, WavWriter

UUID = "5f0c1b3e-9a4d-4e7f-8b21-001122334455"
TOKEN = "canary-token-8d1f"
SPEECH = bytes(n * 7 % 251 for n in range(9600))  # 600 ms of s16
CALLS, CONFERENCES = "/v1.0/calls/{id}/media_stream", "/v1.0/conferences/{id}/media_stream"


def url(served, path, call_id=UUID):
    return f"{served.url}{path.replace('{id}', call_id)}?encapsulation=sln"


async def hear(call, samples):
    """Return whether these come."""
    heard = b""
    async for frame in call.frames():
        heard += frame.pcm
        if samples in heard:
            return True
    return False


async def is_heard(speaker, listener):
    """Speak until it is heard whole: on a busy machine what comes too late is left out."""
    async with asyncio.timeout(60):
        listening = asyncio.create_task(hear(listener, SPEECH[:6400]))
        while not listening.done():
            await speaker.write(SPEECH)
        return await listening


@pytest.fixture
def prompt(tmp_path):
    path = tmp_path / "prompt.wav"
    with WavWriter(path, phonewire.MediaFormat("s16le")) as writer:
        writer.write(SPEECH)
    return path


async def test_voipbin_external_media_and_asterisk_at_once(tmp_path, prompt, serving):
    calls = tmp_path / "calls"
    calls.mkdir()
    arguments = ("--voipbin", CALLS, "--voipbin-conferences", CONFERENCES, "--external-media", "/external_media")
    arguments += ("--play", prompt, "--audiosocket", "127.0.0.1:0", "--call-id", UUID, "--echo", "--record", calls)
    with serving(*arguments, PHONEWIRE_TOKEN=f"old {TOKEN}") as served:
        served.read_until("external media on")
        port = int(re.search(r"AudioSocket on 127\.0\.0\.1:(\d+)", "".join(served.lines))[1])

        async with phonewire.connect(url(served, CALLS), token=TOKEN) as call:
            assert await is_heard(call, call)
        async with phonewire.connect_audiosocket("127.0.0.1", port, call_id=UUID) as call:
            assert await is_heard(call, call)

        async with (
            phonewire.connect(url(served, CONFERENCES, "room"), token="old") as one,
            phonewire.connect(url(served, CONFERENCES, "room"), token=TOKEN) as other,
        ):
            assert await is_heard(one, other)

        external = {"protocol": "voipbin-external-media", "token": TOKEN}
        async with phonewire.connect(f"{served.url}/external_media?encapsulation=sln", **external) as call:
            assert await asyncio.wait_for(hear(call, SPEECH), 20)

        for path in (CALLS, CONFERENCES):
            with pytest.raises(AuthenticationError):
                async with phonewire.connect(url(served, path), token="wrong"):
                    pass
        async with phonewire.connect(url(served, CALLS, "another"), token=TOKEN) as call:
            await call.wait_ended()
            assert call.close_code == 1008

        async with (
            phonewire.connect(url(served, CALLS), token=TOKEN, redial=phonewire.Redial(retries=0)) as one,
            phonewire.connect_audiosocket("127.0.0.1", port, call_id=UUID) as other,
        ):
            await one.write(SPEECH[:320])
            await asyncio.gather(anext(one.frames()), anext(other.frames()))
            assert await asyncio.to_thread(served.stop) == 0
            await asyncio.wait_for(asyncio.gather(one.wait_ended(), other.wait_ended()), 20)
    assert served.output.endswith("stopped\n")
    assert TOKEN not in served.output
    assert "Traceback" not in served.output
    recorded = [recording(path) for path in calls.glob("*.wav")]
    assert len(recorded) == 5  # four calls, one conference
    assert sum(SPEECH[:6400] in audio for audio in recorded) == 3


def recording(path):
    with WavReader(path) as reader:
        return reader.read()


async def test_asterisk_alone(serving):
    with serving("--audiosocket", "127.0.0.1:0", "--allow", "127.0.0.0/8", "--echo", ready="callers are") as served:
        port = int(re.search(r"127\.0\.0\.1:(\d+) \(callers are checked\)", "".join(served.lines))[1])
        async with phonewire.connect_audiosocket("127.0.0.1", port, call_id=UUID) as call:
            assert await is_heard(call, call)
        assert served.stop() == 0
    assert "ws://" not in served.output
