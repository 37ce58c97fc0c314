"""docs/record-calls.md: its programs make the files that it shows."""

import asyncio
import inspect
import json
import re

import phonewire
from phonewire.cli.recording_options import RecordingOptions
from phonewire.emulators.twilio import TwilioCaller
from phonewire.wav import WavReader
from tests.docs.pages import code, page, top_level

PAGE = page("record-calls.md")
HELLO, BOT = code(PAGE, "python")


async def test_the_program_records_both_sides(phonewire_clock, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "calls").mkdir()
    top_level(HELLO, "make_hello")
    serving = asyncio.create_task(top_level(BOT.replace("stop_on_signals=True", ""), "record_bot")["main"]())
    await asyncio.sleep(0.01)
    async with TwilioCaller("ws://127.0.0.1:8080/twilio") as caller:
        await caller.say("hello.wav")
    await asyncio.sleep(1)
    serving.cancel()
    await asyncio.wait([serving])
    printed = re.sub("calls/.*wav", "calls/….wav", capsys.readouterr().out)
    assert printed in code(PAGE, "text")
    (recorded,) = (tmp_path / "calls").glob("*.wav")
    with WavReader(recorded) as reader, WavReader("hello.wav") as said:
        assert reader.info.encoding == "s16le"
        assert reader.info.duration_ms == said.info.duration_ms
        assert any(reader.read(2))


def test_the_command_records(tmp_path, run, serving):
    with serving("--auth", "none", "--twilio-one-way", "/twilio", "--record", tmp_path) as served:
        hello = tmp_path.parent / "hello.wav"
        top_level(HELLO.replace("hello.wav", str(hello)), "make_hello")
        sent = run("send", hello, served.url + "/twilio", "--protocol", "twilio-one-way")
        assert served.stop() == 0
    assert sent.output in code(PAGE, "text")
    (told,) = tmp_path.glob("*.json")
    facts = json.loads(told.read_text())
    assert facts["end_reason"] == "stopped"
    assert {"call_id", "gaps"} <= set(facts)


def test_the_table_names_what_there_is():
    arguments = inspect.signature(phonewire.Call.record).parameters
    rows = "\n".join(re.findall(r"^\| .*", PAGE, re.MULTILINE))
    assert set(re.findall(r"(\w+)=", rows)) <= set(arguments)
    told = re.findall(r"--(record-\w+|keep-\w+)", PAGE)
    assert {name.replace("-", "_") for name in told} <= set(RecordingOptions.__annotations__)
