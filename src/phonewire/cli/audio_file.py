"""The file that ``phonewire send`` sends: WAV, or headerless audio that the command line describes."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Self

from phonewire._typing import Encoding
from phonewire.errors import CodecError
from phonewire.protocols.connection import MediaFormat
from phonewire.protocols.payload import decoder, encoder
from phonewire.wav import WavReader

__all__ = ["AudioFile", "wav_channels"]

_BLOCK_BYTES = 65_536


class AudioFile:
    """Audio on its way from a file to the wire.

    Args:
        path: of the file.
        wire: how the wire has it.
        encoding: what a file without header holds; None for WAV.
        sample_rate_hz: of a file without header.
        channel: which channel of a WAV file, 1 for the first; None when it has as many as the wire.

    Attributes:
        duration_ms: how long the audio is.

    Raises:
        CodecError: the file cannot be sent on this wire; the message says what it holds and what to do.
        OSError: the file cannot be read.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        wire: MediaFormat,
        *,
        encoding: Encoding | None = None,
        sample_rate_hz: int = 8000,
        channel: int | None = None,
    ) -> None:
        self._file = Path(path).open("rb")  # noqa: SIM115 - `close` closes it
        try:
            if encoding is None:
                self._open_wav(channel, wire.channels)
            else:
                self._open_raw(MediaFormat(encoding, sample_rate_hz))
            self._check_rate(wire)
            if not self.duration_ms:
                raise CodecError("there is no audio in the file")
        except BaseException:
            self.close()
            raise
        self._wire = wire

    def payloads(self) -> Iterator[bytes]:
        """Iterate over the audio, coded as on the wire; codewords that fit are passed on as they are."""
        if self._encoding == self._wire.encoding:
            yield from self._blocks
            return
        decode, encode = decoder(self._encoding), encoder(self._wire.encoding)
        for block in self._blocks:
            yield encode(decode(block))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def _open_wav(self, channel: int | None, channels: int) -> None:
        try:
            reader = WavReader(self._file)
        except CodecError as error:
            raise CodecError(f"{error}; for audio without a header say --encoding and --rate") from None
        info = reader.info
        if channel is None and info.channels != channels:
            raise CodecError(f"the file has {info.channels} channels, the wire has {channels}: choose with --channel 1")
        self._encoding, self._sample_rate_hz, self.duration_ms = info.encoding, info.sample_rate_hz, info.duration_ms
        self._blocks = reader.blocks(channel)

    def _open_raw(self, held: MediaFormat) -> None:
        if self._file.read(4) == b"RIFF":
            raise CodecError("the file has a header of its own: leave --encoding and --rate out")
        size = self._file.seek(0, 2)
        if size % held.group_bytes:
            raise CodecError(f"{held.encoding} takes {held.group_bytes} bytes a sample, the file has {size}")
        self._encoding, self._sample_rate_hz = held.encoding, held.sample_rate_hz
        self.duration_ms = size * 1000 / held.group_bytes / held.sample_rate_hz
        self._blocks = self._read_raw()

    def _read_raw(self) -> Iterator[bytes]:
        self._file.seek(0)
        while block := self._file.read(_BLOCK_BYTES):
            yield block

    def _check_rate(self, wire: MediaFormat) -> None:
        if self._sample_rate_hz != wire.sample_rate_hz:
            raise CodecError(
                f"the file has {self._sample_rate_hz} Hz, the wire has {wire.sample_rate_hz} Hz; phonewire does not "
                f"resample files yet, sox does: sox FILE -r {wire.sample_rate_hz} OUT.wav"
            )


def wav_channels(path: str | PathLike[str]) -> int:
    """Return how many channels a WAV file has; 1 of what is none, which `AudioFile` says."""
    try:
        with WavReader(path) as reader:
            return reader.info.channels
    except CodecError:
        return 1
