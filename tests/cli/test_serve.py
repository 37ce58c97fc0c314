"""``phonewire serve`` as a process of its own, called by the emulators and by a client that is nobody's."""

import asyncio
import base64
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import urllib.error
import urllib.request
import warnings

import pytest
from websockets.asyncio.client import connect as dial
from websockets.exceptions import ConnectionClosedOK, InvalidStatus

from phonewire.auth import sign_twilio
from phonewire.emulators.das_peak import DasPeakSender
from phonewire.emulators.twilio import TwilioCaller
from phonewire.wav import WavReader

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from websockets.legacy.client import connect as legacy_dial

TOKEN, KEY = "canary-token-51c2", "canary-key-9e0b"
SPEECH = bytes((n * 7 + n // 256) % 0x7F for n in range(100_000))  # 12.5 s
DAS_PEAK, TWILIO = "/daspeak-stream/v1/twilio", "/twilio"


def recordings(directory):
    found = {}
    for path in sorted(directory.glob("*.wav")):
        assert re.fullmatch(r"\d{8}T\d{6}Z-\d{6}-[0-9a-f]{8}(\.part)?\.wav", path.name)
        assert path.with_name(path.name[:32] + ".json").is_file()
        with WavReader(path) as reader:
            found[path.name] = reader.read()
    return list(found.values())


async def publish(url, key, call_id, audio):
    """What the published das-Peak client does, typed anew; return what its last recv() ended with."""
    websocket = await legacy_dial(url, extra_headers={"apikey": key})
    await websocket.send(json.dumps({"event": "start", "start": {"callSid": call_id}}))
    for piece in textwrap.wrap(base64.b64encode(audio).decode("UTF-8"), 1024):
        await websocket.send(json.dumps({"event": "media", "media": {"payload": piece}}))
    with pytest.raises(ConnectionClosedOK) as closed:
        await websocket.recv()
    return closed.value


async def test_takes_das_peak_calls(tmp_path, serving):
    arguments = ("--das-peak", DAS_PEAK, "--record", tmp_path)
    with serving(*arguments, PHONEWIRE_APIKEY=f"old-key {KEY}") as served:
        url = served.url + DAS_PEAK
        audio = SPEECH[:40_001]
        closed, completed, hostile = await asyncio.gather(
            publish(url, KEY, "4fd9e9af-dd71-4177-be31-0bc5041221be", audio),
            DasPeakSender(url, apikey="old-key", call_id="same-id").send(SPEECH),
            DasPeakSender(url, apikey=KEY, call_id="same-id").send(SPEECH[:800]),
        )
        with pytest.raises(InvalidStatus, match="401"):
            await DasPeakSender(url, apikey="wrong").send(audio)
        assert served.stop() == 0
    assert closed.rcvd.code == 1000
    assert completed is hostile is True
    assert sorted(recordings(tmp_path)) == sorted([audio, SPEECH, SPEECH[:800]])
    assert "4fd9e9af-dd71-4177-be31-0bc5041221be: das-peak from 127.0.0.1" in served.output
    assert KEY not in served.output
    assert "Traceback" not in served.output


async def test_takes_only_the_calls_that_are_expected_and_the_wire_that_was_agreed(tmp_path, serving):
    arguments = ("--das-peak", DAS_PEAK, "--record", tmp_path, "--call-id", "4fd9", "--wire", "alaw:8000")
    with serving(*arguments, PHONEWIRE_APIKEY=KEY) as served:
        url = served.url + DAS_PEAK
        assert await DasPeakSender(url, apikey=KEY, call_id="4fd9").send(SPEECH[:8000])
        stranger = DasPeakSender(url, apikey=KEY, call_id="4fd8")
        assert not await stranger.send(SPEECH[:8000])
        assert stranger.close_code == 1008
        served.stop()
    (recorded,) = tmp_path.glob("*.wav")
    with WavReader(recorded) as reader:
        assert (reader.info.encoding, reader.read()) == ("alaw", SPEECH[:8000])


async def test_takes_enough_and_no_more(tmp_path, serving):
    arguments = ("--auth", f"apikey={KEY}", "--enough", "12", "--record", tmp_path)
    with serving(*arguments) as served:
        url = served.url + DAS_PEAK
        enough, short = DasPeakSender(url, apikey=KEY), DasPeakSender(url, apikey=KEY)
        assert await asyncio.gather(enough.send(SPEECH), short.send(SPEECH[:8000])) == [True, False]
        assert (enough.close_code, short.close_code) == (1000, 4001)
        assert served.stop() == 0
    assert sorted(map(len, recordings(tmp_path))) == [8000, 96_000]
    assert SPEECH[:96_000] in recordings(tmp_path)
    assert f"call {short.call_id}: not enough audio: 1000 ms of 12000 ms" in served.output
    assert KEY not in served.output


async def test_echoes_twilio_callers(tmp_path, serving):
    arguments = ("--twilio", TWILIO, "--echo", "--record", tmp_path, "--public-url", "wss://example.com")
    with serving(*arguments, PHONEWIRE_TWILIO_AUTH_TOKEN=TOKEN) as served:
        url = served.url + TWILIO
        async with TwilioCaller(url, auth_token=TOKEN, signed_url=f"wss://example.com{TWILIO}") as caller:
            await caller.say(SPEECH[:1600])
            await caller.until(lambda: caller.heard_ms >= 200)
            heard = caller.heard  # grows with time
            assert heard == caller.said[: len(heard)]
        for wrong in ({"auth_token": "wrong"}, {"auth_token": TOKEN}, {}):
            with pytest.raises(InvalidStatus, match="401"):
                async with TwilioCaller(url, **wrong):
                    pass
        assert served.stop() == 0
    assert recordings(tmp_path) == [bytes(caller.said)]
    assert TOKEN not in served.output


async def test_says_goodbye_when_it_is_stopped(tmp_path, serving):
    for number in (signal.SIGTERM, signal.SIGINT):
        directory = tmp_path / number.name
        directory.mkdir()
        with serving("--auth", "none", "--record", directory) as served:
            async with TwilioCaller(served.url + TWILIO) as caller:
                await caller.say(SPEECH[:800])
                served.process.send_signal(number)
                await caller.wait_closed()
                assert caller.close_code == 1001
            rest, _ = served.process.communicate(timeout=60)
            assert served.process.returncode == 0
        assert rest.endswith("stopped\n")
        assert "Traceback" not in rest
        (recorded,) = recordings(directory)
        assert recorded == caller.said[: len(recorded)]
        assert recorded.startswith(SPEECH[:640])


async def test_a_killed_server_leaves_a_recording_that_can_be_read(tmp_path, serving):
    with serving("--auth", "none", "--echo", "--record", tmp_path) as served:
        async with TwilioCaller(served.url + TWILIO) as caller:
            await caller.say(SPEECH[:4800])
            await caller.until(lambda: caller.heard_ms >= 600)  # so the server had 600 ms, and flushes every 500
            served.process.kill()
            await caller.wait_closed()
            assert caller.close_code == 1006
    (recorded,) = recordings(tmp_path)
    assert len(recorded) >= 4000
    assert recorded == caller.said[: len(recorded)]


async def test_a_handler_that_cannot_record_still_takes_the_call(tmp_path, serving):
    directory = tmp_path / "calls"
    directory.mkdir()
    with serving("--auth", "none", "--enough", "0.1", "--record", directory) as served:
        directory.rmdir()
        assert await DasPeakSender(served.url + DAS_PEAK, call_id="x").send(SPEECH) is True
        assert served.stop() == 0
    assert "call x: its recording failed: No such file or directory" in served.output
    assert "Traceback" not in served.output


def post(url, form, signature):
    body = "&".join(f"{name}={value}" for name, value in form.items()).encode()
    request = urllib.request.Request(url, body, {"X-Twilio-Signature": signature})
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.headers["Content-Type"], response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, None, None


@pytest.mark.parametrize(
    ("protocol", "options", "public", "verb", "url"),
    [
        (
            "--twilio",
            ("--public-url", "https://pw.example"),
            "https://pw.example",
            "Connect",
            "wss://pw.example/twilio",
        ),
        (
            "--twilio",
            ("--public-url", "wss://pw.example/a/"),
            "https://pw.example/a",
            "Connect",
            "wss://pw.example/a/twilio",
        ),
        (
            "--twilio",
            ("--public-url", "wss://pw.example/twilio"),
            "https://pw.example",
            "Connect",
            "wss://pw.example/twilio",
        ),
        ("--twilio-one-way", ("--stream-url", "wss://other.example/x"), None, "Start", "wss://other.example/x"),
    ],
)
def test_answers_the_voice_webhook(protocol, options, public, verb, url, serving):
    arguments = (protocol, "/twilio", "--auth", f"twilio={TOKEN}", "--twiml", "/voice", *options)
    with serving(*arguments, ready="voice webhook on") as served:
        http = served.url.replace("ws", "http", 1)
        form = {"CallSid": "CA1", "From": "x"}
        signature = sign_twilio(TOKEN, f"{public or http.replace('http', 'https')}/voice", form)
        status, content_type, body = post(http + "/voice", form, signature)
        assert status == 200
        assert content_type.startswith("text/xml")
        assert f'<Response><{verb}><Stream url="{url}" /></{verb}></Response>' in body
        assert post(http + "/voice", form, "wrong")[0] == 401
        assert served.stop() == 0
    assert TOKEN not in served.output


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl, which makes the certificate, is not installed")
def test_speaks_wss(tmp_path, serving):
    certificate, key, audio = tmp_path / "cert.pem", tmp_path / "key.pem", tmp_path / "audio.raw"
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    make = [*make.split(), "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate]
    subprocess.run(make, check=True, capture_output=True, timeout=60)
    audio.write_bytes(SPEECH)
    arguments = ("--auth", f"apikey={KEY}", "--enough", "1", "--tls-cert", certificate, "--tls-key", key)
    with serving(*arguments, ready="on wss") as served:
        url = served.url + DAS_PEAK
        send = [
            sys.executable,
            "-c",
            "from phonewire.cli import main; main()",
            "send",
            audio,
            url,
            "--encoding",
            "ulaw",
        ]
        for trusted, status in (({"SSL_CERT_FILE": str(certificate)}, 0), ({}, 5)):
            environment = {**os.environ, "PHONEWIRE_APIKEY": KEY, **trusted}
            done = subprocess.run(send, env=environment, capture_output=True, timeout=60, check=False)
            assert done.returncode == status, done.stderr
        assert served.stop() == 0


async def test_without_a_path_it_serves_what_it_has_a_secret_for(serving):
    for environment, paths in (
        ({"PHONEWIRE_APIKEY": KEY}, {DAS_PEAK: 401, TWILIO: 404}),
        ({"PHONEWIRE_TWILIO_AUTH_TOKEN": TOKEN}, {DAS_PEAK: 404, TWILIO: 401}),
    ):
        with serving(**environment) as served:
            for path, status in paths.items():
                with pytest.raises(InvalidStatus, match=str(status)):
                    async with dial(served.url + path):
                        pass


# Command lines that start nothing


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "who may call over twilio? Give --auth twilio=SECRET, or PHONEWIRE_TWILIO_AUTH_TOKEN"),
        (["--das-peak", "/x"], "who may call over das-peak? Give --auth apikey=SECRET, or PHONEWIRE_APIKEY"),
        (["--auth", "canary"], "--auth is none, twilio=TOKEN, apikey=KEY or token=TOKEN"),
        (["--auth", "canary=x"], "--auth is none, twilio=TOKEN, apikey=KEY or token=TOKEN"),
        (["--auth", "apikey="], "--auth apikey needs a secret behind = or in PHONEWIRE_APIKEY"),
        (["--auth", "twilio"], "--auth twilio needs a secret behind = or in PHONEWIRE_TWILIO_AUTH_TOKEN"),
        (["--auth", "none", "--das-peak", "x"], "a path begins with a slash, got 'x'"),
        (["--auth", "none", "--das-peak", "/x", "--twilio", "/x"], "two endpoints have the path /x"),
        (["--auth", "twilio=canary", "--public-url", "ftp://x"], "public_url is https:// or wss:// and a host"),
        (["--auth", "none", "--twiml", "/voice"], "--twiml needs --public-url, or --stream-url"),
        (["--auth", "none", "--das-peak", "/x", "--twiml", "/v"], "--twiml needs an endpoint for Twilio"),
        (["--auth", "none", "--twiml", "/v", "--stream-url", "ws://x"], "url begins with wss://"),
        (["--auth", "none", "--twilio", "/x", "--call-id", "4fd9"], "--call-id is for das-Peak, VoIPBIN's calls and"),
        (["--auth", "none", "--twilio", "/x", "--wire", "alaw:8000"], "--wire is for das-Peak"),
        (["--auth", "none", "--twilio", "/x", "--allow", "10.0.0.1"], "--allow is for --external-media and --audio"),
        (["--voipbin", "/{id}"], "who may call over voipbin? Give --auth token=SECRET, or PHONEWIRE_TOKEN"),
        (["--voipbin", "/x{id}", "--auth", "none"], "{id} is one whole part of a path"),
        (["--audiosocket", "127.0.0.1:0"], "who may call over AudioSocket"),
        (["--audiosocket", "127.0.0.1:0", "--allow", "nowhere"], "'nowhere' does not appear to be"),
        (["--audiosocket", "127.0.0.1"], "is not an address and a port"),
        (["--audiosocket", "127.0.0.1:0", "--auth", "none", "--observe", "127.0.0.1:0"], "need a WebSocket endpoint"),
        (["--auth", "none", "--external-media", "/x"], "--external-media PATH and --play FILE need each other"),
        (["--auth", "none", "--external-media", "/x", "--play", __file__], "--play: "),
        (["--auth", "none", "--voipbin", "/{id}", "--voipbin-wire", "other"], "'other' is not one of 'auto'"),
        (["--auth", "none", "--enough", "0"], "0.0 is not in the range"),
        (["--auth", "none", "--record", "/nowhere/at/all"], "does not exist"),
        (["--auth", "none", "--tls-key", __file__], "--tls-key needs --tls-cert"),
        (["--auth", "none", "--tls-cert", __file__], "the certificate or its key cannot be used"),
    ],
)
def test_says_what_it_does_not_understand(run, arguments, message):
    result = run("serve", *arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
    assert "canary" not in result.output


def test_a_port_that_is_taken(run):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run("serve", "--auth", "none", "--port", taken.getsockname()[1])
    assert result.exit_code == 1
    assert "address already in use" in result.stderr
