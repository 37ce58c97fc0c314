"""docs/dtmf.md: both of its programs find the keys that are pressed."""

import ast
import asyncio
import inspect

import phonewire
from phonewire import dtmf
from phonewire.aio.client.audiosocket import connect_audiosocket
from phonewire.emulators.voipbin import VoipbinCall
from tests.docs.pages import code, page

IN_A_CALL, BY_ITSELF = code(page("dtmf.md"), "python")


async def run(program, **names):
    await eval(compile(program, "docs/dtmf.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)


async def test_keys_are_told_in_a_call(phonewire_clock, capsys):
    async with VoipbinCall(token="t") as phone, asyncio.TaskGroup() as tasks:
        tasks.create_task(run(IN_A_CALL, phonewire=phonewire, url=phone.url("rtp"), token="t"))
        await phone.until(lambda: phone.attached)
        await phone.say(dtmf.tone("12#"))
        await asyncio.sleep(0.1)
        await phone.hang_up()
    assert capsys.readouterr().out.split() == ["1", "2", "#"]


async def test_keys_are_found_and_pressed_without_a_call(capsys):
    class Call:
        async def write(self, samples):
            written.append(samples)

    tones, written = dtmf.tone("59"), []
    pieces = [tones[start : start + 200] for start in range(0, len(tones), 200)]
    await run(BY_ITSELF, pieces=pieces, call=Call())
    *presses, rest = capsys.readouterr().out.splitlines()
    assert [press.split()[0] for press in presses] == ["5", "9"]
    assert rest == "[]"
    assert [press.digit for press in dtmf.Detector().detect(written[0] + bytes(1600))] == ["1", "2", "3", "#"]


def test_the_option_is_one_of_all_that_the_page_names():
    for function in (phonewire.connect, connect_audiosocket, phonewire.Endpoint, phonewire.serve_audiosocket):
        assert "dtmf_in_audio" in inspect.signature(function).parameters
