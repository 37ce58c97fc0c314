"""Keys in the audio: finds the digits that a caller presses, and makes their tones.

Samples are s16 in native byte order, one channel.
"""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING, Final, NamedTuple

from phonewire import pcm
from phonewire._backend import NATIVE
from phonewire._pure.dtmf_bank import HIGH_HZ, HOP, KEYS, LOW_HZ, RATE_HZ, WINDOW, ZERO_DBM0
from phonewire._pure.polyphase import RATES_HZ
from phonewire._typing import Buffer

if TYPE_CHECKING or not NATIVE:
    from phonewire._pure.dtmf import ToneScanner
else:
    from phonewire._native.dtmf import ToneScanner

__all__ = ["DIGITS", "Detector", "Press", "tone"]

#: What there is to press.
DIGITS: Final = "0123456789*#ABCD"

_HOP_MS = HOP * 1000 // RATE_HZ
# A tone of 40 ms is seen in 8 or 9 windows that follow each other, one of 23 ms in 5 at most.
_LEAST_SEEN = 6
# An interruption of 20 ms is seen as 6 or 7 windows without the tone, a pause of 30 ms as 8 or 9.
_BRIDGED = 7
# The first window in which a tone is seen ends 12.5 ms after its beginning, the last one 4 ms after its end.
_BEFORE_MS = 8

_LOUDEST_DBM0 = -3.0  # two tones at once, and the sum of their peaks is just below full scale


class Press(NamedTuple):
    """A key was pressed.

    Attributes:
        digit: one of `DIGITS`.
        start_ms: from the beginning of the stream to that of the tones.
        duration_ms: of the tones; like the start to about 5 ms.
    """

    digit: str
    start_ms: int
    duration_ms: int


class _Run:
    """Windows in which one key's tones were seen."""

    def __init__(self, key: str, hop: int) -> None:
        self.key = key
        self.first = self.last = hop
        self.seen = 0


class Detector:
    """Finds the digits in one stream of audio, the same ones however it is cut.

    Takes what AT&T's column of ITU-T Q.24 has an exchange take: tones of 40 ms with pauses of 40 ms, off their
    frequencies by up to 1.5 %, from 0 to -25 dBm each, the high one up to 4 dB above and 8 dB below the low one,
    interrupted for up to 10 ms (here 20); noise may be as loud as 15 dB below them. Refuses what it has one refuse:
    tones of 23 ms or less, and those off by 3.5 % or more. Between these limits either may happen. Speech is refused
    because hardly anything else is heard beside a key's tones, at just their frequencies, for so long.

    Args:
        sample_rate_hz: of the audio: 8000, 16000, 24000 or 48000.

    Raises:
        ValueError: the rate is none of the four.

    Source: ITU-T Q.23 (11/88) for the frequencies, Q.24 (11/88) table A-1 for the limits; dBm are taken as dBm0.
    """

    def __init__(self, sample_rate_hz: int = RATE_HZ) -> None:
        if sample_rate_hz not in RATES_HZ:
            raise ValueError(f"sample_rate_hz is one of {', '.join(map(str, RATES_HZ))}, got {sample_rate_hz!r}")
        self._resampler = pcm.Resampler(sample_rate_hz, RATE_HZ)
        self._begin()

    def _begin(self) -> None:
        self._scanner = ToneScanner()
        self._hop = 0  # the next window
        self._press: _Run | None = None  # seen long enough, and perhaps not over
        self._perhaps: _Run | None = None  # not seen long enough yet

    def detect(self, samples: Buffer, /) -> list[Press]:
        """Take the next piece of the stream.

        Args:
            samples: n samples, s16 in native byte order; any C-contiguous buffer of 2*n bytes. Any n will do.

        Returns:
            The presses that are now known to be over, in order: about 40 ms after the end of their tones.

        Raises:
            CodecError: the size of *samples* is odd; the stream is as it was.
            TypeError: *samples* is no buffer, or its format is neither bytes nor native 16-bit; likewise.
            BufferError: *samples* is not C-contiguous; likewise.
        """
        return self._follow(self._scanner.scan(self._resampler.resample(samples)))

    def flush(self) -> list[Press]:
        """End the stream: return the press that goes on, if any, and be ready for another stream."""
        presses = self._follow(self._scanner.scan(self._resampler.flush() + bytes(2 * WINDOW)))
        if self._press is not None:
            presses.append(self._made(self._press))
        self._begin()
        return presses

    def _follow(self, seen: bytes) -> list[Press]:
        if self._press is None and (not seen or seen.isspace()):
            self._hop += len(seen)
            return []
        presses = []
        for key in seen.decode("ascii"):
            if (over := self._over()) is not None:
                presses.append(self._made(over))
            if key != " " and (replaced := self._see(key)) is not None:
                presses.append(self._made(replaced))
            self._hop += 1
        return presses

    def _over(self) -> _Run | None:
        """Return the press when it is over for having been missed too long."""
        press = self._press
        if press is None or self._bridges(press):
            return None
        self._press = None
        return press

    def _bridges(self, run: _Run) -> bool:
        return self._hop - run.last - 1 <= _BRIDGED

    def _see(self, key: str) -> _Run | None:
        """Take a window with the tones of *key*; return the press that another one ends."""
        if self._press is not None and self._press.key == key:
            self._press.last = self._hop
            return None
        run = self._perhaps
        if run is None or run.key != key or not self._bridges(run):
            run = self._perhaps = _Run(key, self._hop)
        run.last = self._hop
        run.seen += 1
        if run.seen < _LEAST_SEEN:
            return None
        over, self._press, self._perhaps = self._press, run, None
        return over

    def _made(self, run: _Run) -> Press:
        start_ms = _HOP_MS * run.first - _BEFORE_MS - round(self._resampler.delay_ms)
        return Press(run.key, max(start_ms, 0), _HOP_MS * (run.last - run.first) + _BEFORE_MS)


def tone(
    digits: str,
    *,
    tone_ms: float = 100,
    pause_ms: float = 100,
    level_dbm0: float = -10,
    sample_rate_hz: int = RATE_HZ,
) -> bytes:
    """Make the tones of digits, each followed by a pause.

    Args:
        digits: of `DIGITS`.
        tone_ms: how long each sounds.
        pause_ms: silence behind each.
        level_dbm0: of each of the two tones, at most -3.
        sample_rate_hz: 8000, 16000, 24000 or 48000.

    Returns:
        ``len(digits) * (tone_ms + pause_ms)`` of samples, s16 in native byte order.

    Raises:
        ValueError: a character is no digit, a time is none, the level is above -3, or the rate is none of the four.

    Source: ITU-T Q.23 (11/88) for the frequencies; 0 dBm0 as in G.711 (11/88) table 6, for µ-law.
    """
    for digit in digits:
        if digit not in DIGITS:
            raise ValueError(f"digits are {DIGITS}, got {digit!r}")
    if not 0 < tone_ms < math.inf or not 0 <= pause_ms < math.inf:
        raise ValueError(f"tone_ms is above 0 and pause_ms at least 0, got {tone_ms!r} and {pause_ms!r}")
    if not level_dbm0 <= _LOUDEST_DBM0:
        raise ValueError(f"level_dbm0 is at most {_LOUDEST_DBM0:g}, got {level_dbm0!r}")
    if sample_rate_hz not in RATES_HZ:
        raise ValueError(f"sample_rate_hz is one of {', '.join(map(str, RATES_HZ))}, got {sample_rate_hz!r}")
    amplitude = ZERO_DBM0 * 10 ** (level_dbm0 / 20)
    n, pause = (round(ms * sample_rate_hz / 1000) for ms in (tone_ms, pause_ms))
    sounds = {digit: _sound(digit, amplitude, n, sample_rate_hz) + bytes(2 * pause) for digit in set(digits)}
    return b"".join(sounds[digit] for digit in digits)


def _sound(digit: str, amplitude: float, n: int, sample_rate_hz: int) -> bytes:
    low, high = divmod(KEYS.index(digit), len(HIGH_HZ))
    a, b = (2 * math.pi * hz / sample_rate_hz for hz in (LOW_HZ[low], HIGH_HZ[high]))
    return array("h", (round(amplitude * (math.sin(a * i) + math.sin(b * i))) for i in range(n))).tobytes()
