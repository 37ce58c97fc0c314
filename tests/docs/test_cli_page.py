"""docs/cli.md and the help: options of `doctor`, and the exit status of each command."""

import re

import click
import pytest
from click.testing import CliRunner

from phonewire.cli import main
from tests.docs.pages import page

PAGE = page("cli.md")
COMMANDS = main.list_commands(click.Context(main))


def test_every_option_of_the_doctor_has_a_row():
    table = PAGE.partition("## When calls do not come")[2]
    rows = set(re.findall(r"--[\w-]+", " ".join(re.findall(r"^\| (`--.*?) \|", table, re.MULTILINE))))
    doctor = main.get_command(click.Context(main), "doctor")
    assert rows == {each.opts[0] for each in doctor.params} - {"--json"}  # which is told above


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_has_each_exit_status(name):
    text = " ".join(CliRunner().invoke(main, [name, "--help"]).output.split())
    told = re.search(r"Exit (?:status|codes)\b(.*)", text)
    assert told, text
    numbers = {int(number) for number in re.findall(r"(?<![\w.:])(\d)(?![\w.:]\w|\w)", told[1])}
    assert {0, 1, 2} <= numbers
    statuses = dict(re.findall(r"^\| (\d) \| (.*) \|$", PAGE, re.MULTILINE))
    assert numbers <= {int(status) for status in statuses}
    statuses["5"] = statuses["5"].replace("the same", statuses["4"])
    named = {int(status) for status, text in statuses.items() if status > "2" and f"`{name}`" in text}
    assert numbers - {0, 1, 2} == named
