"""docs/das-peak.md: its examples run, and what it names is there."""

import inspect
import json
import re
from pathlib import Path

import phonewire
from phonewire.cli import main
from phonewire.das_peak_request import AudioSettings, SessionRequest, encode
from phonewire.emulators.das_peak_service import DasPeakService
from phonewire.emulators.das_peak_sessions import ENDED_EARLY, READY, SPOOF, SUCCESS, WRONG_SCORE
from tests.docs.pages import code

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "das-peak.md").read_text()


def examples():
    names = {}
    for example in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(compile(example, "docs/das-peak.md", "exec"), names)
    return names


async def test_the_job_is_done(phonewire_clock):
    register, told = examples()["register"], []

    async def job(url, audio_url):
        words = {"ready": [READY], "success": [SUCCESS], "failure": [SPOOF]}
        signalling = phonewire.DasPeakSignalling(url, apikey="key", **words)
        told.append(await register(ROOT / "examples" / "audio" / "speech.wav", signalling, audio_url, "key"))

    (heard,) = (await examples()["rehearse"](job)).values()
    assert 40_000 <= len(heard) < 41_000
    assert (told[0].status, told[0].verdict) == (SPOOF, False)


def test_what_is_set_there_is_what_is_asked():
    settings, session = (json.loads(block) for block in code(PAGE, "json"))
    assert json.loads(encode(AudioSettings())) == settings
    its_own = {name: value for name, value in session.items() if name in SessionRequest.__struct_fields__}
    more = {"audio_settings_id": session["audio_settings_id"]}
    assert json.loads(encode(SessionRequest(**its_own), more)) == session


def test_the_usual_values_are_these():
    rows = re.findall(r"^\| .* \| `(\w+)` \| `(--[a-z-]+)` \| `?([^`|]+?)`? \|$", PAGE, re.MULTILINE)
    arguments = inspect.signature(phonewire.DasPeakSignalling).parameters
    options = {option.opts[0]: option.default for option in main.get_command(None, "das-peak").params}
    assert len(rows) == 6
    for argument, option, usual in rows:
        default = arguments[argument].default
        assert usual == ("none" if default is inspect.Parameter.empty else default)
        assert default is inspect.Parameter.empty or default == options[option]


def test_the_words_of_the_emulator_are_told():
    assert all(f"`{word}`" in PAGE for word in (READY, SUCCESS, SPOOF, WRONG_SCORE, ENDED_EARLY))
    assert all(name in inspect.signature(DasPeakService).parameters for name in ("looks", "judge", "answer_s"))
