"""``docs/cli.md`` tells what the command does."""

import re
from pathlib import Path

import click
import pytest

from phonewire.cli import main
from phonewire.cli.access import ENVIRONMENT
from phonewire.cli.outcome import Outcome

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()

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
    assert set(re.findall(r"^\| `phonewire ([a-z-]+)", PAGE, re.MULTILINE)) == set(main.list_commands(None))


def test_the_page_lists_every_exit_status_and_secret():
    statuses = set(map(int, re.findall(r"^\| (\d+)\b", PAGE, re.MULTILINE)))
    assert set(Outcome) <= statuses
    assert all(f"`{name}`" in PAGE for name in ENVIRONMENT.values())


def test_every_command_with_data_has_json():
    there = {name: any("--json" in option.opts for option in command.params) for name, command in commands()}
    assert {name for name, has_json in there.items() if not has_json} == WITHOUT_DATA
    told = re.findall(r"`phonewire ([a-z -]+) --json`", PAGE)
    assert sorted(told) == sorted(there.keys() - WITHOUT_DATA)


def test_doctor_looks_at_what_the_page_says():
    options = {each for option in main.get_command(None, "doctor").params for each in option.opts}
    told = set(re.findall(r"`(--[a-z-]+)", PAGE.partition("## When calls")[2]))
    assert told == options - {"--json"}


@pytest.mark.parametrize("shell", re.findall(r"_PHONEWIRE_COMPLETE=([a-z_]+)", PAGE))
def test_the_shells_complete(run, shell):
    words = {"bash_source": "complete -o", "zsh_source": "compdef", "fish_source": "complete "}
    assert words[shell] in run(_PHONEWIRE_COMPLETE=shell).output


def test_a_command_is_completed(run):
    asked = {"_PHONEWIRE_COMPLETE": "bash_complete", "COMP_WORDS": "phonewire do", "COMP_CWORD": "1"}
    assert run(**asked).stdout.split() == ["plain,doctor"]
