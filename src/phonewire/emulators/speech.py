"""What an emulated caller says: audio as it is, or a WAV file turned into what the phone has."""

from __future__ import annotations

from os import PathLike

from phonewire._typing import Buffer, Encoding
from phonewire.errors import CodecError
from phonewire.protocols import payload
from phonewire.wav import WavReader

__all__ = ["samples", "ulaw", "voices"]


def ulaw(source: str | PathLike[str] | Buffer) -> bytes:
    """Return speech as µ-law codewords, 8 kHz mono.

    Args:
        source: n codewords, or the path of a WAV file, 8 kHz mono, in µ-law, A-law or 16-bit samples.

    Returns:
        n codewords; µ-law is never decoded and encoded again.

    Raises:
        CodecError: the file is no such WAV file.
        OSError: the file cannot be read.
    """
    if not isinstance(source, str | PathLike):
        return bytes(source)
    encoding, audio = _read(source, 8000)
    return audio if encoding == "ulaw" else payload.encoder("ulaw")(payload.decoder(encoding)(audio))


def voices(path: str | PathLike[str]) -> list[bytes]:
    """Return each channel of a WAV file, 8 kHz, one or two of them, as µ-law codewords.

    Raises:
        CodecError: the file is no such WAV file.
        OSError: the file cannot be read.
    """
    with WavReader(path) as reader:
        info = reader.info
        if info.sample_rate_hz != 8000 or info.channels > 2:
            raise CodecError(f"a call has 8000 Hz and 1 or 2 voices, got {info.sample_rate_hz} Hz and {info.channels}")
        read = [reader.read(channel) for channel in range(1, info.channels + 1)]
    if info.encoding == "ulaw":
        return read
    encode, decode = payload.encoder("ulaw"), payload.decoder(info.encoding)
    return [encode(decode(audio)) for audio in read]


def samples(source: str | PathLike[str] | Buffer, sample_rate_hz: int = 8000) -> bytes:
    """Return speech as s16 samples, native byte order, mono.

    Args:
        source: n samples, or the path of a WAV file, mono, in µ-law, A-law or 16-bit samples.
        sample_rate_hz: that the file has to have.

    Raises:
        CodecError: the file is no such WAV file, or the samples are not whole.
        OSError: the file cannot be read.
    """
    if not isinstance(source, str | PathLike):
        return payload.whole_samples(source)
    encoding, audio = _read(source, sample_rate_hz)
    return payload.decoder(encoding)(audio)


def _read(path: str | PathLike[str], sample_rate_hz: int) -> tuple[Encoding, bytes]:
    """Return how a WAV file is coded, and its audio."""
    with WavReader(path) as reader:
        info = reader.info
        if (info.sample_rate_hz, info.channels) != (sample_rate_hz, 1):
            wanted, got = f"{sample_rate_hz} Hz and 1 channel", f"{info.sample_rate_hz} Hz and {info.channels}"
            raise CodecError(f"a phone takes {wanted}, got {got}")
        return info.encoding, reader.read()
