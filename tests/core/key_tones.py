"""Keys' tones made with numpy from the numbers of ITU-T Q.23, not by `phonewire.dtmf`, and what spoils them."""

import numpy as np

LOW_HZ = {key: hz for keys, hz in (("123A", 697), ("456B", 770), ("789C", 852), ("*0#D", 941)) for key in keys}
HIGH_HZ = {key: hz for keys, hz in (("147*", 1209), ("2580", 1336), ("369#", 1477), ("ABCD", 1633)) for key in keys}
KEYS = "".join(LOW_HZ)

# A sine over the whole range of µ-law, whose largest value is 32124, has 3.17 dBm0 (ITU-T G.711).
ZERO_DBM0 = 32124 / 10 ** (3.17 / 20)


def sine(frequency_hz, ms, level_dbm0=-10.0, phase=0.0, rate_hz=8000):
    times = np.arange(round(ms * rate_hz / 1000)) / rate_hz
    return ZERO_DBM0 * 10 ** (level_dbm0 / 20) * np.sin(2 * np.pi * frequency_hz * times + phase)


def silence(ms, rate_hz=8000):
    return np.zeros(round(ms * rate_hz / 1000))


def key(digit, ms, level_dbm0=-10.0, *, twist_db=0.0, off=(0.0, 0.0), phases=(0.0, 0.0), rate_hz=8000):
    """The louder tone has *level_dbm0*; twist is positive where that is the high one; *off* is a part of 1."""
    low_dbm0, high_dbm0 = level_dbm0 - max(twist_db, 0), level_dbm0 + min(twist_db, 0)
    return sine(LOW_HZ[digit] * (1 + off[0]), ms, low_dbm0, phases[0], rate_hz) + sine(
        HIGH_HZ[digit] * (1 + off[1]), ms, high_dbm0, phases[1], rate_hz
    )


def noisy(audio, snr_db, seed, *, like=None):
    """White noise over the whole band beside all of *audio*, *snr_db* below the mean power of *like*."""
    signal = audio if like is None else like
    sigma = np.sqrt(np.mean(signal**2) / 10 ** (snr_db / 10))
    return audio + np.random.default_rng(seed).normal(0, sigma, len(audio))


def s16(*pieces):
    return np.clip(np.round(np.concatenate(pieces)), -32768, 32767).astype(np.int16).tobytes()
