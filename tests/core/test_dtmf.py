"""Keys in the audio: what ITU-T Q.24 has a receiver take is taken, what it has it refuse is refused."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phonewire import backend_info, dtmf, g711
from phonewire._pure.polyphase import RATES_HZ
from phonewire.errors import CodecError
from tests.core.key_tones import HIGH_HZ, KEYS, key, noisy, s16, silence, sine

# Plain Python needs 40 ms for a second of audio.
NATIVE = backend_info().backend == "native"


def presses(sound: bytes, rate_hz: int = 8000) -> list[dtmf.Press]:
    detector = dtmf.Detector(rate_hz)
    return detector.detect(sound) + detector.flush()


def digits(sound: bytes, rate_hz: int = 8000) -> str:
    return "".join(press.digit for press in presses(sound, rate_hz))


def dialled(text: str, tone_ms: float = 40, pause_ms: float = 40, *, rate_hz: int = 8000, **options) -> np.ndarray:
    sounds = [(key(digit, tone_ms, rate_hz=rate_hz, **options), silence(pause_ms, rate_hz)) for digit in text]
    return np.concatenate([silence(17, rate_hz), *itertools.chain(*sounds)])


# What is taken


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_all_digits_of_40_ms_at_every_rate(rate_hz: int) -> None:
    assert digits(s16(dialled(KEYS, rate_hz=rate_hz)), rate_hz) == KEYS


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
@pytest.mark.parametrize("level_dbm0", [0, -10, -25])  # the loudest are clipped
def test_all_digits_through_a_codec(law: str, level_dbm0: float) -> None:
    encode, decode = getattr(g711, f"{law}_encode"), getattr(g711, f"{law}_decode")
    assert digits(decode(encode(s16(dialled(KEYS, level_dbm0=level_dbm0))))) == KEYS


@pytest.mark.parametrize("seed", range(100 if NATIVE else 2))
def test_all_digits_of_40_ms_at_15_db_snr(seed: int) -> None:
    clean = key("5", 1000)
    assert digits(s16(noisy(dialled(KEYS), 15, seed, like=clean))) == KEYS


@pytest.mark.parametrize(("twist_db", "off"), [*itertools.product((-8, 4), (-0.015, 0.015))])
def test_the_corners_of_the_tolerances(twist_db: float, off: float) -> None:
    for offsets in ((off, off), (off, -off)):
        for level_dbm0 in (-4, -25):
            assert digits(s16(dialled(KEYS, level_dbm0=level_dbm0, twist_db=twist_db, off=offsets))) == KEYS


@settings(max_examples=100 if NATIVE else 15)
@given(
    st.text(KEYS, min_size=1, max_size=5),
    st.floats(40, 200), st.floats(40, 200), st.floats(-25, -4), st.floats(-8, 4),
    st.tuples(st.floats(-0.015, 0.015), st.floats(-0.015, 0.015)), st.tuples(st.floats(0, 6.28), st.floats(0, 6.28)),
    st.lists(st.integers(1, 500), min_size=1, max_size=8),
)  # fmt: skip
def test_whatever_is_within_the_limits_is_found(
    text, tone_ms, pause_ms, level_dbm0, twist_db, off, phases, sizes
) -> None:
    sound = s16(dialled(text, tone_ms, pause_ms, level_dbm0=level_dbm0, twist_db=twist_db, off=off, phases=phases))
    found = presses(sound)
    assert "".join(press.digit for press in found) == text
    for n, press in enumerate(found):
        assert press.start_ms == pytest.approx(17 + n * (tone_ms + pause_ms), abs=9)
        assert press.duration_ms == pytest.approx(tone_ms, abs=13)
    detector, pieces, start = dtmf.Detector(), [], 0
    for size in itertools.cycle(sizes):
        pieces += detector.detect(sound[2 * start : 2 * (start + size)])
        start += size
        if 2 * start >= len(sound):
            break
    assert pieces + detector.flush() == found


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_when_and_how_long(rate_hz: int) -> None:
    sound = s16(silence(200, rate_hz), key("3", 150, rate_hz=rate_hz), silence(500, rate_hz))
    (press,) = presses(sound, rate_hz)
    assert press.digit == "3"
    assert press.start_ms == pytest.approx(200, abs=4)
    assert press.duration_ms == pytest.approx(150, abs=4)


def test_it_is_told_soon_after_its_end() -> None:
    detector, sound = dtmf.Detector(), s16(silence(100), key("8", 100), silence(200))
    told = [at for at in range(400) if detector.detect(sound[16 * at : 16 * at + 16])]
    assert len(told) == 1
    assert 200 < told[0] <= 240


def test_a_key_that_is_held_is_one_press() -> None:
    (press,) = presses(s16(key("0", 3000)))
    assert press.duration_ms == pytest.approx(3000, abs=8)


@pytest.mark.parametrize("gap_ms", [1, 5, 10, 15, 20])
def test_an_interruption_is_bridged(gap_ms: float) -> None:
    for shift_ms in range(8 if NATIVE else 2):
        (press,) = presses(s16(silence(shift_ms), key("6", 50), silence(gap_ms), key("6", 50, phases=(1, 2))))
        assert press.duration_ms == pytest.approx(100 + gap_ms, abs=8)


def test_the_same_digit_twice_with_the_least_pause() -> None:
    for shift_ms in range(8 if NATIVE else 2):
        assert digits(s16(silence(shift_ms), dialled("2277", 40, 40))) == "2277"


def test_a_tone_that_goes_over_into_another() -> None:
    assert digits(s16(key("1", 60), key("2", 60), key("1", 60))) == "121"


def test_flush_begins_another_stream() -> None:
    detector, sound = dtmf.Detector(), s16(key("4", 50))
    assert detector.detect(sound) == []
    first = detector.flush()
    assert [press.digit for press in first] == ["4"]
    assert detector.flush() == []
    assert detector.detect(sound) + detector.flush() == first


@pytest.mark.parametrize("delay_ms", [2, 5, 11, 20])
def test_an_echo_10_db_down(delay_ms: int) -> None:
    clean = dialled(KEYS)
    echo = np.concatenate([silence(delay_ms), clean])[: len(clean)]
    assert digits(s16(clean + echo / 10**0.5)) == KEYS


def test_keys_over_a_dial_tone() -> None:
    clean = dialled(KEYS)
    times_ms = len(clean) / 8
    assert digits(s16(clean + sine(350, times_ms, -18) + sine(440, times_ms, -18))) == KEYS


def test_a_weak_second_harmonic_is_a_bad_line_and_a_strong_one_a_voice() -> None:
    for digit in KEYS:
        tones = key(digit, 100)
        harmonic = sine(2 * HIGH_HZ[digit], 100, -10)
        assert digits(s16(tones + harmonic / 10 ** (18 / 20))) == digit
        assert digits(s16(tones + harmonic / 10 ** (9 / 20))) == ""


# What is refused


@pytest.mark.parametrize("tone_ms", [5, 10, 20, 23])
def test_short_tones(tone_ms: float) -> None:
    for phase in range(6 if NATIVE else 1):
        assert digits(s16(dialled(KEYS, tone_ms, 60.4, phases=(phase, 2 * phase)))) == ""


@pytest.mark.parametrize("off", [(0.035, 0), (-0.035, 0), (0, 0.035), (0, -0.035), (0.04, 0.04), (-0.04, 0.04)])
def test_tones_off_their_frequencies(off: tuple[float, float]) -> None:
    for level_dbm0 in (-4, -25):
        assert digits(s16(dialled(KEYS, 100, level_dbm0=level_dbm0, off=off))) == ""


@pytest.mark.parametrize("twist_db", [-13, 9])
def test_too_much_twist(twist_db: float) -> None:
    assert digits(s16(dialled(KEYS, 100, twist_db=twist_db))) == ""


def test_what_is_too_faint() -> None:
    assert digits(s16(dialled(KEYS, 100, level_dbm0=-40))) == ""


@pytest.mark.parametrize("frequencies_hz", [
    (697,), (1336,), (697, 770), (1209, 1633), (697, 1209, 1477), (697, 852, 1336), (697, 1209, 2418),
    (350, 440), (425,), (440, 480), (480, 620), (1400, 2060, 2450, 2600), (2100,), (1300,),
], ids=str)  # fmt: skip
def test_other_tones(frequencies_hz: tuple[int, ...]) -> None:
    # Single tones, two of a group, three at once, dial, ringing, busy and off-hook tones, those of fax machines.
    assert digits(s16(sum(sine(hz, 500, -12) for hz in frequencies_hz))) == ""


def sweep(from_hz: float, hz_per_s: float) -> np.ndarray:
    times = np.arange(8000 * (4 if NATIVE else 1)) / 8000
    return 5000 * np.sin(2 * np.pi * (from_hz * times + hz_per_s / 2 * times**2))


def test_sweeps() -> None:
    for rate in (200, 400, 900):
        assert digits(s16(sweep(600, rate))) == digits(s16(sweep(1700, -rate))) == ""
    # Slower pairs are a key's two tones for as long as 23 ms.
    assert digits(s16(sweep(600, 3000) + sweep(1700, -3000))) == ""


def test_scales_in_chords() -> None:
    # Three voices with four harmonics each, over all the roots of two octaves.
    def voice(hz):
        return sum(sine(hz * harmonic, 150, -16 - 5 * harmonic) for harmonic in (1, 2, 3, 4))

    roots = 220 * 2 ** (np.arange(0, 24, 1 if NATIVE else 6) / 12)
    assert digits(s16(*(voice(hz) + voice(hz * 1.26) + voice(hz * 1.498) for hz in roots))) == ""


@pytest.mark.parametrize("level", [300, 3000, 12000])
def test_noise(level: int) -> None:
    assert digits(s16(np.random.default_rng(level).normal(0, level, 8000 * (60 if NATIVE else 2)))) == ""


def test_rates_and_samples_that_there_are_none_of() -> None:
    for rate_hz in (0, 11025, -8000):
        with pytest.raises(ValueError, match=rf"one of 8000, 16000, 24000, 48000, got {rate_hz}"):
            dtmf.Detector(rate_hz)
    detector, sound = dtmf.Detector(), s16(key("1", 60))
    with pytest.raises(CodecError, match=f"2 bytes each, got {len(sound) + 3}"):
        detector.detect(sound + b"odd")
    with pytest.raises(TypeError, match="'h'"):
        detector.detect(np.zeros(10, np.float32))
    assert [press.digit for press in detector.detect(sound) + detector.flush()] == ["1"]
