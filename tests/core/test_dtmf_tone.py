"""The tones that are made: at Q.23's frequencies, as loud and as long as was asked."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire import dtmf
from phonewire._pure.polyphase import RATES_HZ
from tests.core.key_tones import HIGH_HZ, LOW_HZ, ZERO_DBM0


def samples(*arguments, **options) -> np.ndarray:
    return np.frombuffer(dtmf.tone(*arguments, **options), np.int16)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("digit", dtmf.DIGITS)
def test_frequencies_and_levels(digit: str, rate_hz: int) -> None:
    sound = samples(digit, tone_ms=1000, pause_ms=0, level_dbm0=-7, sample_rate_hz=rate_hz)
    spectrum = np.abs(np.fft.rfft(sound)) / (rate_hz / 2)  # 1 Hz a bin
    loudest = sorted(np.argsort(spectrum)[-2:])
    assert loudest == [LOW_HZ[digit], HIGH_HZ[digit]]
    assert spectrum[loudest] == pytest.approx(ZERO_DBM0 * 10 ** (-7 / 20), rel=0.001)
    spectrum[loudest] = 0
    assert spectrum.max() < 1


@given(st.text(dtmf.DIGITS, max_size=4), st.floats(1, 200), st.floats(0, 200), st.sampled_from(RATES_HZ))
def test_lengths(digits: str, tone_ms: float, pause_ms: float, rate_hz: int) -> None:
    sound = samples(digits, tone_ms=tone_ms, pause_ms=pause_ms, sample_rate_hz=rate_hz)
    n, pause = round(tone_ms * rate_hz / 1000), round(pause_ms * rate_hz / 1000)
    assert len(sound) == len(digits) * (n + pause)
    rows = sound.reshape(len(digits), n + pause) if digits else np.zeros((0, n))
    assert not rows[:, n:].any()
    assert (np.abs(rows[:, :n]).max(initial=0, axis=1) > 1000).all() or n < 10


def test_the_loudest_is_not_clipped() -> None:
    assert 31000 < np.abs(samples(dtmf.DIGITS, level_dbm0=-3).astype(int)).max() < 32767


@pytest.mark.parametrize(("options", "message"), [
    ({"digits": "12E"}, "digits are 0123456789*#ABCD, got 'E'"),
    ({"digits": "a"}, "got 'a'"),
    ({"tone_ms": 0}, "tone_ms is above 0 and pause_ms at least 0, got 0 and 100"),
    ({"tone_ms": float("inf")}, "got inf"),
    ({"pause_ms": -1}, "got 100 and -1"),
    ({"pause_ms": float("nan")}, "got 100 and nan"),
    ({"level_dbm0": 0}, "level_dbm0 is at most -3, got 0"),
    ({"level_dbm0": float("nan")}, "got nan"),
    ({"sample_rate_hz": 22050}, "one of 8000, 16000, 24000, 48000, got 22050"),
])  # fmt: skip
def test_what_cannot_be_made(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        dtmf.tone(**{"digits": "1"} | options)


def test_the_detector_hears_it_as_it_was_said() -> None:
    for rate_hz in RATES_HZ:
        detector = dtmf.Detector(rate_hz)
        heard = detector.detect(dtmf.tone("0*#D", sample_rate_hz=rate_hz)) + detector.flush()
        assert heard == [dtmf.Press(digit, 200 * n, 100) for n, digit in enumerate("0*#D")]
