"""What the tone scanner computes with: the window, the tones, their harmonics, and its limits.

Both backends take their numbers from here, and thus see the same keys.

Source: ITU-T Q.23 (11/88) for the frequencies.
"""

from __future__ import annotations

import math
from functools import cache
from itertools import chain
from typing import Final, NamedTuple

__all__ = ["HIGH_HZ", "HOP", "KEYS", "LOW_HZ", "RATE_HZ", "WINDOW", "ZERO_DBM0", "Bank", "Tone", "Turn", "bank"]

RATE_HZ: Final = 8000
LOW_HZ: Final = (697, 770, 852, 941)
HIGH_HZ: Final = (1209, 1336, 1477, 1633)
#: The key of low tone i and high tone j is ``KEYS[4 * i + j]``.
KEYS: Final = "123A456B789C*0#D"
#: Amplitude of a sine of 0 dBm0: the greatest one, whose peak in µ-law is 32124 (ITU-T G.711 table 2a), has 3.17 dBm0.
ZERO_DBM0: Final = 32124 * 10 ** (-3.17 / 20)

# A Hann window of 16 ms has nothing left at 268 Hz beside a tone, where the other group's nearest one is, and 3.5 % of
# 1633 Hz are well inside its main lobe; a tone of 40 ms still fills several.
WINDOW: Final = 128
HOP: Final = 32

# Between 1.5 %, which is a key's, and 3.5 %, which is not.
_TOLERANCE = 0.025
# Windows between two measurements of the phase: as many as keep the tolerance within 70 degrees.
_LOW_LAG, _HIGH_LAG = 2, 1

# -36 dBm0 for each tone: the fainter one of -25 dBm with 8 dB of twist, off its frequency by 1.5 %, is above it.
_LEAST_AMPLITUDE = ZERO_DBM0 * 10 ** (-36 / 20)
# Powers are of a bin divided by 64: of 16 times half the sum of the window times the amplitude.
_POWER = (16 * WINDOW / 2 / 2 / 64) ** 2


class Tone(NamedTuple):
    """A Goertzel resonator: angle = 2*pi * frequency / sample rate."""

    cosine: int  # of the angle, * 2^30
    sine: int


class Turn(NamedTuple):
    """How far the phase of a tone turns from one window to a later one, and how much more or less is allowed."""

    lag: int  # windows
    cosine: int  # * 2^15
    sine: int
    most: int  # tangent of the difference, * 2^15


class Bank(NamedTuple):
    """All the numbers of the scanner.

    Attributes:
        window: factors of the samples, * 2^15.
        tones: 4 low, then 4 high.
        harmonics: at twice the frequencies of the high ones.
        turns: of the phases of the tones.
        least_energy: of a window times its samples, below which there is no key in it.
        least_power: of the bin of each of a key's tones.
    """

    window: tuple[int, ...]
    tones: tuple[Tone, ...]
    harmonics: tuple[Tone, ...]
    turns: tuple[Turn, ...]
    least_energy: int
    least_power: int

    def packed(self) -> list[int]:
        """Return the numbers in the order of ``pw_dtmf_bank``."""
        turns = ((turn.cosine, turn.sine, turn.most) for turn in self.turns)
        return [*self.window, *chain(*self.tones, *self.harmonics, *turns), self.least_energy, self.least_power]


def _tone(frequency_hz: int) -> Tone:
    angle = 2 * math.pi * frequency_hz / RATE_HZ
    return Tone(round(math.cos(angle) * 2**30), round(math.sin(angle) * 2**30))


def _turn(frequency_hz: int, lag: int) -> Turn:
    angle = 2 * math.pi * frequency_hz / RATE_HZ * HOP * lag
    most = math.tan(angle * _TOLERANCE)
    return Turn(lag, round(math.cos(angle) * 2**15), round(math.sin(angle) * 2**15), round(most * 2**15))


@cache
def bank() -> Bank:
    """Return the numbers of the scanner."""
    hann = (math.sin(math.pi * (i + 0.5) / WINDOW) ** 2 for i in range(WINDOW))
    least_power = round(_POWER * _LEAST_AMPLITUDE**2)
    return Bank(
        window=tuple(round(factor * 2**15) for factor in hann),
        tones=tuple(map(_tone, LOW_HZ + HIGH_HZ)),
        harmonics=tuple(_tone(2 * frequency_hz) for frequency_hz in HIGH_HZ),
        turns=(*(_turn(hz, _LOW_LAG) for hz in LOW_HZ), *(_turn(hz, _HIGH_LAG) for hz in HIGH_HZ)),
        # A tone has 8/3 of its energy in the window in its bin.
        least_energy=least_power * 3 // 8,
        least_power=least_power,
    )
