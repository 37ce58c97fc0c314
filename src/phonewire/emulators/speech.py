"""What an emulated caller says: codewords as they are, or a WAV file turned into µ-law."""

from __future__ import annotations

from os import PathLike

from phonewire._typing import Buffer
from phonewire.errors import CodecError
from phonewire.protocols import payload
from phonewire.wav import WavReader

__all__ = ["ulaw"]


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
    with WavReader(source) as reader:
        info = reader.info
        if (info.sample_rate_hz, info.channels) != (8000, 1):
            raise CodecError(f"a phone takes 8000 Hz and 1 channel, got {info.sample_rate_hz} Hz and {info.channels}")
        if info.encoding == "ulaw":
            return reader.read()
        return payload.encoder("ulaw")(payload.decoder(info.encoding)(reader.read()))
