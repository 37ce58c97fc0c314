"""The tutorial's browser client, in a page that Chromium opens."""

import asyncio
import base64
import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

from .chromium import FLAGS, chromium
from .published import TOKEN, URL, published, running

NEEDS = ("chromium",)

# Around the client: it throws away what it receives, so what comes is noted before, and told when the stream closes.
_PAGE = """<!doctype html><meta charset="utf-8"><script>
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


class Website:
    """One page, with the client.

    Attributes:
        origin: of the page.
    """

    def __init__(self, port: int) -> None:
        self.origin = f"http://127.0.0.1:{port}"
        self.page = b""

    async def run(self, url: str, folder: Path) -> tuple[list[str], bytes, int]:
        """Open the page; return what it logs, the messages that came, joined, and the code that ended the stream."""
        self.page = (_PAGE % published("browser", {"token = ''": f"token = '{TOKEN}'", URL: url})).encode()
        profile = f"--user-data-dir={folder / 'profile'}"
        async with running(chromium(), *FLAGS, profile, self.origin, folder=folder) as output:
            lines = await _console(output)
        _, messages, code = lines.pop().split(" ")
        return lines, base64.b64decode(messages), int(code)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer every request with the page."""
        with contextlib.suppress(asyncio.IncompleteReadError):  # Chromium opens connections for later, too
            await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n")
        writer.write(b"Content-Length: %d\r\n\r\n" % len(self.page) + self.page)
        await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def website() -> AsyncIterator[Website]:
    """Serve the page."""
    answer = lambda *streams: site.answer(*streams)  # noqa: E731 - the port is known only when it listens
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        site = Website(server.sockets[0].getsockname()[1])
        yield site


async def _console(output: asyncio.StreamReader) -> list[str]:
    """Return what the page logs, up to what was noted."""
    lines = []
    async for line in output:
        if found := re.search(r'CONSOLE.*?\] "(.*)", source: ', line.decode(errors="replace")):
            lines.append(found[1])
            if found[1].startswith("noted"):
                return lines
    raise AssertionError(f"Chromium ended before the stream did; it logged {lines}")
