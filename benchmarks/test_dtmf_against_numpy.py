"""How long does it take to look for keys in 20 ms of speech, beside plain Python, and beside numpy's matrix product?"""

from __future__ import annotations

from pathlib import Path

import numpy

from benchmarks.rows import Row, both_sides, compiled, noise, optional
from phonewire import g711, pcm
from phonewire._pure import dtmf as pure
from phonewire._pure.dtmf_bank import HIGH_HZ, HOP, LOW_HZ, RATE_HZ, WINDOW
from phonewire.wav import WavReader

is_built = optional("phonewire._native.dtmf") is not None
SKIPPED = [] if is_built else ["the compiled core is not built"]

SPEECH = Path(__file__).parents[1] / "examples" / "audio" / "speech.wav"
FRAME = RATE_HZ // 50

#: How many times as fast as numpy, which does only the first part of the work: the bins of the 5 windows that end in
#: 20 ms, not what follows from them. Twice as fast, and all of it costs half of what a program would pay for a part.
GOAL = 2.0


def loud_frame() -> bytes:
    """Return 20 ms of a vowel, in every window of which there is something to look at."""
    with WavReader(SPEECH) as reader:
        speech = g711.ulaw_decode(reader.read())
    frames = [speech[at : at + 2 * FRAME] for at in range(0, len(speech), 2 * FRAME)]
    return max(frames, key=lambda frame: pcm.level(frame).rms_dbfs)


class Windows:
    """numpy's way: the bins of all windows in one product with the windowed waves."""

    def __init__(self) -> None:
        times = numpy.arange(WINDOW)[:, None] / RATE_HZ
        waves = numpy.exp(-2j * numpy.pi * times * numpy.array(LOW_HZ + HIGH_HZ))
        self._waves = (waves * numpy.hanning(WINDOW)[:, None]).astype(numpy.complex64)
        self._samples = numpy.zeros(WINDOW - HOP, numpy.float32)

    def bins(self, samples: bytes) -> numpy.ndarray:
        """Return the power of each tone in each window that ends in *samples*."""
        stream = numpy.concatenate([self._samples, numpy.frombuffer(samples, numpy.int16)])
        self._samples = stream[len(samples) // 2 :]
        windows = numpy.lib.stride_tricks.as_strided(
            stream, (len(samples) // 2 // HOP, WINDOW), (HOP * stream.itemsize, stream.itemsize)
        )
        return numpy.abs(windows @ self._waves) ** 2


def _rows() -> list[Row]:
    from phonewire._native import dtmf as native

    sounds = {"speech": loud_frame(), "silence": bytes(2 * FRAME), "white noise": noise(FRAME)}
    rows = []
    for name, sound in sounds.items():
        names = {"ours": native.ToneScanner(), "twin": pure.ToneScanner(), "windows": Windows(), "sound": sound}
        operation = f"keys in {name}"
        rows.append(Row(operation, "pure", "ours.scan(sound)", "twin.scan(sound)", names, FRAME))
        rows.append(Row(operation, "numpy, bins only", "ours.scan(sound)", "windows.bins(sound)", names, FRAME, GOAL))
    return rows


ROWS = _rows() if is_built else []


@both_sides(ROWS)
def test_speed(benchmark, statement, names) -> None:
    benchmark(compiled(statement, names))
