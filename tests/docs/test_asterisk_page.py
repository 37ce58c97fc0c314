"""docs/asterisk.md: its servers take calls, its dialplan names what there is, and its first step can be taken."""

import asyncio
import re

import phonewire
from phonewire.emulators.asterisk import AsteriskCaller
from phonewire.wav import WavReader
from tests.docs.pages import ROOT, code, commands, page, top_level

PAGE = page("asterisk.md")
SERVER, WIDEBAND = code(PAGE, "python")
APPLICATION, CHANNEL = code(PAGE, "ini")
SPEECH = b"\x10\x20" * 1600
EVERYBODY = ('["10.0.0.0/8"]', "None")  # addresses, as the tests have none of that network


async def test_the_server_takes_calls(phonewire_clock, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "calls").mkdir()
    program = top_level(SERVER.replace("stop_on_signals=True", "").replace(*EVERYBODY), "server")
    serving = asyncio.create_task(program["main"]())
    await asyncio.sleep(0.01)
    async with AsteriskCaller("127.0.0.1", 9092) as caller:
        await caller.say(SPEECH)
        await caller.listen(0.5)
        assert SPEECH in caller.heard
        assert caller.error is None
    serving.cancel()
    await asyncio.wait([serving])
    (recorded,) = (tmp_path / "calls").glob("*.wav")
    with WavReader(recorded) as reader:
        assert reader.info.channels == 2


async def test_a_stranger_s_address_is_refused(phonewire_clock):
    program = top_level(SERVER.replace("stop_on_signals=True", ""), "server")
    serving = asyncio.create_task(program["main"]())
    await asyncio.sleep(0.01)
    async with AsteriskCaller("127.0.0.1", 9092) as caller:
        await caller.wait_closed()
        assert not caller.heard
    serving.cancel()
    await asyncio.wait([serving])


async def test_the_wideband_server_takes_16_khz(phonewire_clock):
    async def echo(call):
        async for frame in call.frames():
            await call.write(frame.pcm)

    names = {"phonewire": phonewire, "bot": echo}
    exec(WIDEBAND.replace(*EVERYBODY), names)
    async with names["wideband"], AsteriskCaller("127.0.0.1", 9093, sample_rate_hz=16_000) as caller:
        await caller.say(SPEECH)
        await caller.listen(0.5)
        assert SPEECH in caller.heard


def test_the_dialplan_has_a_uuid_and_an_address():
    assert re.search(r"AudioSocket\(\$\{CALL_UUID\},[\w.]+:9092\)", APPLICATION)
    assert re.search(r"Dial\(AudioSocket/[\w.]+:9092/\$\{UUID\(\)\}/c\(slin\)\)", CHANNEL)
    assert APPLICATION.index("Answer()") < APPLICATION.index("AudioSocket(")


def test_the_first_step_can_be_taken(tmp_path, run, serving):
    serve, send = (line for line in commands(PAGE) if "127.0.0.1:9092" in line)
    options = serve.replace("127.0.0.1:9092", "127.0.0.1:0").replace("calls", str(tmp_path)).split()[1:]
    with serving(command=options, ready="Asterisk AudioSocket on") as served:
        port = re.search(r"127\.0\.0\.1:(\d+)", "".join(served.lines))[1]
        hello = ROOT / "examples" / "audio" / "hours.wav"
        sent = run(*send.replace("hello.wav", str(hello)).replace("9092", port).split()[1:])
        assert sent.exit_code == 0, sent.output
        assert served.stop() == 0
    (recorded,) = tmp_path.glob("*.wav")
    with WavReader(recorded) as reader, WavReader(hello) as said:
        assert reader.info.duration_ms >= said.info.duration_ms
