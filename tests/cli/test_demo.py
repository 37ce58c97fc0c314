"""The demo, as `make demo` runs it, on less audio."""

import re
import subprocess
import sys

from phonewire.wav import WavInfo, WavWriter


def phonewire(*arguments):
    command = [sys.executable, "-m", "phonewire", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_every_claim_holds():
    result = phonewire("demo", "--fast")
    assert result.returncode == 0, result.stdout
    hold, claims = map(int, re.search(r"(\d+) of (\d+) claims hold", result.stdout).groups())
    assert hold == claims == result.stdout.count("✓") >= 15
    for call in ("VoIPBIN, rtp:", "VoIPBIN, sln:", "VoIPBIN, audiosocket:", "AudioSocket:", "bridge:"):
        assert f"✓ │ {call}" in result.stdout
    assert re.search(r"server says [\d,]+, the phone heard", " ".join(result.stdout.split()))
    assert result.stderr == ""


def test_a_claim_that_does_not_hold_is_exit_status_1(tmp_path):
    # Too short to speak for the three seconds after which the bot is interrupted: the phone hears less.
    short = tmp_path / "short.wav"
    with WavWriter(short, WavInfo("ulaw", 8000, 1)) as writer:
        writer.write(bytes(range(1, 0x70)) * 20)
    result = phonewire("demo", "--fast", "--audio", short)
    assert result.returncode == 1
    assert "✗" in result.stdout


def test_a_recording_that_is_no_speech_for_the_wire_is_one_line(tmp_path):
    wide = tmp_path / "wide.wav"
    with WavWriter(wide, WavInfo("s16le", 16000, 1)) as writer:
        writer.write(bytes(32000))
    result = phonewire("demo", "--audio", wide)
    assert result.returncode == 1
    assert "16000" in result.stderr
    assert "Traceback" not in result.stderr
