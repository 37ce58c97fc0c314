"""docs/first-bot.md, from its first program to its last, with the commands' places taken by the fake clock."""

import asyncio
import contextlib
import re

from phonewire.wav import WavReader
from tests.docs.pages import code, page, top_level

PAGE = page("first-bot.md")
ECHO, CALLER, RECORD, INTERRUPTED, PRESS, TEST = code(PAGE, "python")

pytest_plugins = ["pytester"]


@contextlib.asynccontextmanager
async def running(source):
    """The bot, as `python bot.py` has it, without the signals that a test must not take."""
    serving = asyncio.create_task(top_level(source.replace("stop_on_signals=True", ""), "bot")["main"]())
    await asyncio.sleep(0.01)
    yield
    serving.cancel()
    await asyncio.wait([serving])  # the server has closed, and with it the recording


async def test_the_bot_is_called(phonewire_clock, capsys):
    async with running(ECHO):
        await top_level(CALLER, "caller")["main"]()
    listens, calls, heard, hung_up = capsys.readouterr().out.splitlines()
    shown = code(PAGE, "text")
    assert listens == "Twilio's calls are taken at ws://127.0.0.1:8080/twilio"
    assert heard == shown[0].strip()
    assert [re.sub("CA[0-9a-f]{32}", "CA…", line) for line in (calls, hung_up)] == shown[1].splitlines()


async def test_it_records(phonewire_clock, tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    loop = "    async for frame"
    async with running(ECHO.replace(loop, RECORD + loop)):
        await top_level(CALLER, "caller")["main"]()
        await top_level(CALLER, "caller")["main"]()
    with WavReader(tmp_path / "call.wav") as reader:
        caller, bot = reader.read(1), reader.read(2)
    assert any(caller)
    assert any(bot)
    assert (tmp_path / "call.json").exists()
    assert "its recording failed: File exists" in caplog.text  # of the second call


async def test_a_key_interrupts_it(phonewire_clock, capsys):
    said = re.search(r"^ +await caller.say.*\n", CALLER, re.MULTILINE)[0]
    async with running(INTERRUPTED):
        await top_level(CALLER.replace(said, said + PRESS), "caller")["main"]()
    (heard_ms,) = re.findall(r"^key 1: (\d+) ms were heard$", capsys.readouterr().out, re.MULTILINE)
    (shown_ms,) = re.findall(r"^key 1: (\d+) ms were heard$", PAGE, re.MULTILINE)
    assert abs(int(heard_ms) - int(shown_ms)) < 50


def test_the_test_passes(pytester):
    pytester.makepyfile(bot=INTERRUPTED, test_bot=TEST)
    pytester.syspathinsert()
    pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:asyncio").assert_outcomes(passed=1)
