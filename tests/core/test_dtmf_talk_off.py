"""Nothing but keys is a key: 10 minutes of speech, and all that espeak-ng can say where it is installed."""

import shutil
import subprocess
from itertools import cycle
from pathlib import Path

import pytest

from phonewire import backend_info, dtmf, g711, pcm
from phonewire.wav import WavReader

ROOT = Path(__file__).parents[2]
NATIVE = backend_info().backend == "native"
MINUTE = 60 * 8000 * 2  # bytes


def the_sample() -> bytes:
    with WavReader(ROOT / "examples" / "audio" / "speech.wav") as reader:
        return g711.ulaw_decode(reader.read())


def at_speed(samples: bytes, speed: float) -> bytes:
    """Play faster or slower, with another pitch: every so many-th sample, straight lines between them."""
    np = pytest.importorskip("numpy")
    values = np.frombuffer(samples, np.int16)
    places = np.arange(0, len(values) - 1, speed)
    return np.interp(places, np.arange(len(values)), values).astype(np.int16).tobytes()


def tenfold(speech: bytes) -> bytes:
    """Speech as it is, then again and again at other speeds and pitches, and at other levels."""
    said, variants = speech, cycle([(0.85, 6), (1.1, -6), (0.95, -12), (1.2, 3), (1.05, 0), (0.75, -20), (1.3, -3)])
    while (missing := 10 * len(speech) - len(said)) > 0:
        speed, gain_db = next(variants)
        said += pcm.gain(at_speed(speech, speed), gain_db)[:missing]
    return said


def found(samples: bytes, rate_hz: int = 8000) -> list[dtmf.Press]:
    detector = dtmf.Detector(rate_hz)
    return detector.detect(samples) + detector.flush()


def test_no_digit_in_10_minutes_of_speech() -> None:
    said = tenfold(the_sample()[: MINUTE if NATIVE else MINUTE // 40])
    assert len(said) == (10 * MINUTE if NATIVE else MINUTE // 4)
    assert found(said) == []


def test_the_digits_among_speech_are_found() -> None:
    # The test above would pass if nothing were found anywhere.
    speech = the_sample()[: MINUTE // (1 if NATIVE else 6)]
    second = len(speech) // 4 & ~1
    dialled = b"".join(speech[n * second : (n + 1) * second] + dtmf.tone(digit) for n, digit in enumerate("07*D"))
    assert "".join(press.digit for press in found(dialled)) == "07*D"


@pytest.mark.skipif(not NATIVE, reason="minutes of speech take plain Python too long")
@pytest.mark.parametrize("voice", ["en", "en-us+f3", "de", "es", "fr+m5", "zh"])
def test_no_digit_in_what_espeak_says(voice: str) -> None:
    espeak = shutil.which("espeak-ng") or pytest.skip("espeak-ng is not installed")
    sox = shutil.which("sox") or pytest.skip("sox is not installed")
    text = (ROOT / "docs" / "design.md").read_bytes()[:1500]
    said = subprocess.run([espeak, "-v", voice, "--stdout"], input=text, capture_output=True, check=True, timeout=30)
    convert = [sox, "--ignore-length", "-t", "wav", "-", "-r", "8000", "-c", "1", "-b", "16", "-t", "raw", "-"]
    samples = subprocess.run(convert, input=said.stdout, capture_output=True, check=True, timeout=30).stdout
    assert len(samples) > MINUTE
    assert found(samples) == []
