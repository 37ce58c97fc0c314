"""The filter of the resampler: one lowpass, sampled as finely as a pair of rates needs and cut into phases.

The lowpass is a windowed sinc over time in samples of the lower of the two rates, so that all pairs share it. It passes
0.425 of the lower rate (3.4 kHz of 8 kHz) and stops half of it, where images and aliases begin. Both backends take
their coefficients from here, and thus give the same samples.

Source: J. F. Kaiser, "Nonrecursive digital filter design using the I0-sinh window function" (1974).
"""

from __future__ import annotations

import math
from functools import cache
from typing import Final, NamedTuple

__all__ = ["RATES_HZ", "UNITY", "Polyphase", "polyphase"]

RATES_HZ: Final = (8000, 16000, 24000, 48000)

#: Coefficients have 15 binary places; those of a phase sum to exactly this.
UNITY: Final = 1 << 15

# In samples of the lower rate: the delay, and half the length. 32 is 4 ms at 8 kHz and makes every phase a multiple of
# 32 coefficients, which vectors like; the delay is a whole number of samples at every rate.
_DELAY = 32
# Half the amplitude is left at this part of half the lower rate: midway between 0.85, passed, and 1, stopped.
_CUTOFF = 0.925
# Kaiser's trade of steepness for attenuation: with this length -75 dB from `1` on. Rounding to 15 bits leaves -66 dB.
_BETA = 7.5


class Polyphase(NamedTuple):
    """A filter for one pair of rates.

    Attributes:
        up: outputs of one period, which is also the number of phases.
        down: inputs of one period.
        phases: coefficients, in the order of the samples that they multiply. Empty for equal rates: nothing to do.
        delay_samples: of the filter, in input samples.
    """

    up: int
    down: int
    phases: tuple[tuple[int, ...], ...]
    delay_samples: int


def _bessel_i0(x: float) -> float:
    """The modified Bessel function of the first kind, order 0, by its power series."""
    term = total = 1.0
    k = 0
    while term > total * 1e-17:
        k += 1
        term *= (x / (2 * k)) ** 2
        total += term
    return total


def _lowpass(time: float) -> float:
    """The impulse response at *time*, which is in samples of the lower rate from its middle."""
    if abs(time) >= _DELAY:
        return 0.0
    angle = math.pi * _CUTOFF * time
    window = _bessel_i0(_BETA * math.sqrt(1 - (time / _DELAY) ** 2))
    return window * (math.sin(angle) / angle if angle else 1.0)


def _rounded(coefficients: list[float]) -> tuple[int, ...]:
    """Scale to a sum of `UNITY` and round so that the sum stays: a constant signal passes unchanged."""
    scale = UNITY / math.fsum(coefficients)
    exact = [coefficient * scale for coefficient in coefficients]
    rounded = [math.floor(coefficient) for coefficient in exact]
    by_remainder = sorted(range(len(exact)), key=lambda k: rounded[k] - exact[k])
    for k in by_remainder[: UNITY - sum(rounded)]:
        rounded[k] += 1
    return tuple(rounded)


@cache
def polyphase(from_hz: int, to_hz: int) -> Polyphase:
    """Return the filter that turns *from_hz* into *to_hz*.

    Raises:
        ValueError: a rate is none of `RATES_HZ`.
    """
    if from_hz not in RATES_HZ or to_hz not in RATES_HZ:
        raise ValueError(f"rates are 8000, 16000, 24000 and 48000 Hz, got {from_hz} and {to_hz}")
    if from_hz == to_hz:
        return Polyphase(1, 1, (), 0)
    common_hz = math.gcd(from_hz, to_hz)
    up, down = to_hz // common_hz, from_hz // common_hz
    low_hz = min(from_hz, to_hz)
    steps = from_hz * up // low_hz  # of the filter, in a sample of the lower rate
    middle = _DELAY * steps
    phases = tuple(
        # The newest sample, which is the last, is `phase` steps old when this output is made.
        _rounded([_lowpass((step - middle) / steps) for step in range(phase, 2 * middle, up)][::-1])
        for phase in range(up)
    )
    return Polyphase(up, down, phases, _DELAY * from_hz // low_hz)
