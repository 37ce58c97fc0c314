"""docs/voipbin.md: its examples and its tables are true."""

import ast
import asyncio
import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import phonewire
from phonewire.aio.server.endpoint import Endpoint
from phonewire.auth import Token
from phonewire.emulators.voipbin import VoipbinCall
from phonewire.protocols import voipbin
from tests.docs.pages import code

PAGE = (Path(__file__).parents[2] / "docs" / "voipbin.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def run(name, **given):
    """Run the example that has *name* in it, up to its first await, and return its names."""
    (example,) = [each for each in EXAMPLES if name in each]
    body = [part for part in ast.parse(example).body if not isinstance(part, ast.AsyncWith)]
    exec(compile(ast.Module(body, []), "docs/voipbin.md", "exec"), given)
    return given


def test_every_example_is_python():
    for example in EXAMPLES:
        compile(example, "docs/voipbin.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


async def run_all(name, body, **given):
    """Run the example that has *name* in it to its end, with *body* in the place of its dots."""
    (example,) = [each for each in EXAMPLES if name in each]
    assert "..." in example
    code = compile(example.replace("...", body), "docs/voipbin.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    await eval(code, {"phonewire": phonewire} | given)


async def test_the_client_hears_a_call_to_its_end(phonewire_clock, monkeypatch):
    heard = bytearray()
    async with VoipbinCall(token="t") as phone, asyncio.TaskGroup() as tasks:

        def connect(url, **options):
            assert url.startswith("wss://api.voipbin.net/v1.0/calls/")
            return dial(urlsplit(phone.url())._replace(query=urlsplit(url).query).geturl(), **options)

        dial = phonewire.connect
        monkeypatch.setattr(phonewire, "connect", connect)
        tasks.create_task(run_all("my_token) as call", "heard.extend(frame.pcm)", my_token="t", heard=heard))
        await phone.until(lambda: phone.attached)
        await phone.say(b"\x10\x20" * 800)
        await asyncio.sleep(0.1)
        await phone.hang_up()
    assert b"\x10\x20" * 800 in heard


async def test_the_platform_takes_calls_and_conferences(phonewire_clock):
    async def handler(call):
        taken.append(call.id)

    async def dial(server):
        for path in ("calls/4fd9", "conferences/standup"):
            url = f"{server.url}/v1.0/{path}/media_stream?encapsulation=sln"
            async with phonewire.connect(url, token="secret") as call:
                taken.append(call.id)

    taken = []
    await run_all("Conferences()", "await dial(server)", who_is="secret", handler=handler, dial=dial)
    assert sorted(taken) == ["4fd9", "4fd9", "standup"]


def test_the_endpoints_can_be_served():
    endpoints = run("Conferences()", phonewire=phonewire, who_is="secret")["endpoints"]
    external = run("welcome.wav", phonewire=phonewire, Token=Token)["endpoint"]
    assert all(isinstance(endpoint, Endpoint) for endpoint in endpoints)
    phonewire.serve(print, endpoints=[*endpoints, external])


def test_the_request_is_made():
    made = []
    requests = type("Requests", (), {"post": lambda self, url, **options: made.append((url, options))})()
    run("create_call", requests=requests, my_token="t")
    ((url, options),) = made
    assert url == "https://api.voipbin.net/v1.0/calls"
    assert json.loads(options["data"])["actions"][1]["type"] == "external_media_start"


def test_what_is_set_there_is_what_is_asked():
    call, option = (json.loads(block) for block in code(PAGE, "json"))
    made = []
    requests = type("Requests", (), {"post": lambda self, url, **options: made.append(options["data"])})()
    names = run("create_call", requests=requests, my_token="t")
    assert json.loads(made[0]) == call
    host = names["media_host"](option["external_host"])
    assert json.loads(names["create_call"]("+15551234567", ["+15559876543"], [host]).body())["actions"] == [
        {"type": "external_media_start", "option": option}
    ]


def test_the_tables_have_all_there_is():
    told, on_the_wire = PAGE.split("## On the wire")
    rows = re.findall(r'^\| `"?(\w+)"?`', told, re.MULTILINE)
    assert set(rows) - {"external_media_start", "wire"} == {*voipbin.Slip, *voipbin.DIALECTS}
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \|$", on_the_wire, re.MULTILINE)
    assert set(rows) - {"encapsulation"} == set(voipbin.Encapsulation)
