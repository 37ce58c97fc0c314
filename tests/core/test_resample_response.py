"""The resampler's frequency response, measured on tones, and other resamplers as oracles."""

import itertools
import random
import shutil
import subprocess

import numpy as np
import pytest

from phonewire import pcm
from phonewire._pure.polyphase import RATES_HZ

PAIRS = list(itertools.permutations(RATES_HZ, 2))
pairs = pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
some_pairs = pytest.mark.parametrize(
    ("from_hz", "to_hz"), [(8000, 16000), (24000, 8000), (16000, 24000), (24000, 16000), (48000, 16000)]
)

PASSBAND_DB = 0.1
STOPBAND_DB = -60
SETTLED_S = 0.01  # longer than the filter
DURATION_S = 0.125  # of what is measured: every tone is a multiple of BIN_HZ
BIN_HZ = 8


def tones(frequencies_hz, sample_rate_hz: int) -> tuple[bytes, float]:
    """Return the sum of tones and the amplitude of each; nothing is clipped."""
    rng = random.Random(len(frequencies_hz))
    time_s = np.arange(round(sample_rate_hz * (SETTLED_S + DURATION_S))) / sample_rate_hz
    phases = [rng.uniform(0, 2 * np.pi) for _ in frequencies_hz]
    total = sum(np.cos(2 * np.pi * hz * time_s + phase) for hz, phase in zip(frequencies_hz, phases, strict=True))
    amplitude = 20000 / np.abs(total).max()  # room for peaks between samples
    return np.rint(amplitude * total).astype(np.int16).tobytes(), amplitude


def measured_db(frequencies_hz, from_hz: int, to_hz: int) -> np.ndarray:
    """Return what becomes of tones: the levels at 0, BIN_HZ, 2*BIN_HZ, ..., relative to one of the tones."""
    data, amplitude = tones(frequencies_hz, from_hz)
    out = np.frombuffer(pcm.Resampler(from_hz, to_hz).resample(data), np.int16)[round(SETTLED_S * to_hz) :]
    assert len(out) == to_hz // BIN_HZ
    levels = np.abs(np.fft.rfft(out)) / (len(out) / 2) / amplitude
    return 20 * np.log10(np.maximum(levels, 1e-9))


@pairs
def test_the_passband_is_flat_and_has_no_images(from_hz: int, to_hz: int) -> None:
    edge_hz = 0.425 * min(from_hz, to_hz)  # 3.4 kHz of 8 kHz
    # So spaced that images, at k * from_hz - f, fall between the tones.
    frequencies_hz = [*range(24, int(edge_hz), 64), int(edge_hz)]
    levels = measured_db(frequencies_hz, from_hz, to_hz)
    bins = np.array(frequencies_hz) // BIN_HZ
    assert np.abs(levels[bins]).max() <= PASSBAND_DB
    assert np.delete(levels, bins).max() <= STOPBAND_DB


@pytest.mark.parametrize(("from_hz", "to_hz"), [pair for pair in PAIRS if pair[0] < pair[1]])
def test_images_of_everything_above_the_passband(from_hz: int, to_hz: int) -> None:
    frequencies_hz = range(int(0.425 * from_hz), from_hz // 2, 16 * from_hz // 8000)
    levels = measured_db(frequencies_hz, from_hz, to_hz)
    assert levels[from_hz // 2 // BIN_HZ + 1 :].max() <= STOPBAND_DB


@pytest.mark.parametrize(("from_hz", "to_hz"), [pair for pair in PAIRS if pair[0] > pair[1]])
def test_aliases(from_hz: int, to_hz: int) -> None:
    # No two of them fall on the same frequency, so that each is measured alone.
    by_alias = {min(hz % to_hz, -hz % to_hz): hz for hz in range(to_hz // 2 + BIN_HZ, from_hz // 2, 64)}
    assert len(by_alias) > 30
    assert measured_db(by_alias.values(), from_hz, to_hz).max() <= STOPBAND_DB


@some_pairs
def test_a_sweep_keeps_its_level(from_hz: int, to_hz: int) -> None:
    edge_hz, duration_s = 0.425 * min(from_hz, to_hz), 0.2
    time_s = np.arange(round(from_hz * duration_s)) / from_hz
    sweep = np.rint(20000 * np.sin(np.pi * edge_hz / duration_s * time_s**2)).astype(np.int16)
    out = np.frombuffer(pcm.Resampler(from_hz, to_hz).resample(sweep), np.int16).astype(float)
    # The same sweep, made at the new rate and later by the delay.
    delay_s = pcm.Resampler(from_hz, to_hz).delay_ms / 1000
    late_s = np.arange(len(out)) / to_hz - delay_s
    expected = 20000 * np.sin(np.pi * edge_hz / duration_s * late_s**2)
    inside = (late_s > delay_s) & (late_s < duration_s - 3 * delay_s)
    error = out[inside] - expected[inside]
    assert 20 * np.log10(np.sqrt(np.mean(error**2)) / (20000 / np.sqrt(2))) < -55


def speech_like(sample_rate_hz: int, edge_hz: float) -> np.ndarray:
    """Noise that fades in and out and stops at *edge_hz*."""
    n = sample_rate_hz // 5
    spectrum = np.fft.rfft(np.random.default_rng(1).normal(size=n))
    spectrum[int(edge_hz * n / sample_rate_hz) :] = 0
    noise = np.fft.irfft(spectrum, n) * np.hanning(n)
    return np.rint(12000 * noise / np.abs(noise).max()).astype(np.int16)


def whole(samples: np.ndarray, from_hz: int, to_hz: int) -> np.ndarray:
    """Resample everything and take the delay away."""
    resampler = pcm.Resampler(from_hz, to_hz)
    out = np.frombuffer(resampler.resample(samples) + resampler.flush(), np.int16)
    return out[round(resampler.delay_ms * to_hz / 1000) :]


def difference_db(one: np.ndarray, other: np.ndarray) -> float:
    assert len(one) == len(other)
    one, other = one.astype(float), other.astype(float)
    return 20 * np.log10(np.sqrt(np.mean((one - other) ** 2) / np.mean(other**2)))


@pairs
def test_soxr_agrees(from_hz: int, to_hz: int) -> None:
    soxr = pytest.importorskip("soxr", reason="soxr: its best quality is the oracle")
    samples = speech_like(from_hz, 0.42 * min(from_hz, to_hz))
    assert difference_db(whole(samples, from_hz, to_hz), soxr.resample(samples, from_hz, to_hz, "VHQ")) < -60


@some_pairs
def test_sox_agrees(from_hz: int, to_hz: int) -> None:
    if shutil.which("sox") is None:
        pytest.skip("sox: its best quality is the oracle")
    samples = speech_like(from_hz, 0.42 * min(from_hz, to_hz))
    raw = ["-t", "raw", "-e", "signed", "-b", "16", "-c", "1"]
    theirs = subprocess.run(
        ["sox", "-D", *raw, "-r", str(from_hz), "-", *raw, "-r", str(to_hz), "-", "rate", "-v"],
        input=samples.tobytes(), capture_output=True, check=True,
    ).stdout  # fmt: skip
    assert difference_db(whole(samples, from_hz, to_hz), np.frombuffer(theirs, np.int16)) < -60
