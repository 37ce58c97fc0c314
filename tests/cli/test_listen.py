"""``phonewire listen``, and ``send`` on a call: VoIPBIN played by a server that knows nothing of phonewire."""

import contextlib
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import threading
import time
import wave
from http import HTTPStatus
from socket import SHUT_RDWR

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

from phonewire.wav import WavInfo, WavWriter
from tests.command import killed_at_the_end

SAMPLES = struct.pack("<8000h", *(n * 37 % 20_000 + 1 for n in range(8000)))  # 1 s, no frame like another
SECRET = "canary-11c9"


class Platform:
    """VoIPBIN: says *speech* in messages of 20 ms as fast as they go, hears what comes, ends without a goodbye.

    A call that has ended is not found any more.
    """

    def __init__(self, speech, *, hear_ms=0):
        self.speech, self.hear_ms = speech, hear_ms
        self.heard, self.paths, self.headers = b"", [], []
        self.began_at = self.heard_at = None
        self.ended = False

    def answer(self, socket, request):
        return socket.respond(HTTPStatus.NOT_FOUND, "") if self.ended else None

    def __call__(self, socket):
        self.began_at = time.monotonic()
        self.paths.append(socket.request.path)
        self.headers.append(socket.request.headers)
        with contextlib.suppress(ConnectionClosed):
            for start in range(0, len(self.speech), 320):
                socket.send(self.speech[start : start + 320])
            while len(self.heard.replace(bytes(320), b"")) < 16 * self.hear_ms:
                self.heard += socket.recv()
            self.heard_at = time.monotonic()
            if not self.hear_ms:
                self.ended = True
                socket.socket.shutdown(SHUT_RDWR)
            for _ in socket:
                pass


@pytest.fixture
def voipbin():
    """Serve a platform; return the URL of its call."""
    with contextlib.ExitStack() as stack:

        def start(platform, encapsulation="sln"):
            server = stack.enter_context(serve(platform, "127.0.0.1", 0, process_request=platform.answer))
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            port = server.socket.getsockname()[1]
            return f"ws://127.0.0.1:{port}/v1.0/calls/4fd9/media_stream?encapsulation={encapsulation}"

        yield start


def recorded(path):
    with wave.open(str(path)) as file:
        return file.readframes(file.getnframes())


# Listening


def test_a_call_is_recorded_sample_for_sample(run, voipbin, tmp_path):
    platform = Platform(SAMPLES)
    url, out = voipbin(platform), tmp_path / "out.wav"
    result = run("listen", url, "--record", out, "--wire", "documented", PHONEWIRE_TOKEN=SECRET)
    assert result.exit_code == 0, result.output
    assert recorded(out) == SAMPLES
    assert result.stdout.splitlines()[-1] == f"stopped: 1.00 s heard, 0 packets lost, 1.00 s in {out}"
    assert platform.headers[0]["Authorization"] == f"Bearer {SECRET}"
    assert SECRET not in result.output
    assert platform.heard == b""


def test_events_are_lines_of_json(run, voipbin):
    result = run("listen", voipbin(Platform(SAMPLES)), "--json")
    assert result.exit_code == 0
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert "Detected" in [event["event"] for event in events]
    assert "Disconnected" in [event["event"] for event in events]
    assert all(isinstance(event["at_s"], float) for event in events)
    assert events[-1]["reason"] == "stopped"
    assert "stopped: 1.00 s heard" in result.stderr


def test_a_recording_that_is_there_already_is_an_error(run, voipbin, tmp_path):
    out = tmp_path / "out.wav"
    out.write_bytes(b"precious")
    result = run("listen", voipbin(Platform(SAMPLES)), "--record", out)
    assert result.exit_code == 1
    assert "Error: " in result.stderr
    assert out.read_bytes() == b"precious"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["wss://x/twilio"],
            "there is nothing to hear: a URL to listen to is wss://.../media_stream?encapsulation=rtp",
        ),
        (["ws://x:99999/v1.0/calls/1/media_stream?encapsulation=sln"], "a port (1 to 65535)"),
        (["audiosocket://x", "--record", "/nowhere/call.wav"], "there is no directory /nowhere"),
        (["audiosocket://x", "--record", ""], "a name is needed"),
        (["http://x"], "URL begins with ws://, wss:// or audiosocket://"),
        (["wss://x/daspeak-stream/v1/twilio"], "there is nothing to hear: a URL to listen to is"),
        (["wss://x/v1.0/calls/1/media_stream"], "?encapsulation=rtp, sln or audiosocket"),
        (["wss://x/v1.0/calls/1/media_stream?encapsulation=sln", "--wire", "ulaw:8000"], "--wire of VoIPBIN is one of"),
        (["ws://example.com/v1.0/calls/1/media_stream?encapsulation=sln", "--token", SECRET], "--allow-insecure"),
        (["audiosocket://127.0.0.1"], "an AudioSocket URL is audiosocket://HOST:PORT"),
        (["audiosocket://127.0.0.1:1/me"], "an AudioSocket URL is audiosocket://HOST:PORT"),
        (["audiosocket://127.0.0.1:1", "--wire", "deployed"], "--wire deployed is for VoIPBIN"),
        (["audiosocket://127.0.0.1:1", "--wire", "ulaw:8000"], "AudioSocket carries 16-bit samples"),
        (["audiosocket://127.0.0.1:1", "--record-format", "ulaw"], "--record-format needs --record"),
    ],
)
def test_says_what_it_does_not_understand(run, arguments, message):
    result = run("listen", *arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
    assert SECRET not in result.output


def test_nobody_there(run):
    assert run("listen", "audiosocket://127.0.0.1:1").exit_code == 5


def test_a_signal_completes_the_recording(voipbin, tmp_path):
    platform = Platform(SAMPLES, hear_ms=10_000)
    out = tmp_path / "out.wav"
    code = "from phonewire.cli import main; main()"
    command = [sys.executable, "-u", "-c", code, "listen", voipbin(platform), "--record", str(out)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process,
        killed_at_the_end(process),
    ):
        assert "Detected" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        said, complained = process.communicate(timeout=60)
    assert (process.returncode, complained) == (0, "")
    assert said.startswith("closed: ")
    assert SAMPLES.startswith(recorded(out)[: len(SAMPLES)])


def test_a_terminal_shows_time_level_and_loss(voipbin):
    platform = Platform(SAMPLES, hear_ms=10_000)
    ours, theirs = pty.openpty()
    code, shown = "from phonewire.cli import main; main()", ""
    command = [sys.executable, "-u", "-c", code, "listen", voipbin(platform)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, env=os.environ | {"TERM": "xterm"}) as process,
        killed_at_the_end(process),
    ):
        while not re.search(r"1\.0 s +-\d+ dBFS  0 lost  jitter 0 ms", shown):
            shown += os.read(ours, 65_536).decode()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    os.close(theirs)
    os.close(ours)
    assert process.returncode == 0


def test_seconds_end_it(run, voipbin):
    result = run("listen", voipbin(Platform(SAMPLES, hear_ms=10_000)), "--seconds", "0.1")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1].startswith("closed: ")


# Sending


@pytest.fixture
def prompt(tmp_path):
    path = tmp_path / "prompt.wav"
    with WavWriter(path, WavInfo("s16le", 8000, 1)) as writer:
        writer.write(SAMPLES[:6400])
    return path


def test_a_prompt_is_said_on_a_voipbin_call(run, voipbin, prompt):
    platform = Platform(bytes(320), hear_ms=400)
    result = run("send", prompt, voipbin(platform), "--wire", "documented", PHONEWIRE_TOKEN=SECRET)
    assert (result.exit_code, result.stdout) == (0, "completed: 0.40 s of audio sent, 0 ms of it unconfirmed\n")
    assert SAMPLES[:6400] in platform.heard
    assert platform.heard_at - platform.began_at > 0.3  # not all at once
    assert platform.headers[0]["Authorization"] == f"Bearer {SECRET}"


def test_programs_are_told_what_a_voipbin_call_has_confirmed(run, voipbin, prompt):
    arguments = ("send", prompt, voipbin(Platform(bytes(320), hear_ms=400)), "--wire", "documented", "--json")
    call = json.loads(run(*arguments, PHONEWIRE_TOKEN=SECRET).stdout)["call"]
    assert (call["sent_ms"], call["unconfirmed_ms"]) == (400, 0)


def test_a_file_is_said_to_an_audiosocket_server(run, prompt):
    import socket

    heard = bytearray()

    def answer():
        peer, _ = listener.accept()
        with peer:
            while data := peer.recv(65_536):
                heard.extend(data)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer)
        thread.start()
        uuid = "4fd9e9af-dd71-4177-be31-0bc5041221be"
        result = run("send", prompt, f"audiosocket://127.0.0.1:{listener.getsockname()[1]}/{uuid}")
        thread.join()
    assert (result.exit_code, result.stdout) == (0, "completed: 0.40 s of audio sent\n")
    assert heard[:19] == b"\x01\x00\x10" + bytes.fromhex(uuid.replace("-", ""))
    frames = [bytes(heard[at : at + 323]) for at in range(19, len(heard) - 3, 323)]
    assert {frame[:3] for frame in frames} == {b"\x10\x01\x40"}
    assert SAMPLES[:6400] in b"".join(frame[3:] for frame in frames)
    assert heard.endswith(b"\x00\x00\x00")
