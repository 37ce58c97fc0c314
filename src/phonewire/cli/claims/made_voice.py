"""A voice for who has no recording at hand: an installed phonewire comes without the one of the source tree."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from phonewire import g711

__all__ = ["made_voice"]

_RATE_HZ = 8000
_HARMONICS = 20  # of 120 Hz: up to 2,400 Hz, most of what a telephone carries


def made_voice(seconds: float = 60.0) -> bytes:
    """Return µ-law that rises and falls as speech does: 4 syllables a second, and a pause of 1 s every 5 s.

    Args:
        seconds: how long it is.

    Returns:
        The same codewords each time, 8 kHz mono.
    """
    at_s: NDArray[np.float64] = np.arange(round(seconds * _RATE_HZ), dtype=np.float64) / _RATE_HZ
    pitch_hz = 120 * (1 + 0.1 * np.sin(2 * np.pi * 0.3 * at_s))
    phase = 2 * np.pi * np.cumsum(pitch_hz) / _RATE_HZ
    buzz = np.zeros_like(at_s)
    for number in range(1, _HARMONICS + 1):
        buzz += np.sin(number * phase) / number
    loudness = np.maximum(np.sin(2 * np.pi * 4 * at_s), 0) * (at_s % 5 < 4)
    return g711.ulaw_encode((6000 * buzz * loudness).astype(np.int16).tobytes())
