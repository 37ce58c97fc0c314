"""``phonewire cluster where``, of servers that are not there: tests/cluster has real ones, and a Redis."""

import contextlib
import importlib
import json

import pytest

cluster = importlib.import_module("phonewire.cli.cluster")  # the package has the command by this name


class Servers:
    async def where(self, call_id):
        return {"CA1": "a"}.get(call_id)


@pytest.fixture(autouse=True)
def servers(monkeypatch):
    monkeypatch.setattr(cluster, "open_cluster", lambda url: contextlib.nullcontext(Servers()))


@pytest.mark.parametrize(
    ("options", "told"), [([], "a\n"), (["--json"], json.dumps({"call_id": "CA1", "node": "a"}) + "\n")]
)
def test_tells_people_and_programs_where_a_call_is(run, options, told):
    result = run("cluster", "where", "CA1", "--redis", "redis://127.0.0.1", *options)
    assert (result.exit_code, result.stdout, result.stderr) == (0, told, "")


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_call_that_is_nowhere_is_an_error(run, options):
    result = run("cluster", "where", "CA2", "--redis", "redis://127.0.0.1", *options)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "Error: there is no such call\n")
