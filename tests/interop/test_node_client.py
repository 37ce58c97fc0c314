"""The tutorial's Node client, on npm's `ws`, and what its use cases do: AudioSocket's audio without its header."""

import re
import struct

import pytest

from phonewire import Unpaced
from phonewire.protocols.voipbin import Slip, Tolerated

from .conftest import EVERYTHING, FOLDER, Platform
from .published import TOKEN, URL, printed, published

pytestmark = pytest.mark.needs("node", "npm's ws")

# What the use cases have of their own.
(OPEN,) = re.findall(r"^ws\.on\('open', .*?^}\);\n", published("node"), re.DOTALL | re.MULTILINE)

# As long as one message may be, which takes a minute to hear, where there is time for that.
PROMPT_BYTES = 1 << 20 if EVERYTHING else 24_000


async def run(url, folder, changes=None):
    """Run the client, and return its lines."""
    (folder / "node_modules").symlink_to(FOLDER / "node_modules")
    source = published("node", {"token = ''": f"token = '{TOKEN}'", URL: url} | (changes or {}))
    (folder / "client.js").write_text(source)
    return await printed("node", "client.js", folder=folder, last="AudioSocket closed")


def payloads(stream):
    """Return the audio of AudioSocket's frames."""
    audio = b""
    while stream:
        kind, size = struct.unpack(">BH", stream[:3])
        assert (kind, len(stream) >= 3 + size) == (0x10, True)
        audio, stream = audio + stream[3 : 3 + size], stream[3 + size :]
    return audio


async def test_a_whole_file_without_headers_and_pauses(serving, speech, tmp_path):
    file = bytes(640) + speech[: 24_000 + 100]  # the last piece is not whole
    (tmp_path / "audio.pcm").write_bytes(file)
    platform = Platform(enough=len(file), answer=speech[:6400])
    async with serving(platform) as url:
        lines = await run(url, tmp_path)

    assert platform.heard == file
    assert platform.stats.tolerated == {Slip.HEADERLESS: -(-len(file) // 320)}
    assert platform.stats.rejected == {}
    assert [event.slip for event in platform.told(Tolerated)] == [Slip.HEADERLESS]
    assert len(platform.told(Unpaced)) == 1
    assert platform.times[-1] - platform.times[0] > len(file) / 16_000 - 0.3  # spread over the time that it lasts

    assert lines[0] == "AudioSocket connected"
    assert lines[-1] == "AudioSocket closed"
    assert set(lines[1:-1]) == {"Received 323 bytes"}
    assert speech[:6400] in payloads((tmp_path / "received_audio.pcm").read_bytes())


async def test_a_whole_prompt_in_one_message(serving, speech, tmp_path):
    prompt = (speech * (PROMPT_BYTES // len(speech) + 1))[:PROMPT_BYTES]
    (tmp_path / "welcome.pcm").write_bytes(prompt)
    platform = Platform(enough=len(prompt), answer=speech[:3200])
    async with serving(platform) as url:
        await run(url, tmp_path, {OPEN: published("node-prompt")})

    assert platform.heard == prompt
    assert platform.stats.tolerated == {Slip.HEADERLESS: 1, Slip.LONG_MESSAGE: 1}
    assert platform.stats.rejected == {}
    assert len(platform.told(Unpaced)) == 1
    assert platform.times[-1] - platform.times[0] > len(prompt) / 16_000 - 0.3
    assert speech[:3200] in payloads((tmp_path / "received_audio.pcm").read_bytes())


async def test_music_on_hold_every_second(serving, speech, tmp_path):
    music = speech[:16_000]
    (tmp_path / "hold_music.pcm").write_bytes(music)
    platform = Platform(enough=2 * len(music), answer=b"")
    async with serving(platform) as url:
        await run(url, tmp_path, {OPEN: published("node-music")})

    assert platform.heard.startswith(2 * music)
    assert platform.stats.tolerated.keys() == {Slip.HEADERLESS, Slip.LONG_MESSAGE}
    assert platform.stats.rejected == {}
