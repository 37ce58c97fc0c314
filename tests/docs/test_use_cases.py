"""The examples of what calls are for, each in a call on the fake clock: what they print is what was said."""

import asyncio
import re
from importlib import import_module as load
from pathlib import Path

import pytest

from phonewire import g711
from phonewire.emulators.voipbin import VoipbinCall
from phonewire.wav import WavReader

EXAMPLES = Path(__file__).parents[2] / "examples"


def recording(name):
    with WavReader(EXAMPLES / "audio" / name) as reader:
        return reader.read()


async def test_speech_is_recognised(phonewire_clock, capsys):
    pytest.importorskip("pocketsphinx")
    await load("speech_recognition").rehearse()
    said = [line.split(": ")[1] for line in capsys.readouterr().out.splitlines()]
    assert said == ["opening hours", "speak to the office", "the ferry to the island", "goodbye"]


async def test_a_conference_is_recorded(phonewire_clock, capsys, tmp_path):
    conference = await load("conference_recorder").rehearse(tmp_path / "talk.wav")
    assert re.fullmatch(r"stopped: 4\.\d s in talk\.wav, 0 packets were lost\n", capsys.readouterr().out)
    with WavReader(tmp_path / "talk.wav") as reader:
        assert bytes(conference.said[: 2 * 8 * 3000]) in reader.read()
    one, other, third = (recording("speech.wav")[second * 8000 : second * 8000 + 80] for second in (0, 30, 10))
    heard = zip(*(memoryview(g711.ulaw_decode(voice)).cast("h") for voice in (one, other, third)), strict=True)
    assert memoryview(bytes(conference.said[:160])).cast("h").tolist() == [sum(samples) for samples in heard]


async def test_a_call_is_analysed(phonewire_clock, capsys):
    report = await load("live_analysis").rehearse()
    assert report.talk_ms == 1560  # of the first 2 s of the speech, which end in a pause
    assert 2840 < report.silence_ms < 3500  # 440 ms and 2.5 s, and what is concealed until the call is known to be over
    assert round(report.peak_dbfs, 1) == -7.4
    (alert,) = re.findall(r"^(\d+) ms: nobody speaks$", capsys.readouterr().out, re.MULTILINE)
    assert 3900 < int(alert) < 4100


async def test_music_is_played_until_an_agent_is_free(phonewire_clock, capsys):
    phone = await load("music_on_hold").rehearse()
    heard_ms = int(re.fullmatch(r"(\d+) ms of music were heard\n", capsys.readouterr().out)[1])
    assert heard_ms == pytest.approx(5000, abs=40)
    music = g711.ulaw_decode(3 * recording("hold.wav"))[: heard_ms * 16]  # without a seam
    assert music + g711.ulaw_decode(recording("hours.wav")) in phone.heard


async def test_an_assistant_answers_and_is_interrupted(phonewire_clock, capsys):
    pytest.importorskip("pocketsphinx")
    phone = await load("voice_assistant").rehearse()
    first, interrupted, last = capsys.readouterr().out.splitlines()
    assert (first, last) == ("opening hours: We open at eight.", "goodbye: Goodbye.")
    heard_ms = int(re.fullmatch(r"interrupted after (\d+) ms", interrupted)[1])
    tone = sum(any(phone.heard[start : start + 320]) for start in range(0, len(phone.heard), 320)) * 20
    assert 0 < heard_ms < 4 * 400  # of four words
    assert tone == heard_ms + 400  # and one


async def test_a_speech_model_talks_and_is_interrupted(phonewire_clock, capsys):
    model, caller = await load("call_realtime_model").main()
    assert model.session["audio"]["input"]["format"] == model.session["audio"]["output"]["format"]
    assert model.heard == bytes(caller.said[: len(model.heard)])  # µ-law as it was, in both directions
    (heard_ms,) = model.truncated
    assert 0 < heard_ms < len(model.answer) / 8
    assert caller.heard.startswith(model.answer[: heard_ms * 8])
    assert caller.heard[round(caller.clears[0] * 8) :].startswith(model.answer)
    assert heard_ms == pytest.approx(caller.clears[0], abs=20)
    assert capsys.readouterr().out.startswith(f"said {len(caller.said) / 8000:.1f} s, interrupted the answer after ")


async def test_a_menu_is_interrupted_by_keys(phonewire_clock, capsys):
    phone = await load("ivr_menu").rehearse()
    keys = re.findall(r"^key (.) after (\d+) ms$", capsys.readouterr().out, re.MULTILINE)
    assert [key for key, _ in keys] == ["7", "1"]
    first_ms, second_ms = (int(heard_ms) for _, heard_ms in keys)
    assert 1000 < first_ms < 1400
    assert 1000 < second_ms < 1400
    menu, hours = (g711.ulaw_decode(recording(name)) for name in ("menu.wav", "hours.wav"))
    assert menu[: first_ms * 16] + menu[: second_ms * 16] + hours in phone.heard


@pytest.mark.parametrize("name", ["ivr_menu", "music_on_hold", "voice_assistant"])
async def test_who_hangs_up_while_something_is_said_breaks_nothing(phonewire_clock, name, caplog):
    if name == "voice_assistant":
        pytest.importorskip("pocketsphinx")
    example = load(name)
    async with VoipbinCall() as phone:
        url = phone.url("rtp")
        match name:
            case "ivr_menu":
                running = example.answer(url)
            case "music_on_hold":
                running = example.hold(url, asyncio.Event().wait())
            case _:
                running = example.assist(url)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(running)
            await phone.say(g711.ulaw_decode(recording("phrases.wav")[:19_200]))
            await phone.until(lambda: any(phone.heard[-320:]))
            await phone.hang_up()
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_a_fastapi_application_takes_calls(phonewire_clock, capsys):
    await load("fastapi_bot").main()
    assert re.fullmatch(r"a call of 2\.5 s, heard 2\.[2-5] s\n", capsys.readouterr().out)
