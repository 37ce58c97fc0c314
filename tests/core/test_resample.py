"""The resampler as a stream: exact samples, exact counts, one delay, however the audio is cut."""

import itertools
import math
import random
from array import array

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phonewire import pcm
from phonewire._pure.polyphase import RATES_HZ, UNITY, polyphase
from phonewire.errors import CodecError

PAIRS = list(itertools.permutations(RATES_HZ, 2))
pairs = pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)


def noise(n: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(2 * n)


def samples_of(data: bytes) -> list[int]:
    return array("h", data).tolist()


def whole_filter(from_hz: int, to_hz: int) -> np.ndarray:
    """The filter before it was cut into phases, newest sample first, as numpy convolves."""
    up, _, phases, _ = polyphase(from_hz, to_hz)
    coefficients = np.zeros(up * len(phases[0]), np.int64)
    for phase, values in enumerate(phases):
        coefficients[phase::up] = values[::-1]
    return coefficients


def model(data: bytes, from_hz: int, to_hz: int) -> bytes:
    """Put zeros between the samples, filter, keep every `down`th: the definition, in numpy."""
    up, down, _, _ = polyphase(from_hz, to_hz)
    samples = np.frombuffer(data, np.int16).astype(np.int64)
    stuffed = np.zeros(len(samples) * up, np.int64)
    stuffed[::up] = samples
    filtered = np.convolve(stuffed, whole_filter(from_hz, to_hz))[: len(stuffed) : down]
    return np.clip(filtered + UNITY // 2 >> 15, -32768, 32767).astype(np.int16).tobytes()


def in_pieces(resampler: pcm.Resampler, data: bytes, sizes) -> bytes:
    """Resample *data* in pieces of *sizes* samples, over and over."""
    result, start, sizes = [], 0, itertools.cycle(sizes)
    while start < len(data):
        piece = data[start : start + 2 * next(sizes)]
        start += len(piece)
        result.append(resampler.resample(piece))
    return b"".join(result)


@pairs
def test_n_ms_in_give_n_ms_out(from_hz: int, to_hz: int) -> None:
    resampler = pcm.Resampler(from_hz, to_hz)
    for ms in (20, 20, 1, 10, 25, 3, 20, 100):
        assert len(resampler.resample(noise(from_hz * ms // 1000))) == 2 * to_hz * ms // 1000


@pairs
@pytest.mark.parametrize("n", [1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 160, 333])  # around a vector of 8 outputs
def test_the_samples_are_those_of_the_definition(from_hz: int, to_hz: int, n: int) -> None:
    assert pcm.Resampler(from_hz, to_hz).resample(noise(n)) == model(noise(n), from_hz, to_hz)


@pytest.mark.parametrize(("from_hz", "to_hz", "n"), [(8000, 48000, 1400), (24000, 16000, 12500)])
def test_the_samples_of_a_call_that_releases_the_gil(from_hz: int, to_hz: int, n: int) -> None:
    assert n * to_hz / from_hz >= 8192
    assert pcm.Resampler(from_hz, to_hz).resample(noise(n)) == model(noise(n), from_hz, to_hz)


@pairs
def test_every_cut_gives_the_same_samples(from_hz: int, to_hz: int) -> None:
    data = noise(60)
    whole = pcm.Resampler(from_hz, to_hz).resample(data)
    for cut in range(61):
        resampler = pcm.Resampler(from_hz, to_hz)
        assert resampler.resample(data[: 2 * cut]) + resampler.resample(data[2 * cut :]) == whole
    for size in range(1, 30):
        assert in_pieces(pcm.Resampler(from_hz, to_hz), data, [size]) == whole


@settings(max_examples=40)
@given(st.sampled_from(PAIRS), st.lists(st.integers(0, 500), min_size=1, max_size=12), st.integers(1, 3000))
def test_random_cuts_give_the_same_samples(pair, sizes: list[int], n: int) -> None:
    data = noise(n)
    one, other = pcm.Resampler(*pair), pcm.Resampler(*pair)
    assert in_pieces(one, data, [*sizes, 1]) + one.flush() == other.resample(data) + other.flush()


@pairs
def test_the_delay_is_what_it_says_and_never_changes(from_hz: int, to_hz: int) -> None:
    resampler = pcm.Resampler(from_hz, to_hz)
    assert resampler.delay_ms == 32 * 1000 / min(from_hz, to_hz) < 5
    _, down, _, _ = polyphase(from_hz, to_hz)
    for place in (0, down, 40 * down, 41 * down, 97 * down):
        impulse = array("h", bytes(2 * 900))
        impulse[place] = 32767
        out = samples_of(pcm.Resampler(from_hz, to_hz).resample(impulse))
        peak = out.index(max(out))
        assert peak / to_hz * 1000 == pytest.approx(place / from_hz * 1000 + resampler.delay_ms)
        # Symmetric about the peak, to the rounding of a coefficient: every frequency is delayed alike.
        reach = min(peak, len(out) - peak - 1)
        before, after = out[peak - reach : peak][::-1], out[peak + 1 : peak + 1 + reach]
        assert max((abs(a - b) for a, b in zip(before, after, strict=True)), default=0) <= 2


@pairs
def test_flush_ends_the_stream(from_hz: int, to_hz: int) -> None:
    resampler = pcm.Resampler(from_hz, to_hz)
    up, down, _, delay = polyphase(from_hz, to_hz)
    assert resampler.flush() == b""
    for n in (1, 5, 160, 333):
        data = noise(n)
        whole = resampler.resample(data) + resampler.flush()
        assert len(whole) == 2 * math.ceil((n + delay) * up / down)
        assert whole == model(data + bytes(2 * delay), from_hz, to_hz)
        assert resampler.flush() == b""  # and the next n begin anew
    last = array("h", bytes(320))
    last[-1] = 20_000
    begin = np.abs(samples_of(resampler.resample(last)))
    assert np.abs(samples_of(resampler.flush())).max() > 20 * begin.max()


@pairs
def test_nothing_in_nothing_out(from_hz: int, to_hz: int) -> None:
    resampler = pcm.Resampler(from_hz, to_hz)
    assert resampler.resample(b"") == resampler.flush() == b""
    assert resampler.resample(bytes(960)) == bytes(960 * to_hz // from_hz)


@pairs
@pytest.mark.parametrize("value", [-32768, -12345, -1, 0, 1, 32767])
def test_a_constant_stays_itself(from_hz: int, to_hz: int, value: int) -> None:
    out = samples_of(pcm.Resampler(from_hz, to_hz).resample(array("h", [value] * 900)))
    settled = 2 * 32 * to_hz // min(from_hz, to_hz)
    assert set(out[settled:]) == {value}


@pairs
def test_the_loudest_signals_are_clipped(from_hz: int, to_hz: int) -> None:
    _, _, phases, _ = polyphase(from_hz, to_hz)
    for phase in phases:
        # The sum of all magnitudes needs more than 32 bits.
        worst = array("h", [32767 if coefficient >= 0 else -32768 for coefficient in phase])
        for samples in (worst, array("h", [~sample for sample in worst])):
            data = samples.tobytes() + bytes(2 * 50)
            out = pcm.Resampler(from_hz, to_hz).resample(data)
            assert out == model(data, from_hz, to_hz)
            assert {32767, -32768} & set(samples_of(out))
    square = array("h", [32767] * 40 + [-32768] * 40) * 6
    assert pcm.Resampler(from_hz, to_hz).resample(square) == model(square.tobytes(), from_hz, to_hz)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_the_same_rate_changes_nothing(rate_hz: int) -> None:
    resampler = pcm.Resampler(rate_hz, rate_hz)
    assert resampler.delay_ms == 0
    assert resampler.resample(bytearray(noise(333))) == noise(333)
    assert resampler.flush() == b""
    with pytest.raises(CodecError, match="2 bytes each, got 3"):
        resampler.resample(bytes(3))


@pytest.mark.parametrize("rates", [(8000, 44100), (11025, 8000), (0, 8000), (8000, -8000), (8000, "16000")])
def test_other_rates_are_refused(rates) -> None:
    with pytest.raises(ValueError, match=f"^rates are 8000, 16000, 24000 and 48000 Hz, got {rates[0]} and {rates[1]}$"):
        pcm.Resampler(*rates)


def test_an_error_leaves_the_stream_as_it_was() -> None:
    resampler, twin = pcm.Resampler(16000, 24000), pcm.Resampler(16000, 24000)
    data = noise(501)
    assert resampler.resample(data) == twin.resample(data)
    for bad in (bytes(7), array("f", [1.0]), memoryview(bytes(8))[::2], None, "text"):
        with pytest.raises((CodecError, TypeError, BufferError)):
            resampler.resample(bad)
    assert resampler.resample(data) == twin.resample(data)


def test_streams_do_not_meet() -> None:
    one, other = pcm.Resampler(8000, 16000), pcm.Resampler(8000, 16000)
    expected = pcm.Resampler(8000, 16000).resample(noise(320))
    first = one.resample(noise(320)[:320])
    other.resample(noise(160, seed=9))
    assert first + one.resample(noise(320)[320:]) == expected


@pairs
def test_the_filter_is_a_kaiser_windowed_sinc(from_hz: int, to_hz: int) -> None:
    coefficients = whole_filter(from_hz, to_hz)
    steps = len(coefficients) // 64  # in a sample of the lower rate
    time = np.arange(-32 * steps, 32 * steps) / steps
    exact = np.sinc(0.925 * time) * np.i0(7.5 * np.sqrt(1 - (time / 32) ** 2))
    exact[0] = 0
    up = to_hz // math.gcd(from_hz, to_hz)
    for phase in range(up):
        scaled = exact[phase::up] / exact[phase::up].sum() * UNITY
        assert np.abs(coefficients[phase::up] - scaled).max() < 1


@pairs
def test_the_filter_keeps_the_bounds_of_the_kernels(from_hz: int, to_hz: int) -> None:
    # native/pcm/resample.h: what makes 32-bit partial sums safe.
    for phase in polyphase(from_hz, to_hz).phases:
        assert len(phase) % 32 == 0
        assert sum(phase) == UNITY
        assert max(map(abs, phase)) < 1 << 15
        low = sum(abs(coefficient) for k, coefficient in enumerate(phase) if k % 16 < 8)
        assert low < 1 << 16
        assert sum(map(abs, phase)) - low < 1 << 16
