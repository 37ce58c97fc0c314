"""``docs/load.md`` says what ``phonewire load`` takes, and its first example does what it says."""

import re
import shlex
from pathlib import Path

from phonewire.cli import main
from phonewire.load.generator import PROTOCOLS

PAGE = (Path(__file__).parents[2] / "docs" / "load.md").read_text()


def options(command):
    return {each for option in main.get_command(None, command).params for each in option.opts if each.startswith("--")}


def test_the_page_lists_every_option_and_protocol():
    table = "\n".join(re.findall(r"^\| `.*", PAGE, re.MULTILINE))
    told = set(re.findall(r"`(--[a-z]+)", table))
    assert told == options("load")
    assert set(re.findall(r"`([a-z-]+)`", table.splitlines()[0])) - {"--protocol"} == set(PROTOCOLS)


def test_the_example_is_understood():
    lines = re.search(r"^```\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)[1].splitlines()
    for line in lines:
        command, *arguments = shlex.split(line.rstrip("& ").replace("$!", "1"))[1:]
        context = main.get_command(None, command).make_context(command, arguments)
        assert context.params
