"""``phonewire send`` against consumers that know nothing of phonewire."""

import contextlib
import json
import re
import socket
import struct
import threading

import pytest

from phonewire import g711
from phonewire.wav import WavInfo, WavWriter

SPEECH = bytes(range(0x80)) * 60 + b"end"  # 960 ms in 11 pieces, the last of 3 bytes
SAMPLES = g711.ulaw_decode(SPEECH)
ALAW = g711.alaw_encode(SAMPLES)
SECRET = "canary-7f3a"
DAS_PEAK = "/daspeak-stream/v1/twilio"


@pytest.fixture
def wav(tmp_path):
    def write(audio=SPEECH, encoding="ulaw", rate=8000, channels=1):
        path = tmp_path / f"{encoding}-{rate}-{channels}.wav"
        with WavWriter(path, WavInfo(encoding, rate, channels)) as writer:
            writer.write(audio)
        return path

    return write


@pytest.fixture
def raw(tmp_path):
    def write(audio):
        path = tmp_path / "audio.raw"
        path.write_bytes(audio)
        return path

    return write


def test_sends_as_the_published_client_does(run, consumer, wav):
    server = consumer(enough_bytes=len(SPEECH))
    result = run("send", wav(), server.url, "--call-id", "4fd9e9af-dd71-4177-be31-0bc5041221be")
    assert result.exit_code == 0
    assert result.stdout == "completed: the consumer closed after 0.96 s of audio (close code 1000)\n"
    assert result.stderr == ""
    start, *medias = server.messages
    assert start == {"event": "start", "start": {"callSid": "4fd9e9af-dd71-4177-be31-0bc5041221be"}}
    assert [len(message["media"]["payload"]) for message in medias] == [1024] * 10 + [4]
    assert server.audio == SPEECH
    assert "apikey" not in server.headers


@pytest.mark.parametrize(
    ("encoding", "audio", "expected"),
    [
        ("ulaw", SPEECH, SPEECH),
        ("alaw", ALAW, g711.ulaw_encode(g711.alaw_decode(ALAW))),
        ("s16le", SAMPLES, g711.ulaw_encode(SAMPLES)),
    ],
)
def test_converts_to_the_codec_of_the_wire(run, consumer, wav, raw, encoding, audio, expected):
    for path, options in ((wav(audio, encoding), ()), (raw(audio), ("--encoding", encoding, "--rate", "8000"))):
        server = consumer(enough_bytes=len(SPEECH))
        assert run("send", path, server.url, *options).exit_code == 0
        assert server.audio == expected


@pytest.mark.parametrize(
    ("wire", "rate", "expected"),
    [("alaw:8000", 8000, g711.alaw_encode(SAMPLES)), ("s16le:8000", 8000, SAMPLES), ("s16le:16000", 16000, SAMPLES)],
)
def test_the_wire_is_what_the_signalling_said(run, consumer, wav, wire, rate, expected):
    server = consumer(enough_bytes=len(expected))
    result = run("send", wav(SAMPLES, "s16le", rate), server.url, "--wire", wire)
    assert result.exit_code == 0, result.stderr
    assert server.audio == expected


def test_big_endian_samples(run, consumer, raw):
    server = consumer(enough_bytes=len(SPEECH))
    count = len(SPEECH)
    swapped = struct.pack(f">{count}h", *struct.unpack(f"={count}h", SAMPLES))
    assert run("send", raw(swapped), server.url, "--encoding", "s16be").exit_code == 0
    assert server.audio == g711.ulaw_encode(SAMPLES)


@pytest.mark.parametrize("channel", [1, 2])
def test_sends_one_channel(run, consumer, wav, channel):
    both = bytes(byte for pair in zip(SPEECH, reversed(SPEECH), strict=True) for byte in pair)
    server = consumer(enough_bytes=len(SPEECH))
    assert run("send", wav(both, channels=2), server.url, "--channel", channel).exit_code == 0
    assert server.audio == (SPEECH if channel == 1 else SPEECH[::-1])


def test_a_close_while_sending_is_success(run, consumer, wav):
    result = run("send", wav(SPEECH * 20), consumer(enough_bytes=1536).url)
    assert result.exit_code == 0
    assert result.stdout.startswith("completed: the consumer closed after ")


def test_tells_programs_what_became_of_it(run, consumer, wav):
    result = run("send", wav(), consumer(enough_bytes=len(SPEECH)).url, "--call-id", "4fd9", "--json")
    call = {"call_id": "4fd9", "sent_ms": 960, "unconfirmed_ms": None, "end_reason": "completed", "close_code": 1000}
    assert (result.exit_code, json.loads(result.stdout)) == (0, {"outcome": "completed", "call": call})
    assert result.stderr == "completed: the consumer closed after 0.96 s of audio (close code 1000)\n"
    result = run("send", wav(), consumer(status=401).url + DAS_PEAK, "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (4, {"outcome": "refused", "call": None})


# Exit codes


def test_not_enough_audio_when_the_consumer_does_not_close(run, consumer, wav):
    result = run("send", wav(), consumer().url + DAS_PEAK, "--wait", "0.05")
    assert result.exit_code == 3
    assert result.stderr == "not enough audio: 0.96 s of audio sent, and no close within 0.05 s\n"


def test_not_enough_audio_when_the_consumer_says_so(run, consumer, wav):
    result = run("send", wav(), consumer(len(SPEECH), 4001).url + DAS_PEAK)
    assert result.exit_code == 3
    assert result.stderr == "not enough audio: 0.96 s of audio sent (close code 4001)\n"


@pytest.mark.parametrize("status", [401, 403, 404, 503])
def test_refused_at_the_door(run, consumer, wav, status):
    result = run("send", wav(), consumer(status=status).url + DAS_PEAK, PHONEWIRE_APIKEY=SECRET)
    assert result.exit_code == 4
    assert re.fullmatch(rf"refused: .* HTTP status {status}\n", result.stderr)
    assert SECRET not in result.output


@pytest.mark.parametrize("code", [1008, 1011])
def test_refused_later(run, consumer, wav, code):
    result = run("send", wav(), consumer(768, code).url)
    assert result.exit_code == 4
    assert f"(close code {code})" in result.stderr


def test_nobody_there(run, wav):
    with socket.socket() as bound:  # bound and not listening: nobody else gets this port
        bound.bind(("127.0.0.1", 0))
        result = run("send", wav(), f"ws://127.0.0.1:{bound.getsockname()[1]}")
    assert result.exit_code == 5
    assert result.stderr.startswith("nobody there: ")


@contextlib.contextmanager
def stranger(says=b""):
    """Somebody who takes one connection, reads, says this, and hangs up; yields host and port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer():
            peer, _ = listener.accept()
            with peer:
                peer.recv(4096)
                peer.sendall(says)
                peer.shutdown(socket.SHUT_WR)
                while peer.recv(4096):  # or else the system resets the connection, and what was said is lost with it
                    pass

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


def test_nobody_who_speaks_websocket(run, wav):
    with stranger(b"\x1b[31m220 mail.example.com ESMTP\r\n\r\n") as address:
        result = run("send", wav(), f"ws://{address}{DAS_PEAK}")
    assert result.exit_code == 5
    assert result.stderr == "nobody there: the server does not speak WebSocket: InvalidMessage\n"


def test_nobody_who_speaks_tls(run, consumer, wav):
    result = run("send", wav(), consumer().url.replace("ws:", "wss:"))
    assert result.exit_code == 5
    assert result.stderr.startswith("nobody there: ")


def test_nobody_who_goes_on_with_tls(run, wav):
    with stranger() as address:
        result = run("send", wav(), f"wss://{address}{DAS_PEAK}")
    assert result.exit_code == 5
    assert result.stderr == "nobody there: the server hung up during the TLS handshake: perhaps it wants ws://\n"


# To an AudioSocket server


@pytest.mark.parametrize(
    ("says", "exit_code", "told"),
    [
        (b"\x00\x00\x00", 0, "completed: the far end hung up after N s of audio"),
        (b"", 5, "dropped: the connection ended after N s of audio, without a hangup"),
        (
            b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
            5,
            "dropped: what answers does not speak AudioSocket; the connection ended after N s of audio",
        ),
        (b"\x48\x00\x01\x48", 5, "dropped: what answers does not speak AudioSocket; the connection ended after N s of"),
    ],
)
def test_an_audiosocket_that_ends_before_all_is_sent(run, wav, says, exit_code, told):
    with stranger(says) as address:
        result = run("send", wav(SAMPLES * 4, "s16le"), f"audiosocket://{address}")
    assert result.exit_code == exit_code
    said = re.sub(r"[0-9.]+ s ", "N s ", result.stderr if exit_code else result.stdout)
    assert said.startswith(told)
    assert f"{len(SAMPLES) * 4 / 16_000:.2f}" not in result.output


# To a server of Twilio streams


def test_speaks_twilio_too(run, consumer, wav):
    server = consumer()
    result = run("send", wav(SPEECH[:1600]), server.url, "--protocol", "twilio", "--pace", "none")
    assert (result.exit_code, result.stdout) == (0, "completed: 0.20 s of audio sent\n")
    assert server.over.wait(60)
    assert [message["event"] for message in server.messages] == ["connected", "start", *["media"] * 10, "stop"]
    assert server.audio == SPEECH[:1600]


def test_a_twilio_server_may_hang_up(run, consumer, wav):
    result = run("send", wav(), consumer(enough_bytes=480).url, "--protocol", "twilio")
    assert result.exit_code == 0
    assert result.stdout.startswith("completed: the far end hung up after ")


def test_a_twilio_server_may_vanish(run, consumer, wav):
    result = run("send", wav(), consumer(480, code=None).url, "--protocol", "twilio")
    assert result.exit_code == 5
    assert result.stderr.startswith("dropped: the connection ended after ")


def test_realtime_sends_the_same(run, consumer, raw):
    server = consumer(enough_bytes=1536)
    assert run("send", raw(SPEECH[:1536]), server.url, "--encoding", "ulaw", "--pace", "realtime").exit_code == 0
    assert server.audio == SPEECH[:1536]


# Secrets


def test_the_key_goes_into_the_header_and_nowhere_else(run, consumer, wav):
    for arguments, environment in (((), {"PHONEWIRE_APIKEY": SECRET}), (("--apikey", SECRET), {})):
        server = consumer(enough_bytes=len(SPEECH))
        result = run("--verbose", "send", wav(), server.url, *arguments, **environment)
        assert result.exit_code == 0
        assert server.headers["apikey"] == SECRET
        assert SECRET not in result.output


def test_the_key_does_not_go_out_in_the_clear(run, wav):
    result = run("send", wav(), "ws://phonewire.invalid/", PHONEWIRE_APIKEY=SECRET)
    assert result.exit_code == 2
    assert "apikey would be sent in the clear: use wss://, or say --allow-insecure" in result.stderr
    assert SECRET not in result.output


# What cannot be sent is said before anybody is called


@pytest.mark.parametrize(
    ("make", "options", "message"),
    [
        (lambda wav, raw: raw(b"not audio at all"), (), "for audio without a header say --encoding and --rate"),
        (lambda wav, raw: wav(bytes(6), "s16le", 8000, 3), (), "the file has 3 channels, the wire has 1: choose with"),
        (lambda wav, raw: wav(bytes(2), channels=2), ("--channel", "3"), "2 channel(s), there is no channel 3"),
        (lambda wav, raw: wav(rate=16000), (), "the file has 16000 Hz, the wire has 8000 Hz"),
        (lambda wav, raw: raw(SPEECH), ("--encoding", "alaw", "--rate", "44100"), "the file has 44100 Hz"),
        (lambda wav, raw: raw(b"odd"), ("--encoding", "s16le"), "s16le takes 2 bytes a sample, the file has 3"),
        (lambda wav, raw: wav(), ("--encoding", "ulaw"), "the file has a header of its own"),
        (lambda wav, raw: wav(b""), (), "there is no audio in the file"),
        (lambda wav, raw: raw(b""), ("--encoding", "ulaw"), "there is no audio in the file"),
    ],
)
def test_says_what_it_cannot_send(run, wav, raw, make, options, message):
    result = run("send", make(wav, raw), "ws://127.0.0.1:1/", *options)
    assert result.exit_code == 1
    assert message in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["http://127.0.0.1/"], "URL begins with ws://, wss:// or audiosocket://"),
        (["ws://127.0.0.1/", "--rate", "8000"], "--rate goes with --encoding"),
        (
            ["ws://127.0.0.1/", "--wire", "opus:48000"],
            "'opus:48000' is not one of ulaw, alaw, s16le, a colon",
        ),
        (["ws://127.0.0.1/", "--wire", "ulaw"], "'ulaw' is not one of"),
        (["ws://127.0.0.1/", "--protocol", "twilio", "--wire", "alaw:8000"], "Twilio's wire is ulaw:8000"),
        (["ws://127.0.0.1/", "--encoding", "ulaw", "--channel", "1"], "--channel is for WAV files"),
        (["ws://127.0.0.1/", "--encoding", "opus"], "'opus' is not one of"),
    ],
)
def test_says_what_it_does_not_understand(run, wav, arguments, message):
    result = run("send", wav(), *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_file_that_is_not_there(run, tmp_path):
    assert run("send", tmp_path / "no.wav", "ws://127.0.0.1/").exit_code == 2


def test_says_what_to_do_when_a_guessed_protocol_was_refused(run, consumer, wav):
    url = consumer(status=404).url
    hint = "The URL does not tell its protocol, so das-peak was spoken; --protocol: twilio, "
    assert hint in run("send", wav(), f"{url}/twilio").stderr
    assert hint not in run("send", wav(), f"{url}/twilio", "--protocol", "das-peak").stderr
    assert hint not in run("send", wav(), url + DAS_PEAK).stderr


def test_a_header_that_cannot_be_sent_is_no_fault_of_the_server(run, wav):
    result = run("send", wav(), "ws://127.0.0.1:1/", "--apikey", f"{SECRET}\nhost: evil")
    assert (result.exit_code, SECRET in result.output) == (2, False)
    assert "the header apikey has a line break in it" in result.stderr


def test_an_id_that_no_consumer_takes(run, consumer, wav):
    result = run("send", wav(), consumer().url, "--call-id", "../../etc")
    assert result.exit_code == 1
    assert "etc" not in result.stderr


# The bar


def test_draws_a_bar_on_a_terminal_only(run, consumer, wav):
    for environment, colour in (({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)):
        server = consumer(enough_bytes=len(SPEECH))
        result = run("send", wav(), server.url, **environment, TERM="xterm-256color")
        assert "sending" in result.stderr
        assert bool(re.search(r"\x1b\[[0-9;]*3[0-9]", result.stderr)) is colour
        assert result.stdout.startswith("completed")
