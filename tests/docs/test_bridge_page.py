"""docs/bridge.md: what it shows runs, and what it names is there."""

import ast
import asyncio
import inspect
import re
from pathlib import Path

import phonewire
from phonewire.aio.bridge.lane import Carried
from phonewire.cli import main
from phonewire.emulators.voipbin import VoipbinCall

PAGE = (Path(__file__).parents[2] / "docs" / "bridge.md").read_text()
SHELL, PROGRAM = re.findall(r"```\n(.*?)```", PAGE, re.DOTALL)


async def test_the_program_feeds_a_call_to_das_peak(phonewire_clock):
    heard = []

    async def consume(call):
        async for frame in call.frames():
            heard.append((call.id, frame.pcm))
            if call.stats().ms_in >= 200:
                return

    das_peak = phonewire.Endpoint("/daspeak-stream/v1/twilio", "das-peak", auth=None)
    async with (
        phonewire.serve(consume, endpoints=[das_peak]) as server,
        VoipbinCall() as phone,
        phonewire.connect(phone.url("rtp"), wire="documented") as call,
    ):
        names = {"phonewire": phonewire, "call": call, "url": server.url + das_peak.path, "key": "key"}
        code = compile(PROGRAM, "docs/bridge.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(eval(code, names))
            tasks.create_task(phone.say(b"\x10\x20" * 16_000))
        result = names["result"]
        assert (result.ended_by, result.reason) == ("sink", "completed")
        assert {call_id for call_id, _ in heard} == {call.id}
        assert any(b"".join(pcm for _, pcm in heard))


def test_every_option_and_figure_is_one():
    options = {each for option in main.get_command(None, "bridge").params for each in option.opts}
    named = set(re.findall(r"--[a-z]+[a-z-]*", PAGE)) - {"--help"}
    assert named >= {"--stay", "--sink-call-id"}
    assert named <= options
    variables = {option.envvar for option in main.get_command(None, "bridge").params}
    assert set(re.findall(r"PHONEWIRE_\w+", SHELL)) <= variables
    assert set(re.findall(r"`(\w+_ms)`", PAGE)) - {"max_delay_ms"} <= set(Carried.__struct_fields__)
    usual = {name: each.default for name, each in inspect.signature(phonewire.bridge).parameters.items()}
    assert f"`max_delay_ms` ({usual['max_delay_ms']})" in PAGE
    for name in ("both_ways", "hang_up_source"):
        assert f"`{name}=False`" in PAGE
        assert usual[name] is True
