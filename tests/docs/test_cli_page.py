"""docs/cli.md and the help: commands, options of `doctor`, JSON, exit statuses, secrets, and what shells complete."""

import re

import click
import pytest

from phonewire.cli import main
from phonewire.cli.access import ENVIRONMENT
from phonewire.cli.outcome import Outcome
from tests.docs.pages import page

PAGE = page("cli.md")
COMMANDS = main.list_commands(click.Context(main))

# What prints no data: a server's log, and orders that are done or are an error.
WITHOUT_DATA = {"serve", "cluster hang-up", "cluster play"}


def commands(group=main, prefix=""):
    """Yield the name of each command that there is, those of groups among them, and the command."""
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix}{name} ")
        else:
            yield prefix + name, command


def test_the_page_lists_every_command():
    assert set(re.findall(r"^\| `phonewire ([a-z-]+)", PAGE, re.MULTILINE)) == set(COMMANDS)


def test_the_page_lists_every_exit_status_and_secret():
    statuses = set(map(int, re.findall(r"^\| (\d+)\b", PAGE, re.MULTILINE)))
    assert set(Outcome) <= statuses
    assert all(f"`{name}`" in PAGE for name in ENVIRONMENT.values())


def test_every_command_with_data_has_json():
    there = {name: any("--json" in option.opts for option in command.params) for name, command in commands()}
    assert {name for name, has_json in there.items() if not has_json} == WITHOUT_DATA
    told = re.findall(r"`phonewire ([a-z -]+) --json`", PAGE)
    assert sorted(told) == sorted(there.keys() - WITHOUT_DATA)


def test_every_option_of_the_doctor_has_a_row():
    table = PAGE.partition("## When calls do not come")[2]
    rows = set(re.findall(r"--[\w-]+", " ".join(re.findall(r"^\| (`--.*?) \|", table, re.MULTILINE))))
    doctor = main.get_command(click.Context(main), "doctor")
    assert rows == {option for each in doctor.params for option in each.opts} - {"--json"}  # which is told above


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_has_each_exit_status(run, name):
    text = " ".join(run(name, "--help").output.split())
    told = re.search(r"Exit (?:status|codes)\b(.*)", text)
    assert told, text
    numbers = {int(number) for number in re.findall(r"(?<![\w.:])(\d)(?![\w.:]\w|\w)", told[1])}
    assert {0, 1, 2} <= numbers
    statuses = dict(re.findall(r"^\| (\d) \| (.*) \|$", PAGE, re.MULTILINE))
    assert numbers <= {int(status) for status in statuses}
    statuses["5"] = statuses["5"].replace("the same", statuses["4"])
    named = {int(status) for status, text in statuses.items() if status > "2" and f"`{name}`" in text}
    assert numbers - {0, 1, 2} == named


@pytest.mark.parametrize("shell", re.findall(r"_PHONEWIRE_COMPLETE=([a-z_]+)", PAGE))
def test_the_shells_complete(run, shell):
    words = {"bash_source": "complete -o", "zsh_source": "compdef", "fish_source": "complete "}
    assert words[shell] in run(_PHONEWIRE_COMPLETE=shell).output


def test_a_command_is_completed(run):
    asked = {"_PHONEWIRE_COMPLETE": "bash_complete", "COMP_WORDS": "phonewire do", "COMP_CWORD": "1"}
    assert run(**asked).stdout.split() == ["plain,doctor"]
