"""What the phones of the examples say: the recordings of examples/audio."""

from pathlib import Path

from phonewire import g711
from phonewire.wav import WavReader

AUDIO = Path(__file__).parent / "audio"


def codewords(name: str) -> bytes:
    """Return the µ-law of a file."""
    with WavReader(AUDIO / name) as reader:
        return reader.read()


def samples(name: str) -> bytes:
    """Return the samples of a file, s16 at 8 kHz."""
    return g711.ulaw_decode(codewords(name))


def phrase(number: int) -> bytes:
    """Return one of the four phrases of phrases.wav, as µ-law."""
    return codewords("phrases.wav")[(number - 1) * 19_200 : number * 19_200]
