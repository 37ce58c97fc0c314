"""The demo, as `make demo` runs it, on less audio."""

import asyncio
import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

from phonewire.cli import claims
from phonewire.cli.claims.made_voice import made_voice
from phonewire.emulators.clock import FakeClockLoop
from phonewire.emulators.speech import ulaw
from phonewire.wav import WavInfo, WavWriter

demo = importlib.import_module("phonewire.cli.demo")  # the package has the command by this name


def phonewire(*arguments):
    command = [sys.executable, "-m", "phonewire", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_every_claim_holds():
    """On a fake clock: in real time a claim may fail because the machine is busy, and says so."""
    speech = ulaw(Path(__file__).parents[2] / "examples" / "audio" / "speech.wav")
    with asyncio.Runner(loop_factory=FakeClockLoop) as runner:
        rows = runner.run(claims.check_all(speech, fast=True, progress=lambda what: None))
    assert [row.claim for row in rows if not row.holds] == []
    assert not any("second try" in row.measured for row in rows)
    told = [row.claim.partition(":")[0] for row in rows]
    for call in (
        "VoIPBIN, rtp",
        "VoIPBIN, sln",
        "VoIPBIN, audiosocket",
        "AudioSocket",
        "conference",
        "bridge",
        "das-Peak job",
        "Genesys AudioHook",
        "Genesys Audio Connector, barge-in after 2.5 s",
        "Twilio barge-in after 3 s",
        "recording",
        "network that breaks",
    ):
        assert call in told
    assert len(rows) >= 33


def test_every_claim_holds_for_a_made_voice(monkeypatch, run, tmp_path):
    """What is installed comes without the recording."""
    told = []

    async def check_all(speech, *, fast, progress):
        told.append(speech)
        return [claims.Claim("a claim", "1 ms", holds=True)]

    monkeypatch.setattr(demo, "_SPEECH", tmp_path / "none.wav")
    monkeypatch.setattr(claims, "check_all", check_all)
    result = run("demo", "--fast")
    assert (result.exit_code, ", a made voice\n" in result.stdout) == (0, True)
    assert told == [made_voice()]
    monkeypatch.undo()
    with asyncio.Runner(loop_factory=FakeClockLoop) as runner:
        rows = runner.run(claims.check_all(told[0], fast=True, progress=lambda what: None))
    assert [row.claim for row in rows if not row.holds] == []


def test_tells_programs_what_it_measured(monkeypatch, run):
    holds = [True, False]

    async def check_all(speech, *, fast, progress):
        progress("a call")
        return [claims.Claim("a claim", "1 ms", holds=each) for each in holds]

    monkeypatch.setattr(claims, "check_all", check_all)
    result = run("demo", "--json")
    rows = [{"claim": "a claim", "measured": "1 ms", "holds": each} for each in holds]
    assert (result.exit_code, json.loads(result.stdout)) == (1, {"ok": False, "claims": rows})
    assert "  a call …\n" in result.stderr
    holds.pop()
    result = run("demo", "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (0, {"ok": True, "claims": rows[:1]})


def test_in_real_time_it_tells_what_it_measured():
    result = phonewire("demo", "--fast")
    hold, rows = map(int, re.search(r"(\d+) of (\d+) claims hold", result.stdout).groups())
    assert hold == result.stdout.count("✓")
    assert rows - hold == result.stdout.count("✗")
    assert rows >= 33
    assert result.returncode == (0 if hold == rows else 1), result.stdout
    assert re.search(r"server says [\d,]+, the phone heard", " ".join(result.stdout.split()))
    assert result.stderr == ""


def test_what_fails_among_others_is_tried_again_by_itself(monkeypatch):
    tries = []

    async def check(speech, *, fast):
        tries.append(1)
        return [claims.Claim("a claim", "1 ms", holds=len(tries) > 1)]

    monkeypatch.setattr(claims, "_PACED", {"one": check})
    monkeypatch.setattr(claims, "_UNPACED", {})
    told = []
    rows = asyncio.run(claims.check_all(b"", fast=True, progress=told.append))
    assert rows == [claims.Claim("a claim", "1 ms (second try, by itself)", holds=True)]
    assert told == ["one", "one, once more, by itself"]


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
