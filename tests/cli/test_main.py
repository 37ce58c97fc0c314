"""The command as a whole: help, versions, and errors in one line."""

import json
import logging
import os
import platform
import re
import subprocess
import sys
from importlib.metadata import version

import click
import pytest
from click.testing import CliRunner

import phonewire
from phonewire.cli import main


def test_explains_itself(run):
    for arguments in ((), ("--help",), ("-h",)):
        assert "phonewire serve --auth none --echo" in run(*arguments).output


ORDERS = [f"cluster {each}" for each in main.get_command(None, "cluster").commands]


@pytest.mark.parametrize("command", sorted([*main.list_commands(None), *ORDERS]))
def test_every_command_teaches(run, command):
    result = run(*command.split(), "--help")
    assert result.exit_code == 0
    usage, _, rest = result.output.partition("\n")
    assert usage.startswith(f"Usage: phonewire {command}")
    assert re.search(rf"^ .*phonewire {command}( |$)", rest, re.MULTILINE)  # an example


def test_version(run):
    assert run("--version").output == f"phonewire {phonewire.__version__}\n"


def test_info(run):
    facts = json.loads(run("info", "--json").output)
    core = phonewire.backend_info()
    assert facts["phonewire"] == phonewire.__version__
    assert (facts["backend"], facts["isa"]) == (core.backend, core.isa)
    assert facts["available_isas"] == list(core.available_isas)
    assert facts["python"] == f"CPython {platform.python_version()}"
    assert facts["websockets"] == version("websockets")
    assert facts["transport"] == "websockets"
    text = run("info").output
    assert [line.split()[0] for line in text.splitlines()] == list(facts)
    assert re.search(rf"^backend +{core.backend}$", text, re.MULTILINE)


def test_info_tells_the_transport_that_the_environment_chooses(run):
    assert json.loads(run("info", "--json", PHONEWIRE_TRANSPORT="picows").output)["transport"] == "picows"
    refused = run("info", PHONEWIRE_TRANSPORT="pigeon")
    assert refused.exit_code == 2
    assert "a transport is one of websockets, picows, got 'pigeon'" in " ".join(refused.output.split())


@pytest.mark.parametrize("backend", ["native", "pure"])
def test_info_tells_what_was_demanded(backend):
    if backend == "native":
        pytest.importorskip("phonewire._native.kernels", reason="the compiled core is not built")
    command = [sys.executable, "-c", "from phonewire.cli import main; main()", "info", "--json"]
    environment = {**os.environ, "PHONEWIRE_BACKEND": backend, "PHONEWIRE_ISA": "scalar"}
    done = subprocess.run(command, env=environment, capture_output=True, check=True, timeout=60)
    facts = json.loads(done.stdout)
    assert (facts["backend"], facts["isa"]) == (backend, "scalar")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (phonewire.CodecError("odd"), "Error: odd\n"),
        (OSError(28, "No space left on device"), "Error: No space left on device\n"),
        (PermissionError(13, "Permission denied", "calls/a.wav"), "Error: calls/a.wav: Permission denied\n"),
        (TimeoutError(), "Error: TimeoutError\n"),
        (RuntimeError("bytes of a peer"), "Error: internal error (RuntimeError); phonewire --verbose shows where"),
    ],
)
def test_says_what_went_wrong_in_one_line(run, monkeypatch, error, line):
    @click.command()
    def fail():
        raise error

    monkeypatch.setitem(main.commands, "fail", fail)
    result = run("fail")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith(line)
    assert len(result.stderr.splitlines()) == 1
    assert "bytes of a peer" not in result.stderr


def test_shows_tracebacks_to_who_asks(monkeypatch):
    @click.command()
    def fail():
        try:
            raise KeyError("in a handler")
        except KeyError:
            logging.getLogger("phonewire.server").error("call x: its handler raised", exc_info=True)
        raise RuntimeError("why")

    monkeypatch.setitem(main.commands, "fail", fail)
    loud = CliRunner().invoke(main, ["--verbose", "fail"]).stderr
    quiet = CliRunner().invoke(main, ["fail"]).stderr
    assert "KeyError: 'in a handler'" in loud
    assert "RuntimeError: why" in loud
    assert "call x: its handler raised" in quiet
    assert "Traceback" not in quiet


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_says_what_is_missing_without_the_extra(missing):
    code = f"import sys; sys.modules['{missing}'] = None; import phonewire.cli"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr == "the phonewire command needs click and rich: pip install 'phonewire[cli]'\n"


def test_ctrl_c_while_the_command_is_loaded_is_no_traceback():
    program = """
import sys

class Stopped:
    def find_spec(self, *_):
        raise KeyboardInterrupt

from phonewire_command import main
sys.meta_path.insert(0, Stopped())
main()
"""
    result = subprocess.run([sys.executable, "-c", program, "info"], capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stderr) == (130, "")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("PHONEWIRE_ISA", "quantum", "PHONEWIRE_ISA=quantum"),
        ("PHONEWIRE_BACKEND", "fast", "PHONEWIRE_BACKEND"),
    ],
)
def test_a_core_that_is_not_there_is_one_line(name, value, message):
    program = "from phonewire_command import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", program, "info"], env={**os.environ, name: value}, capture_output=True, text=True
    )
    assert result.returncode == 1
    assert result.stderr.startswith("phonewire: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_the_module_is_the_command():
    result = subprocess.run(
        [sys.executable, "-m", "phonewire", "--version"], capture_output=True, text=True, check=True
    )
    assert result.stdout == f"phonewire {phonewire.__version__}\n"
