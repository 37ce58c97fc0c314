"""Other people's generators and detectors: sox makes tones that we find, multimon-ng finds tones that we make."""

import shutil
import subprocess
from pathlib import Path

import pytest

from phonewire import dtmf
from tests.core.key_tones import HIGH_HZ, KEYS, LOW_HZ

RAW = ("-t", "raw", "-e", "signed-integer", "-b", "16", "-c", "1")


def run(*command: str | Path, given: bytes = b"") -> bytes:
    return subprocess.run(command, input=given, capture_output=True, check=True, timeout=30).stdout


@pytest.fixture(scope="module")
def sox() -> str:
    return shutil.which("sox") or pytest.skip("sox is not installed")


@pytest.fixture(scope="module")
def multimon() -> str:
    return shutil.which("multimon-ng") or pytest.skip("multimon-ng is not installed")


def sox_tones(sox: str, rate_hz: int, *options: str) -> bytes:
    """Every key for 50 ms, with pauses of 50, as sox makes it."""
    sounds = []
    for digit in KEYS:
        tones = [argument for hz in (LOW_HZ[digit], HIGH_HZ[digit]) for argument in ("sine", str(hz))]
        effects = ("synth", "0.05", *tones, "remix", "1,2", "pad", "0", "0.05", "vol", "0.5")
        sounds.append(run(sox, "-r", str(rate_hz), "-c", "2", "-n", *RAW, "-", *effects))
    return b"".join(sounds)


@pytest.mark.parametrize("rate_hz", [8000, 16000, 48000])
def test_we_find_what_sox_makes(sox: str, rate_hz: int) -> None:
    detector = dtmf.Detector(rate_hz)
    found = detector.detect(sox_tones(sox, rate_hz)) + detector.flush()
    assert "".join(press.digit for press in found) == KEYS
    for n, press in enumerate(found):
        assert press.start_ms == pytest.approx(100 * n, abs=6)
        assert press.duration_ms == pytest.approx(50, abs=6)


@pytest.mark.parametrize("level_dbm0", [-3, -10, -25])
def test_multimon_finds_what_we_make(sox: str, multimon: str, tmp_path: Path, level_dbm0: float) -> None:
    sound = dtmf.tone(KEYS, tone_ms=80, pause_ms=80, level_dbm0=level_dbm0)
    path = tmp_path / "tones.raw"
    path.write_bytes(run(sox, *RAW, "-r", "8000", "-", *RAW, "-r", "22050", "-", given=sound))
    said = run(multimon, "-q", "-a", "DTMF", "-t", "raw", path).decode()
    digits = [line.removeprefix("DTMF: ") for line in said.splitlines() if line.startswith("DTMF: ")]
    assert "".join(digits).replace("E", "*").replace("F", "#") == KEYS
