"""The examples run, and the README shows what they are."""

import asyncio
import re
from http import HTTPStatus
from importlib import import_module as load
from pathlib import Path

import pytest
from websockets.asyncio.server import serve

import phonewire
from phonewire.auth import ApiKey
from phonewire.emulators.twilio import TwilioCaller
from phonewire.wav import WavReader, WavWriter

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_examples_fit_on_a_page(path):
    assert len(path.read_text().splitlines()) <= 60


@pytest.mark.parametrize("name", ["first_bot", "call_first_bot"])
def test_the_readme_shows_the_example_that_runs(name):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    source = (EXAMPLES / f"{name}.py").read_text()
    code = source[source.index('"""\n', 3) + 4 :].strip()
    assert code in [block.strip() for block in blocks]


async def test_the_first_bot_is_called_and_records(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    server, client = load("first_bot"), load("call_first_bot")
    listening = asyncio.get_running_loop().create_future()
    make = phonewire.serve

    def serve(handler, *, port, endpoints):
        assert port == 8080
        made = make(handler, endpoints=endpoints)  # on a port that is free here

        async def serve_forever(*, stop_on_signals):
            assert stop_on_signals
            listening.set_result(made.url)
            await asyncio.Future()

        monkeypatch.setattr(made, "serve_forever", serve_forever)
        return made

    def caller(url):
        assert url == "ws://127.0.0.1:8080/twilio"
        return TwilioCaller(listening.result() + "/twilio", speed=10)

    monkeypatch.setattr(phonewire, "serve", serve)
    monkeypatch.setattr(client, "TwilioCaller", caller)
    serving = asyncio.create_task(server.main())
    await listening
    await client.main()
    serving.cancel()
    await asyncio.wait([serving])  # the server has closed, and with it the recording
    assert re.fullmatch(r"waiting for calls on \S+/twilio\nsaid \d\.\d s, heard \d\.\d s\n", capsys.readouterr().out)
    (recorded,) = tmp_path.glob("CA*.wav")
    with WavReader(recorded) as reader:
        assert reader.info.channels == 2
        assert reader.info.duration_ms >= 1400  # seven keys of 0.2 s


async def test_the_audiosocket_bot_is_called(capsys):
    await load("audiosocket_bot").main()
    assert re.fullmatch(r"said 1000 ms, heard 1000 ms of it and \d+ ms of silence\n", capsys.readouterr().out)


async def test_the_echo_bot_is_called_and_interrupted(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    load("echo_bot")
    caller = load("call_echo_bot")
    # A second of it says as much as a minute.
    short = tmp_path / "short.wav"
    with WavReader(caller.SPEECH) as reader, WavWriter(short, reader.info) as writer:
        writer.write(next(reader.blocks())[: 8000 * reader.info.sample_bytes])
    monkeypatch.setattr(caller, "SPEECH", short)
    await caller.main()
    assert re.search(r"key 1: \d+ ms were heard\nsaid [\d.]+ s, heard [\d.]+ s", capsys.readouterr().out)
    with WavReader(tmp_path / "heard.wav") as reader:
        assert reader.info.audio_bytes > 0


async def test_the_sender_reports_success(capsys):
    async def enough(call):
        async for _ in call.frames():
            if call.stats().ms_in >= 5000:
                return

    path = "/daspeak-stream/v1/twilio"
    endpoint = phonewire.Endpoint(path, "das-peak", auth=ApiKey(["k"]), call_ids={"4fd9"})
    async with phonewire.serve(enough, endpoints=[endpoint]) as server:
        await load("send_to_das_peak").main(str(EXAMPLES / "audio" / "speech.wav"), server.url + path, "k", "4fd9")
    assert capsys.readouterr().out == "completed\n"


async def test_genesys_lets_both_voices_be_recorded(phonewire_clock, tmp_path, capsys):
    await load("genesys_monitor").main(str(tmp_path))
    came, ended = capsys.readouterr().out.splitlines()
    assert came == "+15550001 calls +15550002, heard apart: ('external', 'internal')"
    assert re.fullmatch(r"stopped after [\d.]+ s, drift 0 ms", ended)
    (recorded,) = tmp_path.glob("*.wav")
    with WavReader(recorded) as reader:
        assert reader.info.channels == 2
        assert reader.read(1)[:8000] == reader.read(2)[:8000]


async def test_a_bot_in_a_genesys_flow_is_interrupted_and_answers(phonewire_clock, capsys):
    await load("genesys_bot").main()
    assert capsys.readouterr().out == "key 2 after 1 s\ncompleted: {'choice': '2'}\n"


async def test_a_voice_is_registered_at_das_peak(phonewire_clock, capsys):
    await load("das_peak_job").main()
    printed = capsys.readouterr().out.splitlines()
    assert printed[:3] == ["ready: info-consumer-ready", "audio: completed", "verdict: result-success"]
    assert printed[3].startswith("a credential of ")


async def test_a_call_is_bridged_to_das_peak_and_goes_on(capsys):
    await load("bridge_to_das_peak").main()
    ended, went_on = capsys.readouterr().out.splitlines()
    assert ended == "the sink has ended the bridge: completed, 0 ms dropped"
    assert went_on == "Asterisk's call goes on"


async def test_four_parties_meet_in_a_conference(tmp_path, capsys):
    await load("conference").main(tmp_path, seconds=0.5)
    printed = capsys.readouterr().out.splitlines()
    assert printed[:4] == [f"LegJoined {each}" for each in ("voipbin 1", "voipbin 2", "audiosocket 3", "twilio 4")]
    assert [line.split()[0] for line in printed[4:]] == ["LegLeft"] * 4
    with WavReader(tmp_path / "standup.wav") as reader:
        assert any(reader.read())


async def test_a_voipbin_call_outlives_its_connection(tmp_path, capsys, monkeypatch):
    def answer(connection, request):
        assert request.headers["Authorization"] == "Bearer t0ken"
        connections.append(connection)
        return connection.respond(HTTPStatus.NOT_FOUND, "") if len(connections) == 3 else None

    async def talk(websocket):
        for _ in range(5):
            await websocket.send(bytes(320))
        await websocket.recv()  # what the client says
        websocket.transport.abort()  # VoIPBIN says goodbye in no other way

    connections = []
    monkeypatch.setenv("TOKEN", "t0ken")
    async with serve(talk, "127.0.0.1", 0, process_request=answer) as server:
        port = server.sockets[0].getsockname()[1]
        url = f"ws://127.0.0.1:{port}/v1.0/calls/4fd9/media_stream?encapsulation=sln"
        await load("voipbin_call").main(str(EXAMPLES / "audio" / "speech.wav"), url, str(tmp_path / "heard.wav"))
    printed = [line.partition("(")[0] for line in capsys.readouterr().out.splitlines()]
    assert printed == ["Disconnected", "Reconnected", "Disconnected", "stopped"]
    with WavReader(tmp_path / "heard.wav") as reader:
        assert reader.info.audio_bytes > 0


async def test_calls_are_recorded(tmp_path, capsys):
    example = load("record_calls")
    endpoint = phonewire.Endpoint("/twilio", "twilio-one-way", auth=None)
    async with phonewire.serve(example.recorder(tmp_path), endpoints=[endpoint]) as server:
        url = server.url + "/twilio"
        async with phonewire.connect(url, protocol="twilio-one-way", call_id="CA1", pace="none") as call:
            await call.write_payload(b"\x10" * 8000)
    assert re.fullmatch(r"CA1: 1\.0 s in [\dTZ-]+-[0-9a-f]{8}\.wav\n", capsys.readouterr().out)
    (recorded,) = tmp_path.glob("*.wav")
    with WavReader(recorded) as reader:
        assert reader.read() == b"\x10" * 8000


async def test_the_engine_runs_without_any_websocket(capsys):
    await load("embed_sans_io").main()
    kinds = capsys.readouterr().out.split("{")[0].split()
    assert kinds == ["Connected", "Start", "Media", "Stop", "Ended"]
    await asyncio.sleep(0)
