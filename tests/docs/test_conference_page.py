"""docs/conference.md: its examples run, and what its tables name is there."""

import ast
import asyncio
import inspect
import re
from pathlib import Path

import pytest

import phonewire
from phonewire import g711
from phonewire.auth import Token
from phonewire.emulators.asterisk import AsteriskCaller
from phonewire.emulators.twilio import TwilioCaller
from phonewire.stats import CallStats, LegStats
from phonewire.wav import WavReader

PAGE = (Path(__file__).parents[2] / "docs" / "conference.md").read_text()
CONFERENCES, HANDLERS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
SPEECH = b"\x10\x20" * 1600


def running(example, names):
    """Run an example that awaits at its top, as a task."""
    code = compile(example, "docs/conference.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    return asyncio.create_task(eval(code, names))


async def legs(conferences, number):
    while (conference := conferences.get("standup")) is None or len(conference.legs) < number:  # noqa: ASYNC110
        await asyncio.sleep(0.02)


async def test_calls_of_several_kinds_meet(phonewire_clock, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "calls").mkdir()
    names = {"phonewire": phonewire, "Token": Token, "who_is": "secret"}
    exec(HANDLERS, names)
    serving = running(CONFERENCES.replace("stop_on_signals=True", ""), names)
    await asyncio.sleep(0.1)
    twilio = phonewire.Endpoint("/twilio", "twilio", auth=None, handler=names["supervisor"])
    async with (
        phonewire.serve(None, endpoints=[twilio]) as supervised,
        phonewire.serve_audiosocket(names["from_asterisk"], call_ids=None, addresses=None) as asterisk,
        AsteriskCaller("127.0.0.1", asterisk.port) as phone,
        TwilioCaller(supervised.url + "/twilio") as supervisor,
    ):
        url = "ws://127.0.0.1:8080/v1.0/conferences/standup/media_stream?encapsulation=sln"
        async with phonewire.connect(url, token="secret", wire="documented") as call:
            await legs(names["conferences"], 3)
            await call.write(SPEECH)
            await call.drain()
            await supervisor.say(bytes(800))
            await asyncio.sleep(0.5)
            assert SPEECH in phone.heard
            assert g711.ulaw_encode(SPEECH) in supervisor.heard
            assert set(phone.heard) == set(SPEECH) | {0}, "nobody hears the supervisor"
    assert len(names["conferences"]) == 0, "the last to leave ends it"
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    (recorded,) = (tmp_path / "calls").glob("*.wav")
    with WavReader(recorded) as reader:
        assert SPEECH in reader.read()


def test_the_tables_name_what_is_there():
    named = re.findall(r"`(?:await )?conference\.(\w+)", PAGE)
    assert len(named) > 8
    assert [name for name in named if not hasattr(phonewire.Conference, name)] == []
    assert all(name in LegStats.__struct_fields__ for name in re.findall(r"\| `(\w+_ms)`", PAGE))
    assert "dropped_ms" in CallStats.__struct_fields__


def test_the_limits_are_these():
    usual = {name: each.default for name, each in inspect.signature(phonewire.Conference).parameters.items()}
    assert f"more than {usual['buffer_ms']} ms (`buffer_ms`)" in PAGE
    assert f"Mixing is at {usual['sample_rate_hz'] // 1000} kHz" in PAGE
    assert f"no audio for {phonewire.Limits().media_idle_s:g} s" in PAGE
