"""docs/fastapi-tutorial.md: the application answers the webhook, takes the call, shows it, and hangs up."""

import asyncio
import json
import re

import uvicorn

from tests.docs.pages import code, commands, page, top_level
from tests.web.sites import Site, on_uvicorn

PAGE = page("fastapi-tutorial.md")
APP, CALLER, SIGNED = code(PAGE, "python")


async def test_the_application_has_a_phone(phonewire_clock, capsys):
    app = top_level(APP, "app")
    async with on_uvicorn(app["app"]) as (port, stop):
        site = Site(app["calls"], port, "", stop)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        status, _, xml = await site.fetch("/voice/answer", "POST", "From=%2B15550001", **form)
        assert (status, [xml]) == (200, [block.strip() for block in code(PAGE, "xml")])
        calling = asyncio.create_task(top_level(CALLER.replace("8080", str(port)), "caller")["main"]())
        await asyncio.sleep(2)
        _, _, shown = await site.fetch("/calls")
        assert re.sub("CA[0-9a-f]{32}", "CA…", shown) == code(PAGE, "text")[0].strip()
        (call_id,) = json.loads(shown)
        status, _, _ = await site.fetch(f"/calls/{call_id}", "DELETE")
        assert status == 204
        await calling
        status, _, _ = await site.fetch(f"/calls/{call_id}", "DELETE")
        assert status == 404
    assert re.fullmatch(r"heard \d\.\d s, closed with 1000\n", capsys.readouterr().out)


async def test_strangers_are_refused_where_calls_are_signed(phonewire_clock):
    app = top_level(APP.replace("app = FastAPI", SIGNED + "\napp = FastAPI"), "app")
    async with on_uvicorn(app["app"]) as (port, stop):
        site = Site(app["calls"], port, "", stop)
        status, _, _ = await site.fetch("/voice/answer", "POST", "From=1")
        assert status == 401


def test_the_requests_are_those_that_the_application_answers():
    paths = [line.partition("127.0.0.1:8080")[2] for line in commands(PAGE) if line.startswith("curl")]
    assert paths == ["/voice/answer", "/calls", "/calls/CA…"]


def test_the_flags_are_uvicorns():
    known = {option for each in uvicorn.main.params for option in each.opts}
    flags = set(re.findall(r"--(?:port|w[a-z-]+)", PAGE))
    assert flags == {"--port", "--ws-per-message-deflate", "--workers"}
    assert flags < known
