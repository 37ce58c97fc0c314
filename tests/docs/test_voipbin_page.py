"""docs/voipbin.md: its examples and its tables are true."""

import ast
import json
import re
from pathlib import Path

import phonewire
from phonewire.aio.endpoint import Endpoint
from phonewire.auth import Token
from phonewire.protocols import voipbin

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


def test_the_tables_have_all_there_is():
    rows = re.findall(r'^\| `"?(\w+)"?`', PAGE, re.MULTILINE)
    assert set(rows) - {"external_media_start", "wire"} == {*voipbin.Slip, *voipbin.DIALECTS}
