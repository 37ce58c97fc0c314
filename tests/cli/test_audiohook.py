"""Genesys' AudioHook from the shell: ``phonewire serve --audiohook`` and ``phonewire send``, against each other."""

import random
from base64 import b64encode

import pytest

from phonewire import auth
from phonewire.wav import WavInfo, WavReader, WavWriter

KEY, SECRET = "canary-key-9e0b", b64encode(b"canary-secret-51c2").decode()
GENESYS = {"PHONEWIRE_AUDIOHOOK_KEY": KEY, "PHONEWIRE_AUDIOHOOK_SECRET": SECRET}
STEREO = random.Random(1).randbytes(2 * 8 * 400)
NOBODY = "wss://127.0.0.1:1/audiohook"


@pytest.fixture
def wav(tmp_path):
    def write(audio=STEREO, encoding="ulaw", channels=2):
        path = tmp_path / f"{encoding}-{channels}.wav"
        with WavWriter(path, WavInfo(encoding, 8000, channels)) as writer:
            writer.write(audio)
        return path

    return write


def recordings(directory):
    for path in sorted(directory.glob("*.wav")):
        with WavReader(path) as reader:
            yield reader.info.channels, reader.read()


def test_both_voices_are_sent_and_recorded_apart(run, serving, wav, tmp_path):
    calls = tmp_path / "calls"
    calls.mkdir()
    changing = GENESYS | {"PHONEWIRE_AUDIOHOOK_SECRET": f"{b64encode(b'the new one').decode()} {SECRET}"}
    with serving("--audiohook", "--record", calls, **changing) as served:
        url = served.url + "/audiohook"
        stereo = run("send", wav(), url, **GENESYS)
        mono = run("send", wav(), url, "--channel", "2", "--key", KEY, "--secret", SECRET)
        refused = run("send", wav(), url, **GENESYS | {"PHONEWIRE_AUDIOHOOK_SECRET": b64encode(b"other").decode()})
        served.stop()
    assert stereo.stdout == mono.stdout == "completed: 0.40 s of audio sent\n"
    assert sorted(recordings(calls)) == [(1, STEREO[1::2]), (2, STEREO)]
    assert refused.exit_code == 4
    assert refused.stderr == "refused: the server answered with HTTP status 401\n"
    assert "Genesys AudioHook Monitor on ws://127.0.0.1" in served.output
    assert "(callers are checked)" in served.output
    assert "Traceback" not in served.output
    for output in (served.output, stereo.output, refused.output):
        assert KEY not in output
        assert SECRET not in output


def test_a_consumer_that_has_enough_says_that_it_is_completed(run, serving, wav, tmp_path):
    with serving("--audiohook", "/here", "--auth", "none", "--enough", "0.1", "--record", tmp_path) as served:
        result = run("send", wav(), served.url + "/here", "--protocol", "audiohook")
        served.stop()
    assert result.exit_code == 0
    assert result.stdout.startswith("completed: the consumer closed after 0.")
    assert result.stdout.endswith("s of audio (close code 1000)\n")
    ((channels, audio),) = [each for each in recordings(tmp_path) if each[1] != STEREO]
    assert (channels, audio) == (2, STEREO[:1600])  # a tenth of a second of each voice, to the sample


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--audiohook",), "who may call over AudioHook? Give --key and --secret"),
        (("--audiohook", "--key", "k"), "each --key has its --secret: got 1 and 0"),
        (("--audiohook", "--key", "k", "--key", "l", "--secret", SECRET), "got 2 and 1"),
        (("--audiohook", "--key", "k", "--secret", "not base64!"), "a client secret is base64"),
        (("--audiohook-connector", "--secret", SECRET), "got 0 and 1"),
        (("--audiohook", "--key", "k", "--secret", SECRET, "--public-url", "http://x"), "public_url"),
    ],
    ids=str,
)
def test_who_may_call_is_said(run, arguments, message):
    result = run("serve", *arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
    assert SECRET not in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((NOBODY, "--key", "k"), "--key and --secret go together"),
        ((NOBODY, "--key", "k", "--secret", "not base64!"), "a client secret is base64"),
        ((NOBODY, "--wire", "alaw:8000"), "ulaw or s16le"),
        (("ws://example.com/audiohook", "--key", "k", "--secret", SECRET), "use wss://, or say --allow-insecure"),
        ((NOBODY, "--protocol", "audiohook-connector"), "the file has 2 channels, the wire has 1"),
    ],
    ids=str,
)
def test_what_cannot_be_sent_is_said(run, wav, arguments, message):
    result = run("send", wav(), *arguments)
    assert result.exit_code in (1, 2)
    assert message in " ".join(result.stderr.split())
    assert SECRET not in result.output


def test_without_the_library_for_signatures_it_says_what_to_install(run, monkeypatch):
    def gone(name):
        raise ImportError("AudioHook's signature needs http-sf: pip install phonewire[audiohook]")

    monkeypatch.setattr(auth, "__getattr__", gone)
    result = run("serve", "--audiohook", **GENESYS)
    assert result.exit_code == 2
    assert "pip install phonewire[audiohook]" in result.stderr
