"""Audio to be sent, coded as the wire has it, wherever it comes from and whatever its sample rate."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from os import PathLike

from phonewire._typing import Buffer
from phonewire.aio.faults import fault
from phonewire.aio.pacing import PTIME_MS
from phonewire.aio.sample_rate import ChannelResampler, check_rate, rechannel
from phonewire.errors import CodecError
from phonewire.protocols.connection import MediaFormat
from phonewire.protocols.payload import decoder, encoder
from phonewire.wav import WavInfo, WavReader

__all__ = ["Coder", "in_thread", "payload_bytes", "require_audio", "wav_payloads"]


def require_audio(audio: Buffer, group_bytes: int) -> None:
    """Refuse what cannot be audio, before any of it is taken.

    Args:
        audio: samples or a payload.
        group_bytes: bytes of one sample of every channel.

    Raises:
        CodecError: *audio* is a WAV file with its header, which would be heard as a click, or not whole groups.
        TypeError: *audio* is no buffer.
        BufferError: *audio* is not C-contiguous.
    """
    if isinstance(audio, bytes) and not audio.startswith(b"RIFF") and not len(audio) % group_bytes:
        return  # what is written all day
    view = memoryview(audio)
    if not view.c_contiguous:
        raise BufferError("audio is C-contiguous, got a view with gaps: make a copy of it")
    if not view.nbytes:
        return
    start = bytes(view.cast("B")[:12])
    if start[:4] == b"RIFF" and start[8:] == b"WAVE":
        raise CodecError("this is a WAV file with its header, not audio: use call.play(path)")
    if view.nbytes % group_bytes:
        raise CodecError(f"audio is a multiple of {group_bytes} bytes, got {view.nbytes}")


def payload_bytes(payload: Buffer) -> bytes:
    """Return audio that is coded as on the wire as bytes, a copy where it may change.

    Raises:
        TypeError: *payload* is made of something else than bytes.
    """
    if type(payload) is bytes:
        return payload
    view = memoryview(payload)
    if view.format not in ("B", "b", "c"):
        raise TypeError(f"a payload is bytes, got format {view.format!r}: call.write takes samples")
    return view.tobytes()


class Coder:
    """Codes one stream of samples as the wire has them; the rate may change in its course.

    Args:
        wire: how audio is coded on the wire.

    Attributes:
        resampler: what may have something inside it; None where nothing is converted.
    """

    def __init__(self, wire: MediaFormat) -> None:
        self._wire = wire
        self._encode = encoder(wire.encoding)
        self.resampler: ChannelResampler | None = None
        self._rate_hz = wire.sample_rate_hz  # that the resampler takes

    def code(self, samples: bytes, rate_hz: int) -> Iterator[bytes]:
        """Yield payloads of about a frame each, converted when they are asked for."""
        step = rate_hz * PTIME_MS // 1000 * 2 * self._wire.channels
        for start in range(0, len(samples), step):
            tail = b"" if rate_hz == self._rate_hz else self._turn_to(rate_hz)
            piece = samples[start : start + step]
            yield tail + self._encode(piece if self.resampler is None else self.resampler.resample(piece))

    def _turn_to(self, rate_hz: int) -> bytes:
        """Take samples of another rate from now on, and return what was still inside the resampler."""
        tail = self.flush()
        if rate_hz != self._wire.sample_rate_hz:
            self._rate_hz = rate_hz
            self.resampler = ChannelResampler(rate_hz, self._wire.sample_rate_hz, self._wire.channels)
        return tail

    def flush(self) -> bytes:
        """Return what is still inside the resampler, if there is one; what follows is another stream."""
        tail = b"" if self.resampler is None else self._encode(self.resampler.flush())
        self.reset()
        return tail

    def reset(self) -> None:
        """Forget what is inside the resampler."""
        self.resampler = None
        self._rate_hz = self._wire.sample_rate_hz


def wav_payloads(path: str | PathLike[str], wire: MediaFormat, *, loop: bool = False) -> Iterator[bytes]:
    """Yield a WAV file's audio in blocks, coded as *wire* has it.

    Args:
        path: of the file.
        wire: how audio is coded on the wire.
        loop: yield it again and again, without a seam.

    Raises:
        CodecError: the file is not WAV, holds a format that phonewire does not take, has another rate that there is no
            conversion from, or several channels where the wire has several others.
        OSError: the file cannot be read.
    """
    fault("source.open")
    with WavReader(path) as reader:
        info = reader.info
        convert, flush = _converter(info, wire)
        again = True
        while again:
            again = False
            for block in reader.blocks():
                again = loop
                fault("source.read")
                yield convert(block)
        if tail := flush():
            yield tail


def _converter(info: WavInfo, wire: MediaFormat) -> tuple[Callable[[bytes], bytes], Callable[[], bytes]]:
    """Return what makes the wire's audio of a file's, and what ends it."""
    if (info.encoding, info.sample_rate_hz, info.channels) == (wire.encoding, wire.sample_rate_hz, wire.channels):
        return bytes, bytes
    try:
        check_rate(info.sample_rate_hz, wire.sample_rate_hz)
    except ValueError as error:
        raise CodecError(f"of a file: {error}") from None
    rechannel(b"", info.channels, wire.channels)
    decode, coder = decoder(info.encoding), Coder(wire)

    def convert(block: bytes) -> bytes:
        samples = rechannel(decode(block), info.channels, wire.channels)
        return b"".join(coder.code(samples, info.sample_rate_hz))

    return convert, coder.flush


async def in_thread(blocks: Iterator[bytes]) -> AsyncGenerator[bytes]:
    """Yield *blocks*, each made in a thread, so that a slow disk does not hold up the event loop."""
    while (block := await asyncio.to_thread(next, blocks, None)) is not None:
        yield block
