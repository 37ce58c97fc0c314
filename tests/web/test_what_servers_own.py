"""What docs/asgi.md and `phonewire doctor` say of web servers is what they do."""

import asyncio
import contextlib
import re
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as raw_connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

import phonewire
from phonewire.cli.doctor.web_servers import OWNED, web_servers
from tests.web.sites import START, aiohttp_site, close_code, on_granian, on_uvicorn, until, wait

PAGE = (Path(__file__).parents[2] / "docs" / "asgi.md").read_text()
MIB_16 = 2**24


@contextlib.asynccontextmanager
async def asgi_url(server, endpoint, limits=None, **options):
    calls = phonewire.asgi([endpoint], handler=wait, limits=limits)
    async with server(calls, **options) as (port, _):
        yield calls, f"ws://127.0.0.1:{port}/twilio"


@contextlib.asynccontextmanager
async def served(name, message_bytes, **options):
    endpoint = phonewire.Endpoint("/twilio", "twilio", auth=None, message_bytes=message_bytes)
    if name == "aiohttp":
        async with aiohttp_site([endpoint], wait, "", **options) as site:
            yield site.calls, site.url + "/twilio"
    else:
        async with asgi_url({"uvicorn": on_uvicorn, "granian": on_granian}[name], endpoint, **options) as found:
            yield found


def test_the_page_has_what_the_doctor_says():
    assert [check.name for check in web_servers()] == ["uvicorn", "granian", "aiohttp"]
    rows = [re.split(r"\s*\|\s*", line.strip("| ")) for line in PAGE.splitlines() if line.startswith("| ")]
    for place, name in enumerate(OWNED, 1):
        (longest,) = (row[place] for row in rows if row[0] == "longest message that it reads")
        (pings,) = (row[place] for row in rows if row[0] == "pings")
        (compression,) = (row[place] for row in rows if row[0] == "compression")
        (goodbyes,) = (row[place] for row in rows if row[0].startswith("goodbyes"))
        assert re.search(r"16 MiB|Limits\.message_bytes", longest)[0] in OWNED[name]
        assert ("sends no pings" in OWNED[name], "compresses nothing" in OWNED[name]) == (
            pings == "none",
            compression == "none",
        )
        assert ("goodbyes are said" in OWNED[name]) is (goodbyes == "yes")


@pytest.mark.parametrize("name", OWNED)
async def test_compression(name):
    options = {"deflate": True} if name == "uvicorn" else {}
    async with served(name, 65_536, **options) as (_, url), raw_connect(url) as websocket:
        assert bool(websocket.protocol.extensions) is (name == "uvicorn")
        assert ("compresses nothing" in OWNED[name]) is (name != "uvicorn")


@pytest.mark.parametrize(
    ("name", "message_bytes", "longest"),
    [("uvicorn", 2**30, MIB_16), ("granian", 2**30, MIB_16), ("aiohttp", 65_536, 65_536)],
)
async def test_the_longest_message(name, message_bytes, longest):
    for size, goes_on in ((longest, True), (longest + 1, False)):
        async with served(name, message_bytes) as (calls, url), raw_connect(url, compression=None) as websocket:
            await websocket.send(START)
            with contextlib.suppress(ConnectionClosed):
                await websocket.send("x" * size)
            if goes_on:
                await until(lambda calls=calls: any(call.stats().rejected for call in calls.calls))
            else:
                assert await close_code(websocket) in (1009, 1005, 1006)


@pytest.mark.parametrize("name", OWNED)
async def test_any_number_of_fragments(name):
    async with served(name, 65_536) as (calls, url), raw_connect(url, compression=None) as websocket:
        await websocket.send(START)
        await websocket.send(["x"] * 5000)
        await until(lambda: any(call.stats().rejected for call in calls.calls))


@pytest.mark.parametrize(("name", "at_s"), [("uvicorn", [20, 40, 60]), ("aiohttp", [])])
async def test_pings(name, at_s, phonewire_clock):
    """Not granian's: its clock cannot be turned, and a minute without any would take one."""
    pings = []

    class Peer(ClientConnection):
        def process_event(self, event):
            if isinstance(event, Frame) and event.opcode is Opcode.PING:
                pings.append(round(phonewire_clock.time() - began_s))
            super().process_event(event)

    options = {"compression": None, "create_connection": Peer, "ping_interval": None}
    limits = phonewire.Limits(media_idle_s=None)
    async with served(name, 65_536, limits=limits) as (calls, url), raw_connect(url, **options) as websocket:
        began_s = phonewire_clock.time()
        await websocket.send(START)
        await asyncio.sleep(70)
        assert len(calls.calls) == 1
    assert pings == at_s
    assert ("sends no pings" in OWNED[name]) is (not at_s)
