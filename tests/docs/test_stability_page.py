"""docs/stability.md: what it lists is what there is: versions of Python, metrics, lines in the log, sidecar, extras."""

import ast
import json
import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import phonewire
from phonewire.aio.observe.log import PeerLog
from phonewire.aio.observe.measures import Measures
from phonewire.aio.observe.tally import Tally
from phonewire.aio.recording.plan import RecordingPlan
from phonewire.aio.recording.sidecar import Sidecar
from phonewire.aio.timeline import Gap
from phonewire.stats import CallStats

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "stability.md").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_the_versions_of_python():
    first, last = re.search(r"now (3\.\d+) to (3\.\d+)", PAGE).groups()
    assert PROJECT["project"]["requires-python"] == f">={first}"
    built = re.findall(r"cp3(\d+)-", PROJECT["tool"]["cibuildwheel"]["build"])
    assert (f"3.{built[0]}", f"3.{built[-1]}") == (first, last)
    assert built == [str(minor) for minor in range(int(built[0]), int(built[-1]) + 1)]
    versions = [f"3.{minor}" for minor in built]
    assert [name.rpartition(" ")[2] for name in PROJECT["project"]["classifiers"] if ":: 3." in name] == versions
    matrix = re.search(r"python: (\[.*\])", (ROOT / ".github" / "workflows" / "ci.yml").read_text())[1]
    assert json.loads(matrix) == versions


def test_no_private_module_is_in_the_reference():
    listed = re.findall(r"automodule:: (\S+)", (ROOT / "docs" / "reference.md").read_text())
    assert listed
    assert [name for name in listed if "._" in name or ".aio" in name] == []


def section(heading):
    return PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def rows(heading):
    lines = [line for line in section(heading).splitlines() if line.startswith("| `")]
    return [[re.findall(r"`([^`]+)`", cell) for cell in line.strip("|").split("|")] for line in lines]


def test_the_metrics():
    kinds = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", section("Metrics"), re.MULTILINE))
    listed = {name: (kinds[name], labels) for (name,), _, labels in rows("Metrics")}
    read = {each.name: (each.kind, list(each.labels)) for each in Measures(Tally([]), (), PeerLog(None)).read()}
    fields = {f"phonewire_{name}" for name in CallStats.__struct_fields__}
    assert listed == {name: about for name, about in read.items() if name not in fields}
    assert fields < set(read)
    keyed = {f"phonewire_{name}" for name in ("rejected", "tolerated")}
    assert {name: read[name][1] for name in fields} == {
        name: ["protocol", "reason"] if name in keyed else ["protocol"] for name in fields
    }


def test_the_extras():
    assert [name for (name,), _ in rows("Extras")] == list(PROJECT["project"]["optional-dependencies"])


def test_the_sidecar(tmp_path):
    wire = phonewire.MediaFormat()
    plan = RecordingPlan(
        path=tmp_path, call_id="CA1", protocol="twilio", wire=wire, encoding="ulaw", tracks=("inbound",)
    )
    sidecar = Sidecar(plan, datetime.now(UTC))
    sidecar.add_file("a.wav", 8)
    sidecar.add_gap(Gap("inbound", 0, 8, 8, None))
    sidecar.end("completed", 0)
    facts = sidecar._facts
    named = re.findall(r"`(\w+)`", section("The sidecar"))
    assert named == [*facts, "files", *facts["files"][0], "gaps", *facts["gaps"][0]]
    json.dumps(facts)


# The lines in the log, as the sources write them

FUNCTIONS = ast.FunctionDef, ast.AsyncFunctionDef


def events(function):
    """Yield each event that a function logs, and the names of its attributes."""
    named = {
        target.id: node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
        verb = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if verb == "_say" and len(call.args) == 5:
            more = {each.arg for each in call.keywords}
            yield call.args[1].value, {"call_id", "protocol", "peer"} | more
        elif verb == "write" and len(call.args) == 5 and isinstance(call.args[1], ast.Constant):
            about = call.args[4]
            about = named[about.id] if isinstance(about, ast.Name) else about
            yield call.args[1].value, {key.value for key in about.keys}
        for keyword in call.keywords:
            about = named.get(keyword.value.id) if isinstance(keyword.value, ast.Name) else keyword.value
            if keyword.arg == "extra" and isinstance(about, ast.Dict) and None not in about.keys:
                about = {key.value: value for key, value in zip(about.keys, about.values, strict=True)}
                yield about.pop("event").value, set(about)


def test_the_lines_in_the_log():
    found = {}
    for path in (ROOT / "src" / "phonewire").rglob("*.py"):
        for function in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, FUNCTIONS)):
            for event, attributes in events(function):
                found.setdefault(event, set()).update(attributes)
    assert {event: set(attributes) for (event,), _, attributes in rows("Lines in the log")} == found
