"""The tutorial's Python client, on the `websocket-client` that it imports: 160 bytes of µ-law without RTP's header."""

import sys

import pytest

from phonewire import g711
from phonewire.protocols.voipbin import Detected, Slip, Tolerated

from .conftest import Platform
from .published import TOKEN, URL, printed, published

pytestmark = pytest.mark.needs("websocket-client")


def client(url):
    """Return the client; the functions below ``run_forever()``, which never returns, come before the connection."""
    source = published("python", {'token = ""': f'token = "{TOKEN}"', URL: url})
    above, connection = source.split("# Connect to media stream\n")
    connection, functions = connection.split("ws.run_forever()\n")
    return above + functions + connection + "ws.run_forever()\n"


@pytest.mark.parametrize("what", ["calls", "conferences"])
async def test_it_is_heard_and_hears(serving, speech, tmp_path, what):
    codewords = g711.ulaw_encode(speech)[8000:8160]
    (tmp_path / "audio_to_inject.raw").write_bytes(codewords)
    platform = Platform(enough=320, answer=speech[:6400])
    async with serving(platform, what) as url:
        (tmp_path / "client.py").write_text(client(url))
        lines = await printed(sys.executable, "client.py", folder=tmp_path, last="Connection closed: 1000")

    assert platform.heard == g711.ulaw_decode(codewords)
    assert platform.stats.tolerated == {Slip.HEADERLESS: 1}
    assert platform.stats.rejected == {}
    assert [event.slip for event in platform.told(Tolerated)] == [Slip.HEADERLESS]
    assert [event.encoding for event in platform.told(Detected)] == ["ulaw"]

    assert lines[0] == "Media stream connected"
    assert lines[-1] == "Connection closed: 1000"
    assert lines.count("Received 172 bytes of audio") >= 20  # answered in kind, with the header that it waits for
    assert g711.ulaw_encode(speech[:6400]) in (tmp_path / "received_audio.raw").read_bytes()
