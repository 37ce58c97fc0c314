"""Command lines that nobody means, and endings that nobody plans: one line, never a traceback."""

import math
import os
import subprocess
import sys

import click
import pytest

from phonewire.cli import main
from phonewire.cli.amount import Amount

PHONEWIRE = [sys.executable, "-c", "from phonewire.cli import main; main(prog_name='phonewire')"]


def options(group=main, path=()):
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        if isinstance(command, click.Group):
            yield from options(command, (*path, name))
        else:
            yield from (((*path, name), option) for option in command.params)


# Numbers

AMOUNTS = {
    f"{' '.join(path)} {option.opts[0]}": option.type for path, option in options() if isinstance(option.type, Amount)
}
CHECKED_ELSEWHERE = {"--threshold", "--enough"}  # of das-peak: what makes the session asks for 0 to 1, and more than 0


def test_every_number_with_a_fraction_is_an_amount():
    fractions = [
        (path, option)
        for path, option in options()
        if isinstance(option.type, click.types.FloatParamType) and not isinstance(option.type, Amount)
    ]
    assert {path for path, _ in fractions} == {("das-peak",)}
    assert {option.opts[0] for _, option in fractions} == CHECKED_ELSEWHERE
    assert len(AMOUNTS) >= 12


@pytest.mark.parametrize("name", AMOUNTS)
@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e300", "-1", "", "ten"])
def test_an_amount_can_be_counted_with(name, text):
    with pytest.raises(click.BadParameter):
        AMOUNTS[name].convert(text, None, None)
    assert math.isfinite(AMOUNTS[name].convert("1e9", None, None))


# Empty and impossible words

SERVE = ("serve", "--auth", "none")
SPEECH = "examples/audio/speech.wav"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([*SERVE, "--host", ""], "--host is empty; 0.0.0.0 listens on all addresses"),
        ([*SERVE, "--origin", ""], "an origin is https:// and a host"),
        (
            [*SERVE, "--origin", "https://example.com/"],
            "without a path or a slash behind it, got 'https://example.com/'",
        ),
        ([*SERVE, "--twilio", "/t", "--stream-url", "wss://x/t"], "--stream-url is for the answer of --twiml PATH"),
        ([*SERVE, "--das-peak", "/d", "--call-id", ""], "--call-id is empty"),
        ([*SERVE, "--audiosocket", "127.0.0.1:0", "--call-id", ""], "--call-id is empty"),
        ([*SERVE, "--tls-cert", os.devnull], "the certificate or its key cannot be used: it is no PEM file"),
        (["bridge", "ws://127.0.0.1/x", "audiosocket://127.0.0.1:1"], "SOURCE is wss://.../media_stream"),
        (["nosuch"], "No such command 'nosuch'"),
    ],
)
def test_is_refused_before_anything_begins(run, arguments, message):
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


# Where output goes


def test_a_folder_in_which_nothing_can_be_written_is_told_before_the_first_call(run, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # as root may everything
    for command in (
        ("load", "ws://127.0.0.1:1/", "--report"),
        ("listen", "audiosocket://127.0.0.1:1", "--record"),
    ):
        result = run(*command, tmp_path / "new")
        assert result.exit_code == 2
        assert "nothing can be written in" in result.stderr


def written_to(output, buffered, *arguments):
    """Return status and errors of a command; Python keeps what it could not write, but where it is told not to."""
    environment = os.environ | {"PYTHONUNBUFFERED": "" if buffered else "1"}
    done = subprocess.run(
        [*PHONEWIRE, *arguments],
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
        env=environment,
    )
    return done.returncode, done.stderr


SAID = [("info",), ("info", "--json"), ("--help",), ("send", "--help"), ("--version",)]


@pytest.mark.parametrize("buffered", [True, False])
@pytest.mark.parametrize("arguments", SAID)
def test_who_reads_the_output_may_have_enough_of_it(arguments, buffered):
    reading, writing = os.pipe()
    os.close(reading)
    assert written_to(writing, buffered, *arguments) == (1, "")
    os.close(writing)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")  # noqa: PTH110 - a device
@pytest.mark.parametrize("buffered", [True, False])
@pytest.mark.parametrize("arguments", SAID)
def test_a_full_disk_is_one_line(arguments, buffered):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        assert written_to(full, buffered, *arguments) == (1, "Error: No space left on device\n")


# Ctrl-C


def test_ctrl_c_is_told_as_shells_do(run, monkeypatch):
    @click.command()
    def wait():
        raise KeyboardInterrupt

    monkeypatch.setitem(main.commands, "wait", wait)
    result = run("wait")
    assert (result.exit_code, result.stderr) == (130, "stopped\n")


# Colours


def test_without_colours_there_is_nothing_but_text(monkeypatch, capsys):
    from phonewire.cli.console import make_console

    for name, value in {"TERM": "xterm-256color", "FORCE_COLOR": "1", "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    make_console().print("[green]✓[/] [bold]60[/] s")
    assert capsys.readouterr().out == "✓ 60 s\n"
    monkeypatch.delenv("NO_COLOR")
    make_console().print("[green]✓[/]")
    assert "\x1b[" in capsys.readouterr().out
