"""docs/genesys.md: its examples can be run, and what it names is there."""

import ast
import re
from pathlib import Path

import phonewire
from phonewire.auth import AudioHookSignature
from phonewire.cli import main
from phonewire.protocols import audiohook

PAGE = (Path(__file__).parents[2] / "docs" / "genesys.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
KEYS = {"api_key": "k", "client_secret": "c2VjcmV0"}


def test_the_endpoint_can_be_served():
    names = {"phonewire": phonewire} | KEYS
    exec(compile(EXAMPLES[0], "docs/genesys.md", "exec"), names)
    phonewire.serve(names["listen"], endpoints=[names["endpoint"]])
    assert isinstance(names["endpoint"].auth, AudioHookSignature)


async def test_genesys_can_be_played(phonewire_clock, tmp_path):
    async def listen(call):
        heard.append([frame.track async for frame in call.frames()])

    heard = []
    endpoint = phonewire.Endpoint("/audiohook", "audiohook", auth=AudioHookSignature({"k": "c2VjcmV0"}))
    async with phonewire.serve(listen, endpoints=[endpoint]) as server:
        speech = Path(__file__).parents[2] / "examples" / "audio" / "menu.wav"
        source = EXAMPLES[1].replace("both.wav", str(speech))
        names = {"phonewire": phonewire, "url": server.url + "/audiohook"} | KEYS
        code = compile(source, "docs/genesys.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        await eval(code, names)
    assert set(heard[0]) == {"external", "internal"}


def test_what_it_names_is_there():
    for command, options in re.findall(r"^phonewire (?:-v )?(serve|send) (.*)$", PAGE, re.MULTILINE):
        known = {name for option in main.get_command(None, command).params for name in option.opts}
        assert set(re.findall(r"--[\w-]+", options)) <= known
    for name in re.findall(r"audiohook\.([A-Z]\w+)", PAGE):
        assert hasattr(audiohook, name)
    for reason in re.findall(r"counted as `(\w+)`", PAGE):
        assert reason in list(audiohook.RejectReason)
