"""Conversion between sample rates in plain Python."""

from __future__ import annotations

from array import array
from operator import mul
from typing import final

from phonewire._pure.pcm import clipped, read
from phonewire._pure.polyphase import UNITY, polyphase
from phonewire._typing import Buffer

__all__ = ["Resampler"]


@final
class Resampler:
    """Converts one stream of audio from one sample rate to another.

    N ms in give N ms out, later by a delay that never changes, and the same samples however the stream is cut. What is
    below 0.425 of the lower rate (3.4 kHz of 8 kHz) stays within 0.1 dB; images and aliases are 60 dB down.

    Args:
        from_hz: sample rate of what comes in: 8000, 16000, 24000 or 48000.
        to_hz: sample rate of what goes out, one of the same. The same rate gives the same audio, without delay.

    Attributes:
        delay_ms: of the filter: 4 to or from 8 kHz, 2 between 16 kHz and more, 1.33 between 24 and 48 kHz.

    Raises:
        ValueError: a rate is none of the four.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self._filter = polyphase(from_hz, to_hz)
        self.delay_ms = self._filter.delay_samples * 1000 / from_hz
        self._begin()

    def _begin(self) -> None:
        taps = len(self._filter.phases[0]) if self._filter.phases else 1
        self._history = array("h", bytes(2 * (taps - 1)))  # before the next sample
        self._time = 0  # of the next output, from the next sample on, in 1/up of a sample
        self._begun = False  # something is still inside the filter

    def resample(self, samples: Buffer, /) -> bytes:
        """Convert the next piece of the stream.

        Args:
            samples: n samples, s16 in native byte order; any C-contiguous buffer of 2*n bytes. Any n will do; whole
                milliseconds give whole milliseconds.

        Returns:
            ``n * to_hz / from_hz`` samples, s16 in native byte order; where that is no whole number, some pieces have
            one sample more than others.

        Raises:
            CodecError: the size of *samples* is odd; the stream is as it was.
            TypeError: *samples* is no buffer, or its format is neither bytes nor native 16-bit; likewise.
            BufferError: *samples* is not C-contiguous; likewise.

        Source: our own; the filter is described in ``phonewire._pure.polyphase``.
        """
        new = read(samples)
        if not self._filter.phases:
            return new.tobytes()
        up, down, phases, _ = self._filter
        taps = len(phases[0])
        window = self._history + new
        end = len(new) * up
        places = [divmod(time, up) for time in range(self._time, end, down)]
        self._history = window[len(new) :]
        self._time += len(places) * down - end
        self._begun = self._begun or bool(new)
        sums = (sum(map(mul, phases[phase], window[first : first + taps])) for first, phase in places)
        return clipped((total + UNITY // 2) // UNITY for total in sums)

    def flush(self) -> bytes:
        """End the stream: return what is still inside the filter, and be ready for another stream.

        Returns:
            The last `delay_ms` of the stream, rounded up to whole samples, s16 in native byte order; nothing when
            nothing came in.

        Source: as for `resample`.
        """
        tail = self.resample(bytes(2 * self._filter.delay_samples)) if self._begun else b""
        self._begin()
        return tail
