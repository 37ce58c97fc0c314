"""The scanner of keys' tones: the compiled one and its twin window by window, and the Goertzel algorithm by itself."""

import random
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phonewire._pure import dtmf as twin
from phonewire._pure.dtmf_bank import HIGH_HZ, LOW_HZ, bank
from phonewire.errors import CodecError
from tests.core.key_tones import KEYS, key, noisy, s16, silence, sine


def all_keys(**options) -> bytes:
    return s16(silence(21), *(piece for digit in KEYS for piece in (key(digit, 40, **options), silence(40))))


SOUNDS = {
    "keys": all_keys(),
    "faint keys": all_keys(level_dbm0=-36.5),
    "keys at the end of a tolerance": all_keys(off=(0.024, -0.024), twist_db=-9.9),
    "keys beyond a tolerance": all_keys(off=(0.026, 0), twist_db=6.1),
    "clipped keys": all_keys(level_dbm0=3),
    "noisy keys": s16(noisy(np.frombuffer(all_keys(), np.int16).astype(float), 5, 1)),
    "noise": random.Random(2).randbytes(4000),
    "the loudest noise": s16(np.random.default_rng(3).choice([-32768, 32767], 2000)),
    "the loudest tone": s16(np.sign(sine(697, 200)) * 40_000),
    "the most negative": s16(np.full(2000, -32768)),
    "faint noise": s16(np.random.default_rng(4).normal(0, 90, 4000)),
    "a harmonic": s16(key("1", 100) + sine(2 * 1209, 100, -22)),
    "nothing": bytes(4000),
}


@pytest.mark.parametrize("name", SOUNDS)
def test_both_see_the_same(name: str, native: SimpleNamespace, pure: SimpleNamespace) -> None:
    seen = native.dtmf.ToneScanner().scan(SOUNDS[name])
    assert seen == pure.dtmf.ToneScanner().scan(SOUNDS[name])
    assert len(seen) == len(SOUNDS[name]) // 64


@settings(max_examples=60)
@given(st.binary(min_size=2, max_size=16), st.integers(1, 14), st.integers(0, 2**32))
def test_both_see_the_same_in_any_sound(native, pure, pattern: bytes, shift: int, seed: int) -> None:
    shape = np.resize(np.frombuffer(pattern[: len(pattern) & ~1], np.int16), 600) >> shift
    sound = (shape + np.random.default_rng(seed).integers(-50, 50, 600)).astype(np.int16).tobytes()
    assert native.dtmf.ToneScanner().scan(sound) == pure.dtmf.ToneScanner().scan(sound)


def test_it_sees_the_keys(backend: SimpleNamespace) -> None:
    seen = backend.dtmf.ToneScanner().scan(SOUNDS["keys"]).decode()
    assert "".join(dict.fromkeys(seen.replace(" ", ""))) == KEYS
    assert all(8 <= seen.count(digit) <= 9 for digit in KEYS)
    assert " " not in seen.strip()[:8]


def test_a_call_that_releases_the_gil(native: SimpleNamespace, pure: SimpleNamespace) -> None:
    sound = s16(silence(900), key("5", 40), silence(400))
    assert len(sound) > 16384
    assert native.dtmf.ToneScanner().scan(sound) == pure.dtmf.ToneScanner().scan(sound)


@settings(max_examples=30)
@given(st.lists(st.integers(0, 400), min_size=1, max_size=10))
def test_every_cut_shows_the_same(backend, sizes: list[int]) -> None:
    sound = s16(silence(3), key("7", 40), silence(20), key("D", 40))
    scanner, seen, start = backend.dtmf.ToneScanner(), b"", 0
    for size in [*sizes, len(sound)]:
        seen += scanner.scan(sound[2 * start : 2 * (start + size)])
        start += size
    assert seen == backend.dtmf.ToneScanner().scan(sound)


def test_what_is_refused_changes_nothing(backend: SimpleNamespace) -> None:
    scanner, sound = backend.dtmf.ToneScanner(), s16(key("9", 60))
    seen = scanner.scan(sound[:500])
    for refused, error in (
        (b"odd", CodecError),
        (np.zeros(64, np.float32), TypeError),
        (memoryview(sound)[::2], BufferError),
    ):
        with pytest.raises(error):
            scanner.scan(refused)
    assert seen + scanner.scan(np.frombuffer(sound[500:], np.int16)) == backend.dtmf.ToneScanner().scan(sound)


@pytest.mark.parametrize("index", range(8))
def test_goertzel_is_the_fourier_transform(index: int) -> None:
    samples = np.random.default_rng(index).integers(-32768, 32768, 128)
    hz = (LOW_HZ + HIGH_HZ)[index]
    exact = np.sum(samples * np.exp(2j * np.pi * hz / 8000 * (127 - np.arange(128)))) * 16
    re, im = twin.goertzel(samples.tolist(), bank().tones[index])
    assert abs(complex(re, im) - exact) < 128  # half a unit for each step, against 16 for a sample's least bit
    assert abs(exact) > 100_000
