"""The tutorial's browser client, in Chromium: 172 zero bytes in the place of an RTP packet."""

import asyncio
import base64
import contextlib
import re
import shutil

import pytest

from phonewire import rtp
from phonewire.protocols.voipbin import Slip, Tolerated

from .conftest import Platform
from .published import TOKEN, URL, published, running

pytestmark = pytest.mark.needs("chromium")

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    "--enable-logging=stderr",
]  # fmt: skip

# Around the client: it throws away what it receives, so what comes is noted before, and told when the stream closes.
PAGE = """<!doctype html><meta charset="utf-8"><script>
const received = [];
window.WebSocket = class extends WebSocket {
    constructor(url) {
        super(url);
        this.addEventListener('message', event => received.push(String.fromCharCode(...new Uint8Array(event.data))));
        this.addEventListener('close', event => setTimeout(() =>
            console.log(`noted ${btoa(received.join(''))} ${event.code}`)));
    }
};
</script><script>
%s
</script>"""


@contextlib.asynccontextmanager
async def website():
    """Serve a page at an origin; yield that, and where the page is put."""
    page = []

    async def answer(reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError):  # Chromium opens connections for later, too
            await reader.readuntil(b"\r\n\r\n")
        body = page[0].encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n")
        writer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", page


async def console(output):
    """Return what the page logs, up to what was noted."""
    lines = []
    async for line in output:
        if found := re.search(r'CONSOLE.*?\] "(.*)", source: ', line.decode(errors="replace")):
            lines.append(found[1])
            if found[1].startswith("noted"):
                return lines
    pytest.fail(f"Chromium ended before the stream did; it logged {lines}")


async def test_it_is_heard_and_hears(serving, speech, tmp_path):
    platform = Platform(enough=320, answer=speech[:6400])
    async with website() as (origin, page), serving(platform, origins=[origin]) as url:
        page.append(PAGE % published("browser", {"token = ''": f"token = '{TOKEN}'", URL: url}))
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        command = [chromium, *FLAGS, f"--user-data-dir={tmp_path}", origin]
        async with running(*command, folder=tmp_path) as output:
            connected, *received, noted = await console(output)

    assert platform.heard == bytes(320)
    assert platform.stats.tolerated == {Slip.ZEROS: 1}
    assert platform.stats.rejected == {}
    assert [event.slip for event in platform.told(Tolerated)] == [Slip.ZEROS]

    assert connected == "Media stream connected"
    assert received.pop() == "Media stream closed"
    assert set(received) == {"Received 332 bytes"}
    _, stream, code = noted.split(" ")
    messages = base64.b64decode(stream)
    packets = [rtp.parse(messages[start : start + 332]) for start in range(0, len(messages), 332)]
    assert [packet.sequence_number for packet in packets] == list(range(1, len(packets) + 1))
    assert speech[:6400] in b"".join(packet.payload for packet in packets)
    assert code == "1000"
