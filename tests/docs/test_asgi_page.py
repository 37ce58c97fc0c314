"""The example of docs/asgi.md takes a call, and the flags that the page names are uvicorn's and granian's."""

import re
import subprocess
import sys
from pathlib import Path

import phonewire
from phonewire.emulators.twilio import TwilioCaller
from tests.web.sites import on_uvicorn

PAGE = (Path(__file__).parents[2] / "docs" / "asgi.md").read_text()


async def test_the_example_takes_twilios_calls(phonewire_clock):
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    page = {"__name__": "page"}
    exec(block, page)
    async with on_uvicorn(page["app"]) as (port, _):
        url = f"ws://127.0.0.1:{port}/voice/twilio"
        signed = {"auth_token": "your auth token", "signed_url": "wss://your.host/voice/twilio"}
        async with TwilioCaller(url, **signed) as caller:
            await caller.say(bytes(range(100)) * 16)
            await caller.listen(0.5)
            assert bytes(range(100)) in caller.heard


def test_the_flags_are_the_web_servers():
    granians = {"--interface", "--workers-lifetime", "--workers-kill-timeout"}
    flags = set(re.findall(r"--[a-z][a-z-]+", PAGE))
    assert flags > granians | {"--ws-max-size", "--root-path"}
    assert [flag for flag in flags - granians if flag not in help_of("uvicorn")] == []
    assert [flag for flag in granians if flag not in help_of("granian")] == []


def help_of(module):
    command = [sys.executable, "-m", module, "--help"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_every_name_is_one():
    names = re.findall(r"phonewire\.([A-Za-z]\w+)", PAGE)
    assert len(names) > 5
    assert [name for name in names if name != "auth" and not hasattr(phonewire, name)] == []
