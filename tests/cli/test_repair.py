"""``phonewire repair`` on files that a killed recorder left."""

import json

import pytest

from phonewire.wav import WavInfo, WavReader, WavWriter

AUDIO = bytes(range(256)) * 40


@pytest.fixture
def interrupted(tmp_path):
    path = tmp_path / "call.part.wav"
    with path.open("w+b") as file:
        writer = WavWriter(file, WavInfo("ulaw", 8000, 1))
        writer.write(AUDIO[:8000])
        writer.flush()
        writer.write(AUDIO[8000:])
    return path


def read(path):
    with WavReader(path) as reader:
        return reader.read()


def test_repairs_in_place_and_says_what_it_did(run, interrupted):
    result = run("repair", interrupted)
    assert result.exit_code == 0
    assert result.stdout == (
        f"{interrupted}: repaired, 1.28 s of µ-law, 8000 Hz, 1 channel(s); the header said 1.00 s\n"
    )
    assert read(interrupted) == AUDIO
    again = run("repair", interrupted)
    assert (again.exit_code, again.stdout) == (
        0, f"{interrupted}: nothing to repair, 1.28 s of µ-law, 8000 Hz, 1 channel(s)\n"
    )  # fmt: skip


def test_tells_programs_of_each_file(run, interrupted, tmp_path):
    (tmp_path / "bad.wav").write_bytes(b"not audio at all")
    result = run("repair", "--json", interrupted, tmp_path / "bad.wav", interrupted)
    held = {"encoding": "ulaw", "sample_rate_hz": 8000, "channels": 1, "audio_bytes": 10_240, "duration_ms": 1280.0}
    assert [json.loads(line) for line in result.stdout.splitlines()] == [
        {"file": str(interrupted), "repaired": True, **held, "declared_ms": 1000.0},
        {"file": str(interrupted), "repaired": False, **held, "declared_ms": 1280.0},
    ]
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{tmp_path / 'bad.wav'}: not a WAV file")


def test_repairs_a_copy(run, interrupted, tmp_path):
    before, copy = interrupted.read_bytes(), tmp_path / "copy.wav"
    result = run("repair", interrupted, "--output", copy)
    assert result.stdout.startswith(f"{copy}: repaired, 1.28 s")
    assert interrupted.read_bytes() == before
    assert read(copy) == AUDIO
    again = run("repair", interrupted, "--output", copy)
    assert again.exit_code == 1
    assert again.stderr == f"{copy}: File exists\n"
    nowhere = run("repair", interrupted, "--output", tmp_path / "nowhere" / "copy.wav")
    assert nowhere.stderr == f"{tmp_path / 'nowhere' / 'copy.wav'}: No such file or directory\n"


def test_one_bad_file_keeps_no_other_from_being_repaired(run, interrupted, tmp_path):
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"not audio at all")
    result = run("repair", bad, tmp_path / "nothing.wav", interrupted)
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        f"{bad}: not a WAV file: it does not begin with a RIFF/WAVE header",
        f"{tmp_path / 'nothing.wav'}: No such file or directory",
    ]
    assert read(interrupted) == AUDIO
    assert bad.read_bytes() == b"not audio at all"


def test_what_is_no_wav_file_is_not_copied(run, tmp_path):
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"not audio at all")
    assert run("repair", bad, "--output", tmp_path / "copy.wav").exit_code == 1
    assert not (tmp_path / "copy.wav").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [([], "Missing argument 'FILE...'"), (["a", "b", "--output", "c"], "--output takes one FILE, got 2")],
)
def test_says_what_it_does_not_understand(run, arguments, message):
    result = run("repair", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
