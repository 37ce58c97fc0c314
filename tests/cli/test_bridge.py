"""``phonewire bridge``: calls from the emulators to consumers and platforms that know nothing of phonewire."""

import asyncio
import contextlib
import json
import re
import signal
import subprocess
import sys
import threading

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

from phonewire import g711
from phonewire.cli.claims.claim import missing
from phonewire.emulators.asterisk import AsteriskCaller
from phonewire.emulators.twilio import TwilioCaller
from tests.command import killed_at_the_end

SPEECH = bytes(range(1, 0x70)) * 72  # 1 s of codewords, none of them silence
SAMPLES = g711.ulaw_decode(SPEECH)
TOKEN, KEY = "canary-token-77d0", "canary-key-08b1"
VOIPBIN = "/v1.0/calls/4fd9e9af/media_stream?encapsulation=sln"
DAS_PEAK = "/daspeak-stream/v1/twilio"


@pytest.fixture
def voipbin():
    """Serve a VoIPBIN call whose phone says SAMPLES at once; return its URL, the answers to it, and the requests."""
    with contextlib.ExitStack() as stack:
        requests, heard, over = [], bytearray(), threading.Event()

        def talk(socket):
            requests.append(socket.request)
            with contextlib.suppress(ConnectionClosed):
                for start in range(0, len(SAMPLES), 320):
                    socket.send(SAMPLES[start : start + 320])
                for message in socket:
                    heard.extend(message)
            over.set()

        server = stack.enter_context(serve(talk, "127.0.0.1", 0))
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        stack.callback(thread.join)
        stack.callback(server.shutdown)
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}{VOIPBIN}", requests, over


def test_a_voipbin_call_is_fed_to_das_peak(run, voipbin, consumer):
    url, requests, over = voipbin
    das_peak = consumer(enough_bytes=7680)
    secrets = {"PHONEWIRE_SOURCE_TOKEN": TOKEN, "PHONEWIRE_SINK_APIKEY": KEY}
    result = run(
        "bridge", url, das_peak.url + DAS_PEAK, "--source-wire", "documented", "--sink-call-id", "4fd9", **secrets
    )
    assert result.exit_code == 0, result.output
    assert re.fullmatch(
        r"the sink has enough: \d\.\d\d s to the sink, 0\.00 s to the source, 0 ms dropped\n", result.stdout
    )
    assert das_peak.messages[0]["start"] == {"callSid": "4fd9"}
    assert das_peak.headers["apikey"] == KEY
    assert requests[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert g711.ulaw_decode(das_peak.audio[:7680]) == SAMPLES[:15_360]
    assert over.wait(60)
    assert not {TOKEN, KEY} & set(re.findall(r"canary-\w+-\w+", result.output))


def test_the_sink_is_told_apart_from_the_source_when_nobody_is_there(run, voipbin, consumer):
    url, _, over = voipbin
    result = run("bridge", url, "ws://127.0.0.1:1" + DAS_PEAK)
    assert result.exit_code == 5
    assert result.stderr.startswith("the sink: nobody there: ")
    assert over.wait(60)  # the call was hung up
    result = run("bridge", url, consumer(status=401).url + DAS_PEAK)
    assert (result.exit_code, result.stderr.partition(":")[0]) == (4, "the sink")
    result = run("bridge", consumer(status=404).url + VOIPBIN, "ws://127.0.0.1:1" + DAS_PEAK)
    assert (result.exit_code, result.stderr) == (4, "the source: refused: the server answered with HTTP status 404\n")


def test_a_signal_ends_both_sides_in_order(voipbin, consumer):
    url, _, over = voipbin
    das_peak = consumer()
    command = [sys.executable, "-u", "-c", "from phonewire.cli import main; main()", "bridge", url]
    command += [das_peak.url + DAS_PEAK, "--source-wire", "documented"]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process,
        killed_at_the_end(process),
    ):
        assert das_peak.begun.wait(60)
        process.send_signal(signal.SIGTERM)
        said, complained = process.communicate(timeout=60)
    assert (process.returncode, complained) == (0, "")
    assert said.startswith("the source was hung up: ")
    assert over.wait(60)
    assert das_peak.over.wait(60)


async def test_twilio_calls_get_a_consumer_each(serving, consumer):
    das_peak = consumer(enough_bytes=4000, each=True)
    arguments = ("bridge", "twilio-server://127.0.0.1:0/twilio", das_peak.url + DAS_PEAK)
    with serving(command=arguments, PHONEWIRE_TWILIO_AUTH_TOKEN=TOKEN, PHONEWIRE_SINK_APIKEY=KEY) as bridging:
        url = bridging.url + "/twilio"
        for call_id in ("CA" + "1" * 32, "CA" + "2" * 32):
            async with TwilioCaller(url, auth_token=TOKEN, call_sid=call_id) as caller:
                await caller.say(SPEECH)
                await caller.wait_closed()
            assert caller.close_code == 1000
        await asyncio.to_thread(bridging.read_until, "CA" + "2" * 32 + ": the sink has enough")
        assert bridging.stop() == 0
    starts = [message["start"]["callSid"] for message in das_peak.messages if message["event"] == "start"]
    assert starts == ["CA" + "1" * 32, "CA" + "2" * 32]
    assert bridging.output.endswith("stopped\ncalls: 2 bridged, 0 failed\n")
    assert TOKEN not in bridging.output
    assert KEY not in bridging.output
    assert "Traceback" not in bridging.output


def test_tells_programs_what_became_of_a_call_that_it_dialled(run, voipbin, consumer):
    url, _, over = voipbin
    sink = consumer(enough_bytes=7680).url + DAS_PEAK
    result = run("bridge", url, sink, "--source-wire", "documented", "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["outcome"], told["ended_by"]) == (0, "completed", "sink")
    assert told["to_sink"]["sent_ms"] >= 960
    assert told["to_source"]["sent_ms"] == 0
    assert result.stderr.startswith("the sink has enough: ")
    assert over.wait(60)
    result = run("bridge", url, "ws://127.0.0.1:1" + DAS_PEAK, "--json")
    assert (result.exit_code, result.stdout) == (5, "")


async def test_tells_programs_of_each_call_that_came(serving, consumer):
    sink = consumer(enough_bytes=1600).url + DAS_PEAK
    command = ("bridge", "twilio-server://127.0.0.1:0/twilio", sink, "--auth", "none", "--json")
    with serving(command=command) as bridging:
        async with TwilioCaller(bridging.url + "/twilio", call_sid="CA" + "1" * 32) as caller:
            await caller.say(SPEECH)
            await caller.wait_closed()
        assert bridging.stop() == 0
    (told,) = (json.loads(line) for line in bridging.output.splitlines() if line.startswith("{"))
    assert (told["call_id"], told["outcome"], told["ended_by"]) == ("CA" + "1" * 32, "completed", "sink")
    assert bridging.output.endswith("stopped\ncalls: 1 bridged, 0 failed\n")


async def test_a_call_whose_sink_refuses_is_told_and_counted(serving, consumer):
    sink = consumer(status=503).url + DAS_PEAK
    with serving(command=("bridge", "twilio-server://127.0.0.1:0/twilio", sink, "--auth", "none")) as bridging:
        async with TwilioCaller(bridging.url + "/twilio") as caller:
            await caller.wait_closed()
        assert caller.close_code == 1014
        assert bridging.stop() == 0
    assert "the sink: refused: the server answered with HTTP status 503" in bridging.output
    assert bridging.output.endswith("calls: 0 bridged, 1 failed\n")
    assert "Traceback" not in bridging.output


async def test_a_call_may_go_on_when_the_consumer_has_enough(serving, consumer):
    sink = consumer(enough_bytes=1600).url + DAS_PEAK
    arguments = ("twilio-server://127.0.0.1:0/twilio", sink, "--auth", "none", "--stay")
    with serving(command=("bridge", *arguments)) as bridging:
        async with TwilioCaller(bridging.url + "/twilio") as caller:
            await asyncio.to_thread(bridging.read_until, "the sink has enough")
            await caller.listen(seconds=0.2)
            assert caller.close_code is None
        assert bridging.stop() == 0
    assert bridging.output.endswith("calls: 1 bridged, 0 failed\n")


async def test_asterisk_reaches_a_bot_that_was_written_for_twilio(serving):
    """Asterisk's call to a server of Twilio streams that knows nothing of phonewire, and back."""
    heard, keys = bytearray(), []

    def bot(socket):
        socket.recv()
        sid = json.loads(socket.recv())["streamSid"]
        with contextlib.suppress(ConnectionClosed):
            for text in socket:
                message = json.loads(text)
                if message["event"] == "media":
                    socket.send(json.dumps({"event": "media", "streamSid": sid, "media": message["media"]}))
                elif message["event"] == "dtmf":
                    keys.append(message["dtmf"]["digit"])

    with serve(bot, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        sink = f"ws://127.0.0.1:{server.socket.getsockname()[1]}/"
        uuid = "4fd9e9af-dd71-4177-be31-0bc5041221be"
        arguments = ("audiosocket-server://127.0.0.1:0", sink, "--sink-protocol", "twilio", "--call-id", uuid)
        with serving(command=("bridge", *arguments), ready="go to twilio") as bridging:
            port = int(re.search(r"audiosocket://127\.0\.0\.1:(\d+)", "".join(bridging.lines))[1])
            async with AsteriskCaller("127.0.0.1", port, call_id=uuid) as caller:
                await caller.press("7")
                await caller.say(SAMPLES)
                # A busy machine makes frames late, and silence stands where they should have been.
                whole = SAMPLES[: len(SAMPLES) // 320 * 320]
                await caller.until(lambda: not missing(whole, bytes(caller.heard)))
            stranger = await asyncio.to_thread(_dial_as_stranger, port)
            assert stranger == b""
            assert bridging.stop() == 0
        server.shutdown()
        thread.join()
    assert keys == ["7"]
    assert not heard
    assert "calls: 1 bridged, 0 failed" in bridging.output


def _dial_as_stranger(port):
    import socket

    with socket.create_connection(("127.0.0.1", port)) as peer:
        peer.sendall(b"\x01\x00\x10" + bytes(16))
        return peer.recv(100)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ftp://x", "ws://x" + DAS_PEAK], "URL begins with ws://, wss:// or audiosocket://"),
        (["twilio-server://127.0.0.1:0/t", "ws://x/"], "say --sink-protocol, one of"),
        (["twilio-server://127.0.0.1:0/t", "ws://x" + DAS_PEAK], "who may call over twilio? Give --auth"),
        (["twilio-server://127.0.0.1", "ws://x" + DAS_PEAK, "--auth", "none"], "NAME-server://HOST:PORT/PATH"),
        (["audiosocket-server://127.0.0.1:0", "ws://x" + DAS_PEAK], "who may call over AudioSocket?"),
        (["audiosocket-server://127.0.0.1:0", "ws://x" + DAS_PEAK, "--allow", "me"], "me"),
        (
            ["twilio-server://127.0.0.1:0/t", "ws://x" + DAS_PEAK, "--source-wire", "alaw:8000"],
            "--source-wire of calls",
        ),
        (["ws://x" + VOIPBIN, "ws://x" + DAS_PEAK, "--auth", "none"], "are for a SOURCE that calls here"),
        (["ws://x" + VOIPBIN, "ws://x" + DAS_PEAK, "--sink-apikey", KEY], "--allow-insecure"),
        (["ws://x" + VOIPBIN, "ws://x" + DAS_PEAK, "--sink-wire", "deployed"], "--sink-wire deployed is for VoIPBIN"),
        (["twilio-server://127.0.0.1:0/t", "ws://x" + DAS_PEAK, "--source-token", TOKEN], "--source-token is for"),
    ],
)
def test_says_what_it_does_not_understand(run, arguments, message):
    result = run("bridge", *arguments)
    assert result.exit_code == 2, result.output
    assert message in " ".join(result.stderr.split())
    assert KEY not in result.output
    assert TOKEN not in result.output
