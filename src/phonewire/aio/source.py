"""Audio to be sent, coded as the wire has it, wherever it comes from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from os import PathLike

from phonewire._typing import Buffer
from phonewire.errors import CodecError
from phonewire.protocols.connection import MediaFormat
from phonewire.protocols.payload import decoder, encoder
from phonewire.wav import WavReader

__all__ = ["encode_samples", "in_thread", "require_headerless", "wav_payloads"]


def require_headerless(audio: Buffer) -> None:
    """Refuse a WAV file where audio is meant: its header would be heard as a click.

    Raises:
        CodecError: *audio* starts with a RIFF header.
    """
    start = bytes(memoryview(audio).cast("B")[:12])
    if start[:4] == b"RIFF" and start[8:] == b"WAVE":
        raise CodecError("this is a WAV file with its header, not audio: use call.play(path)")


def encode_samples(samples: Buffer, media_format: MediaFormat) -> bytes:
    """Code s16 samples (native byte order) as *media_format* has them on the wire."""
    require_headerless(samples)
    return encoder(media_format.encoding)(samples)


def wav_payloads(path: str | PathLike[str], media_format: MediaFormat) -> Iterator[bytes]:
    """Yield a WAV file's audio in blocks, coded as *media_format* has it on the wire.

    Raises:
        CodecError: the file is not WAV, holds a format that phonewire does not take, or has another rate or number of
            channels than the wire.
        OSError: the file cannot be read.
    """
    with WavReader(path) as reader:
        info = reader.info
        if info.sample_rate_hz != media_format.sample_rate_hz:
            raise CodecError(f"the call has {media_format.sample_rate_hz} Hz, the file {info.sample_rate_hz} Hz")
        if info.channels != media_format.channels:
            raise CodecError(f"the call has {media_format.channels} channels, the file {info.channels}")
        if info.encoding == media_format.encoding:
            yield from reader.blocks()
        else:
            decode, encode = decoder(info.encoding), encoder(media_format.encoding)
            for block in reader.blocks():
                yield encode(decode(block))


async def in_thread(blocks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Yield *blocks*, each made in a thread, so that a slow disk does not hold up the event loop."""
    while (block := await asyncio.to_thread(next, blocks, None)) is not None:
        yield block
