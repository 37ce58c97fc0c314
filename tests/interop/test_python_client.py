"""The Python client sends 160 bytes of µ-law without RTP's header."""

import pytest

from phonewire import g711
from phonewire.protocols.voipbin import Detected, Slip, Tolerated

from . import python_client
from .conftest import Platform

pytestmark = pytest.mark.needs(*python_client.NEEDS)


@pytest.mark.parametrize("what", ["calls", "conferences"])
async def test_it_is_heard_and_hears(serving, speech, tmp_path, what):
    codewords = g711.ulaw_encode(speech)[8000:8160]
    platform = Platform(enough=320, answer=speech[:6400])
    async with serving(platform, what) as url:
        lines, received = await python_client.run(url, tmp_path, codewords)

    assert platform.heard == g711.ulaw_decode(codewords)
    assert platform.stats.tolerated == {Slip.HEADERLESS: 1}
    assert platform.stats.rejected == {}
    assert [event.slip for event in platform.told(Tolerated)] == [Slip.HEADERLESS]
    assert [event.encoding for event in platform.told(Detected)] == ["ulaw"]

    assert lines[0] == "Media stream connected"
    assert lines[-1] == "Connection closed: 1000"
    assert lines.count("Received 172 bytes of audio") >= 20  # answered in kind, with the header that it waits for
    assert g711.ulaw_encode(speech[:6400]) in received
