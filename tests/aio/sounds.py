"""Audio that the tests of calls say, and files of it."""

import functools
import random
import wave


@functools.cache
def speech(ms, seed=1):
    """Return µ-law in which no piece is like another and none is silence, so that padding shows."""
    return bytes(random.Random(seed).choices(range(0x02, 0x70), k=8 * ms))


def wav(path, samples, rate_hz=8000, channels=1):
    """Write s16 samples to a file, and return its path."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(samples)
    return path
