"""Every command of the pages is one: commands and their options, verbs of make, modules, files and extras exist."""

import re
import shlex
import tomllib
from importlib.util import find_spec

import click
import pytest

from phonewire.cli import main
from tests.docs.pages import DOCS, ROOT, commands

PAGES = [*sorted(DOCS.glob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "native" / "README.md"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
MAKEFILE = (ROOT / "Makefile").read_text()
OF_ALL = {"--help", "-h", "--version", "-v", "--verbose"}

pytestmark = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def typed(page):
    """Return the words of each command in a block, which can be typed as it stands."""
    text = page.read_text()
    return [words_of(line) for line in commands(text) + re.findall(r"^    (\S.*)", text, re.MULTILINE) if begins(line)]


def named(page):
    """Return the words of each command in the middle of a text, which may leave out what is not of interest."""
    text = re.sub(r"^ *```.*?^ *```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    spans = [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", text)]
    return [words_of(span) for span in spans if begins(span)]


def begins(line):
    """Say whether a line begins as a command does; other blocks are diagrams."""
    return re.match(r"(?:[A-Z_]+=\S+ )*(?:phonewire|make|pip|python|\.venv/bin/python) ", line)


def words_of(line):
    """Leave out the variables in front of a command, and what the shell does behind it."""
    words = shlex.split(re.split(r" [|&>]|;", line.replace("$!", "1"))[0], comments=True)
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words.pop(0)
    return words


def command_of(words):
    """Return what *words* call, and the words behind its name."""
    command, rest = main, [word for word in words[1:] if word not in ("-v", "--verbose")]
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-") and rest[0] != "COMMAND":
        assert rest[0] in command.list_commands(None), f"phonewire {rest[0]}"
        command = command.get_command(None, rest.pop(0))
    return command, rest


def test_phonewire_has_each_command_and_option(page):
    for words in typed(page) + named(page):
        if words[:1] == ["phonewire"]:
            command, rest = command_of(words)
            known = OF_ALL | {option for each in command.params for option in each.opts + each.secondary_opts}
            assert {word.partition("=")[0] for word in rest if word.startswith("-")} <= known, words


def test_what_can_be_typed_is_whole(page):
    for words in typed(page):
        if words[:1] == ["phonewire"]:
            command, rest = command_of(words)
            values, extra, _ = command.make_parser(click.Context(command)).parse_args(rest)
            arguments = [each for each in command.params if isinstance(each, click.Argument) and each.required]
            assert extra == [], words
            assert all(values.get(each.name) for each in arguments), words


def test_a_command_takes_what_stands_behind_its_options(page):
    """A text may leave out what a command needs, but has nothing in it that the command refuses."""
    for words in named(page):
        if words[:1] == ["phonewire"]:
            command, rest = command_of([word for word in words if word not in ("…", "...", "COMMAND")])
            if not isinstance(command, click.Group):
                context = click.Context(command, resilient_parsing=True)
                _, extra, _ = command.make_parser(context).parse_args(rest)
                assert extra == [], words


def test_make_has_each_verb(page):
    for words in typed(page) + named(page):
        for verb in words[1:] if words[:1] == ["make"] and words[1:2] != ["-C"] else ():
            assert "=" in verb or "*" in verb or f"\n{verb}:" in MAKEFILE, words


def test_python_finds_each_module_and_file(page, monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    for words in typed(page) + named(page):
        if words[:2] == ["python", "-m"] or words[:2] == [".venv/bin/python", "-m"]:
            assert find_spec(words[2]) is not None, words
        for word in words:
            assert not re.match(r"(?:tests|examples)/", word) or (ROOT / word).exists(), words


def test_pip_finds_each_extra(page):
    for words in typed(page) + named(page):
        for extras in re.findall(r"(?:phonewire|\.)\[([\w,-]+)\]", " ".join(words)):
            assert set(extras.split(",")) <= set(PROJECT["optional-dependencies"]), words
