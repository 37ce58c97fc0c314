"""The Node client sends AudioSocket's audio without its header, as fast as it can, or a whole file in one message."""

import pytest

from phonewire import Unpaced
from phonewire.protocols.voipbin import Slip, Tolerated

from . import node_client
from .conftest import EVERYTHING, Platform

pytestmark = pytest.mark.needs(*node_client.NEEDS)

# As long as one message may be, which takes a minute to hear, where there is time for that.
PROMPT_BYTES = 1 << 20 if EVERYTHING else 24_000


async def test_a_whole_file_without_headers_and_pauses(serving, speech, tmp_path):
    file = bytes(640) + speech[: 24_000 + 100]  # the last piece is not whole
    platform = Platform(enough=len(file), answer=speech[:6400])
    async with serving(platform) as url:
        lines, received = await node_client.run(url, tmp_path, "audio.pcm", file)

    assert platform.heard == file
    assert platform.stats.tolerated == {Slip.HEADERLESS: -(-len(file) // 320)}
    assert platform.stats.rejected == {}
    assert [event.slip for event in platform.told(Tolerated)] == [Slip.HEADERLESS]
    assert len(platform.told(Unpaced)) == 1
    assert platform.times[-1] - platform.times[0] > len(file) / 16_000 - 0.3  # spread over the time that it lasts

    assert lines[0] == "AudioSocket connected"
    assert lines[-1] == "AudioSocket closed"
    assert set(lines[1:-1]) == {"Received 323 bytes"}
    assert speech[:6400] in received


async def test_a_whole_prompt_in_one_message(serving, speech, tmp_path):
    prompt = (speech * (PROMPT_BYTES // len(speech) + 1))[:PROMPT_BYTES]
    platform = Platform(enough=len(prompt), answer=speech[:3200])
    async with serving(platform) as url:
        _, received = await node_client.run(url, tmp_path, "welcome.pcm", prompt, "node-prompt")

    assert platform.heard == prompt
    assert platform.stats.tolerated == {Slip.HEADERLESS: 1, Slip.LONG_MESSAGE: 1}
    assert platform.stats.rejected == {}
    assert len(platform.told(Unpaced)) == 1
    assert platform.times[-1] - platform.times[0] > len(prompt) / 16_000 - 0.3
    assert speech[:3200] in received


async def test_music_on_hold_every_second(serving, speech, tmp_path):
    music = speech[:16_000]
    platform = Platform(enough=2 * len(music), answer=b"")
    async with serving(platform) as url:
        await node_client.run(url, tmp_path, "hold_music.pcm", music, "node-music")

    assert platform.heard.startswith(2 * music)
    assert platform.stats.tolerated.keys() == {Slip.HEADERLESS, Slip.LONG_MESSAGE}
    assert platform.stats.rejected == {}
