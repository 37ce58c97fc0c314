"""``docs/monitor.md`` says what the monitor does; its commands are understood, and its program runs."""

import asyncio
import re
import shlex
from pathlib import Path

from phonewire.aio.monitor import monitor
from phonewire.cli import main
from phonewire.emulators.twilio import TwilioCaller

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "monitor.md").read_text()
HTML = Path(monitor.__file__).with_name("page.html").read_text()


def test_the_commands_are_understood():
    (line,) = re.findall(r"^phonewire serve .*", PAGE, re.MULTILINE)
    for arguments in (
        shlex.split(line)[2:],
        *(["--auth", "none", each] for each in ["--monitor=8091", "--monitor=[::1]:8091"]),
    ):
        assert main.get_command(None, "serve").make_context("serve", arguments).params["monitor"] is not None


def test_the_page_lists_every_column():
    told = re.findall(r"^\| ([A-Z][\w, ]*) \|", PAGE, re.MULTILINE)
    told = {name for names in told for name in names.split(", ")}
    shown = set(re.findall(r"<th [^>]*>([A-Z][\w ]*)(?:, dBFS)?</th>", HTML))
    assert told == shown - {"Time"}
    assert len(told) == 11


def test_the_numbers_are_those_of_the_code():
    assert f"more than {monitor._MOST_SHOWN} calls" in PAGE
    assert f"{monitor._AT_ONCE} calls at a time" in PAGE
    assert round(1 / (monitor._TURN_S * monitor._TURNS_PER_SNAPSHOT)) == 8
    assert "8 times a\nsecond" in PAGE
    assert "at most 8 pages" in PAGE.lower()
    assert monitor.Monitor()._max_watchers == 8
    numbers = dict(re.findall(r"\b([A-Z_]+_S) = ([\d.]+)", HTML))
    assert f"beyond {numbers['MOST_LEAD_S']} s" in PAGE
    assert f"for {numbers['ENDED_S']} s more" in PAGE


async def test_the_program_runs(capsys, monkeypatch):
    (program,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    names = {"__name__": "a_bot"}
    exec(compile(program, "docs/monitor.md", "exec"), names)

    async def called(server, **_):
        async with TwilioCaller(f"{server.url}/twilio") as caller:
            await caller.say(b"\x20" * 800)

    monkeypatch.setattr("phonewire.Server.serve_forever", called)
    await asyncio.wait_for(names["main"](), 30)
    assert capsys.readouterr().out.startswith("http://127.0.0.1:")


def test_the_picture_is_small():
    assert (DOCS / "monitor.png").stat().st_size < 150_000
