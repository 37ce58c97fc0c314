"""The browser client sends 172 zero bytes in the place of an RTP packet."""

import pytest

from phonewire import rtp
from phonewire.protocols.voipbin import Slip, Tolerated

from . import browser_client
from .conftest import Platform

pytestmark = pytest.mark.needs(*browser_client.NEEDS)


async def test_it_is_heard_and_hears(serving, speech, tmp_path):
    platform = Platform(enough=320, answer=speech[:6400])
    async with browser_client.website() as site, serving(platform, origins=[site.origin]) as url:
        lines, messages, code = await site.run(url, tmp_path)

    assert platform.heard == bytes(320)
    assert platform.stats.tolerated == {Slip.ZEROS: 1}
    assert platform.stats.rejected == {}
    assert [event.slip for event in platform.told(Tolerated)] == [Slip.ZEROS]

    assert (lines[0], lines[-1], code) == ("Media stream connected", "Media stream closed", 1000)
    assert set(lines[1:-1]) == {"Received 332 bytes"}
    packets = [rtp.parse(messages[start : start + 332]) for start in range(0, len(messages), 332)]
    assert [packet.sequence_number for packet in packets] == list(range(1, len(packets) + 1))
    assert speech[:6400] in b"".join(packet.payload for packet in packets)
