"""Keys' tones, window by window, in plain Python."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import final

from phonewire._pure.dtmf_bank import HOP, KEYS, WINDOW, Tone, Turn, bank
from phonewire._pure.pcm import read
from phonewire._typing import Buffer

__all__ = ["ToneScanner"]

_Bin = tuple[int, int]
_NOTHING: tuple[_Bin, ...] = ((0, 0),) * 8


def goertzel(samples: Iterable[int], tone: Tone) -> _Bin:
    """Return how much of a tone is in *samples*; ``native/goertzel/goertzel.h`` says in which units."""
    cosine, sine = tone
    last = before = 0
    for sample in samples:
        last, before = (sample << 4) + (cosine * last >> 29) - before, last
    return last - (before * cosine >> 30), before * sine >> 30


def _power(found: _Bin) -> int:
    re, im = found[0] >> 6, found[1] >> 6
    return re * re + im * im


def _strongest(powers: list[int]) -> int:
    return max(range(len(powers)), key=powers.__getitem__)


def _is_pair(low: int, high: int, energy: int) -> bool:
    least = bank().least_power
    return min(low, high) >= least and low <= 10 * high and high <= 4 * low and 30 * (low + high) >= 56 * energy


def _is_in_tune(turn: Turn, now: _Bin, then: _Bin) -> bool:
    (a_re, a_im), (b_re, b_im) = ((re >> 6, im >> 6) for re, im in (now, then))
    re, im = a_re * b_re + a_im * b_im, a_im * b_re - a_re * b_im
    ahead_re, ahead_im = re * turn.cosine + im * turn.sine >> 15, im * turn.cosine - re * turn.sine >> 15
    return ahead_re > 0 and abs(ahead_im) <= ahead_re * turn.most >> 15


@final
class ToneScanner:
    """Finds the pairs of tones that keys send, in one stream of audio at 8 kHz.

    Every 4 ms it looks at the last 16. What it sees there is a key's when the tones of one low and one high frequency
    of ITU-T Q.23, each within 2.5 % of it and at least at -36 dBm0, are 70 % of what is heard, when the high one is at
    most 6 dB above and 10 dB below the low one, and when it has no second harmonic above -13 dB.
    """

    def __init__(self) -> None:
        self._samples = array("h", bytes(2 * (WINDOW - HOP)))  # of the next window
        self._laps = _NOTHING, _NOTHING  # bins of the windows before it, newest first

    def scan(self, samples: Buffer, /) -> bytes:
        """Scan the next piece of the stream.

        Args:
            samples: n samples, s16 in native byte order, 8 kHz; any C-contiguous buffer of 2*n bytes. Any n will do.

        Returns:
            A character for each 32 samples since the beginning of the stream: the key whose tones are in the 128 that
            end there, one of ``0123456789*#ABCD``, or a space.

        Raises:
            CodecError: the size of *samples* is odd; the stream is as it was.
            TypeError: *samples* is no buffer, or its format is neither bytes nor native 16-bit; likewise.
            BufferError: *samples* is not C-contiguous; likewise.

        Source: our own, on G. Goertzel's algorithm of 1958; ITU-T Q.23 for the frequencies.
        """
        stream = self._samples + read(samples)
        hops = (len(stream) - WINDOW + HOP) // HOP
        keys = "".join(self._look(stream[HOP * hop : HOP * hop + WINDOW]) for hop in range(hops))
        self._samples = stream[HOP * hops :]
        return keys.encode()

    def _look(self, samples: array[int]) -> str:
        windowed = [sample * factor + 2**14 >> 15 for sample, factor in zip(samples, bank().window, strict=True)]
        energy = sum(sample * sample for sample in windowed)
        bins, key = _NOTHING, " "
        if energy >= bank().least_energy:  # else it is too faint for any key
            bins = tuple(goertzel(windowed, tone) for tone in bank().tones)
            key = self._judge(bins, windowed, energy)
        self._laps = bins, self._laps[0]
        return key

    def _judge(self, bins: tuple[_Bin, ...], windowed: list[int], energy: int) -> str:
        powers = [_power(found) for found in bins]
        low, high = _strongest(powers[:4]), 4 + _strongest(powers[4:])
        if not _is_pair(powers[low], powers[high], energy):
            return " "
        for tone in (low, high):
            turn = bank().turns[tone]
            if not _is_in_tune(turn, bins[tone], self._laps[turn.lag - 1][tone]):
                return " "
        is_pure = 20 * _power(goertzel(windowed, bank().harmonics[high - 4])) <= powers[high]
        return KEYS[4 * low + high - 4] if is_pure else " "
