"""WAV files of telephone audio: 16-bit linear, µ-law and A-law, any rate, any number of channels.

`WavReader` takes what recorders leave behind: extra chunks, odd padding, sizes that are zero, all ones or longer than
the file. It reads in blocks, never a whole file at once. `WavWriter` leaves a file that can be read after every
`flush`, whatever happens to the process afterwards.

Source: "Multimedia Programming Interface and Data Specifications 1.0" (IBM, Microsoft, 1991), chapter 3;
"New Multimedia Data Types and Data Techniques" (Microsoft, 1994) for G.711, ``fact`` and the extensible format.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import BinaryIO, Protocol, Self

from phonewire._typing import Buffer, Encoding
from phonewire.errors import CodecError

__all__ = ["AudioFormat", "WavInfo", "WavReader", "WavWriter"]

# RIFF and WAVE, fmt of 16 or 18 bytes, fact of 4 bytes for all but linear samples, the header of data.
_RIFF = struct.Struct("<4sI4s")
_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHIIHH")
_FACT = struct.Struct("<4sII")
_EXTENSIBLE = struct.Struct("<HHIH14s")

_ENCODING_OF_TAG: dict[int, Encoding] = {1: "s16le", 6: "alaw", 7: "ulaw"}
_TAG_OF_ENCODING = {encoding: tag for tag, encoding in _ENCODING_OF_TAG.items()}
_TAG_EXTENSIBLE = 0xFFFE
# The 14 bytes that make a format tag a GUID (KSDATAFORMAT_SUBTYPE_*).
_EXTENSIBLE_TAIL = bytes.fromhex("0000 0000 1000 8000 00aa 0038 9b71")
_NAME_OF_TAG = {2: "ADPCM", 3: "float", 0x11: "IMA ADPCM", 0x31: "GSM 6.10", 0x55: "MP3"}
_COUSINS = {b"RF64": "RF64", b"BW64": "BW64", b"RIFX": "RIFX (big-endian)", b"FORM": "AIFF", b"OggS": "Ogg"}

_TAKES = "phonewire takes 16-bit, µ-law and A-law"
_BLOCK_BYTES = 65_536
# Real files have a handful; a hostile one is made of nothing else.
_MAX_CHUNKS = 1000
_MAX_SIZE = 0xFFFF_FFFF


class AudioFormat(Protocol):
    """What a file needs to know of its audio; `WavInfo` and the protocols' ``MediaFormat`` are both one."""

    @property
    def encoding(self) -> Encoding:
        """How audio is coded."""

    @property
    def sample_rate_hz(self) -> int:
        """Samples a second of each channel."""

    @property
    def channels(self) -> int:
        """Channels, interleaved."""


@dataclass(frozen=True)
class WavInfo:
    """What a WAV file holds.

    Attributes:
        encoding: ``"s16le"``, ``"ulaw"`` or ``"alaw"``.
        sample_rate_hz: samples a second of each channel.
        channels: interleaved, the first of each sample group is channel 1.
        audio_bytes: bytes of audio that are there, whole sample groups only.
    """

    encoding: Encoding
    sample_rate_hz: int
    channels: int
    audio_bytes: int = 0

    @property
    def sample_bytes(self) -> int:
        """Bytes of one sample or codeword of one channel."""
        return _sample_bytes(self.encoding)

    @property
    def duration_ms(self) -> float:
        """How long the audio lasts."""
        return self.audio_bytes * 1000 / (self.sample_bytes * self.channels * self.sample_rate_hz)


class WavReader:
    """Read a WAV file in blocks.

    Args:
        source: a path, or a binary file object that can seek; a file object stays open on `close`.

    Attributes:
        info: what the file holds.

    Raises:
        CodecError: this is no WAV file, or holds audio that phonewire does not take; nothing is left open.
        OSError: the file cannot be read.
    """

    def __init__(self, source: str | PathLike[str] | BinaryIO) -> None:
        self._file, self._owned = _open(source, "rb")
        try:
            self.info, self._start = _read_header(self._file)
        except BaseException:
            self.close()
            raise

    def blocks(self, channel: int | None = None) -> Iterator[bytes]:
        """Iterate over the audio from its beginning, at most 64 KiB in memory at a time.

        Args:
            channel: 1 for the first, as in sox; None for all of them, interleaved.

        Returns:
            An iterator of bytes as in the file: whole sample groups, or whole samples of one channel.

        Raises:
            CodecError: there is no such channel; nothing is read.
        """
        if channel is not None and not 1 <= channel <= self.info.channels:
            raise CodecError(f"WAV has {self.info.channels} channel(s), there is no channel {channel}")
        return self._blocks(channel)

    def read(self, channel: int | None = None) -> bytes:
        """Return all the audio at once; for files that are known to be small. Args and errors as `blocks`."""
        return b"".join(self.blocks(channel))

    def close(self) -> None:
        """Close the file if it was opened here; calling it again does nothing."""
        if self._owned:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def _blocks(self, channel: int | None) -> Iterator[bytes]:
        group_bytes = self.info.sample_bytes * self.info.channels
        remaining = self.info.audio_bytes
        self._file.seek(self._start)
        while remaining:
            # A group is at most 128 KiB, so that a block is never empty.
            size = max(_BLOCK_BYTES // group_bytes, 1) * group_bytes
            block = self._file.read(min(size, remaining))
            if len(block) % group_bytes or not block:
                return  # the file shrank while we read
            remaining -= len(block)
            yield block if channel is None else _select(block, channel - 1, self.info)


class WavWriter:
    """Write a WAV file that can be read after every `flush`.

    Args:
        target: a path, which is overwritten, or an empty binary file object that can seek; a file object stays open
            on `close`.
        media_format: encoding (``"s16le"``, ``"ulaw"``, ``"alaw"``), sample rate and channels.

    Raises:
        CodecError: a WAV file does not hold this encoding; nothing is written.
        OSError: the file cannot be written; the same for every method.
    """

    def __init__(self, target: str | PathLike[str] | BinaryIO, media_format: AudioFormat) -> None:
        if media_format.encoding not in _TAG_OF_ENCODING:
            raise CodecError(f"WAV holds s16le, ulaw or alaw, got {media_format.encoding}")
        self._format = media_format
        self._group_bytes = _sample_bytes(media_format.encoding) * media_format.channels
        self._audio_bytes = 0
        self._closed = False
        self._file, self._owned = _open(target, "wb")
        self._file.write(_header(media_format, 0))

    @property
    def audio_bytes(self) -> int:
        """Bytes of audio written so far."""
        return self._audio_bytes

    def write(self, payload: Buffer, /) -> None:
        """Append audio.

        Args:
            payload: whole sample groups in the encoding of the file, channels interleaved.

        Raises:
            CodecError: *payload* is not a whole number of sample groups; nothing is written.
        """
        size = memoryview(payload).nbytes
        if size % self._group_bytes:
            raise CodecError(f"WAV takes whole sample groups of {self._group_bytes} bytes, got {size} bytes")
        self._file.write(payload)
        self._audio_bytes += size

    def flush(self) -> None:
        """Hand everything to the operating system, with a header that tells the sizes so far."""
        self._file.seek(0)
        self._file.write(_header(self._format, self._audio_bytes))
        self._file.seek(0, 2)
        self._file.flush()

    def close(self) -> None:
        """Finish the file, and close it if it was opened here; calling it again does nothing."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._audio_bytes % 2:
                self._file.write(b"\0")  # chunks begin at even offsets; the size does not count the padding
            self.flush()
        finally:
            if self._owned:
                self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()


def _open(file: str | PathLike[str] | BinaryIO, mode: str) -> tuple[BinaryIO, bool]:
    """Return the file object and whether it was opened here."""
    if isinstance(file, str | PathLike):
        return Path(file).open(mode), True  # type: ignore[return-value]  # a binary mode, always
    return file, False


def _sample_bytes(encoding: Encoding) -> int:
    return 1 if encoding in ("ulaw", "alaw") else 2


def _select(block: bytes, index: int, info: WavInfo) -> bytes:
    # "H" only moves pairs of bytes; their order stays what it is.
    return memoryview(block).cast("B" if info.sample_bytes == 1 else "H")[index :: info.channels].tobytes()


def _header(media_format: AudioFormat, audio_bytes: int) -> bytes:
    """Pack everything before the audio: 44 bytes for linear samples, 58 for codewords."""
    sample_bytes = _sample_bytes(media_format.encoding)
    group_bytes = sample_bytes * media_format.channels
    tag = _TAG_OF_ENCODING[media_format.encoding]
    rate = media_format.sample_rate_hz
    fmt = _FORMAT.pack(tag, media_format.channels, rate, rate * group_bytes, group_bytes, sample_bytes * 8)
    chunks = _CHUNK.pack(b"fmt ", len(fmt)) + fmt
    if sample_bytes == 1:  # anything but linear samples has an extension, of no bytes here, and a fact chunk
        samples = min(audio_bytes // media_format.channels, _MAX_SIZE)
        chunks = _CHUNK.pack(b"fmt ", len(fmt) + 2) + fmt + b"\0\0" + _FACT.pack(b"fact", 4, samples)
    # Beyond 4 GiB the sizes stay at all ones: read on to the end of the file.
    chunks += _CHUNK.pack(b"data", min(audio_bytes, _MAX_SIZE))
    riff_bytes = 4 + len(chunks) + audio_bytes + audio_bytes % 2
    return _RIFF.pack(b"RIFF", min(riff_bytes, _MAX_SIZE), b"WAVE") + chunks


def _read_header(file: BinaryIO) -> tuple[WavInfo, int]:
    """Return what the file holds and where its audio begins."""
    riff_end = _read_riff(file)
    info = None
    for _ in range(_MAX_CHUNKS):
        chunk_id, size = _CHUNK.unpack(_read_exactly(file, _CHUNK.size, "chunk header"))
        start = file.tell()
        if chunk_id == b"data":
            if info is None:
                raise CodecError("WAV has audio before its format (no fmt chunk)")
            return _with_audio_bytes(info, size, start, riff_end, file), start
        if chunk_id == b"fmt ":
            info = _parse_format(_read_exactly(file, min(size, 40), "fmt chunk"))
        file.seek(start + size + size % 2)
    raise CodecError(f"WAV has no audio in its first {_MAX_CHUNKS} chunks")


def _read_riff(file: BinaryIO) -> int:
    """Return where the file ends by its own account."""
    head = file.read(_RIFF.size)
    if head[:4] in _COUSINS:
        raise CodecError(f"not a WAV file but {_COUSINS[head[:4]]}; {_TAKES} in RIFF/WAVE")
    if len(head) < _RIFF.size or head[:4] != b"RIFF" or head[8:] != b"WAVE":
        raise CodecError("not a WAV file: it does not begin with a RIFF/WAVE header")
    return int(_RIFF.unpack(head)[1]) + 8


def _read_exactly(file: BinaryIO, size: int, what: str) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise CodecError(f"WAV ends within its header: {what} needs {size} bytes, got {len(data)}")
    return data


def _parse_format(fmt: bytes) -> WavInfo:
    if len(fmt) < _FORMAT.size:
        raise CodecError(f"WAV fmt chunk needs {_FORMAT.size} bytes, got {len(fmt)}")
    tag, channels, sample_rate_hz, _, group_bytes, bits = _FORMAT.unpack_from(fmt)
    if tag == _TAG_EXTENSIBLE:
        tag = _parse_extensible(fmt)
    encoding = _ENCODING_OF_TAG.get(tag)
    if encoding is None:
        raise CodecError(f"WAV holds {_NAME_OF_TAG.get(tag, f'format {tag:#06x}')}; {_TAKES}")
    if bits != _sample_bytes(encoding) * 8:
        raise CodecError(f"WAV holds {bits}-bit {'samples' if tag == 1 else encoding}; {_TAKES}")
    if not channels or not sample_rate_hz or group_bytes != _sample_bytes(encoding) * channels:
        raise CodecError(
            f"WAV contradicts itself: {channels} channels of {bits} bits at {sample_rate_hz} Hz "
            f"in groups of {group_bytes} bytes"
        )
    return WavInfo(encoding, sample_rate_hz, channels)


def _parse_extensible(fmt: bytes) -> int:
    """Return the format tag within the GUID of an extensible format."""
    if len(fmt) < 40:
        raise CodecError(f"WAV fmt chunk of an extensible format needs 40 bytes, got {len(fmt)}")
    _, _, _, tag, tail = _EXTENSIBLE.unpack_from(fmt, _FORMAT.size)
    if tail != _EXTENSIBLE_TAIL:
        raise CodecError(f"WAV holds an unknown extensible format; {_TAKES}")
    return int(tag)


def _with_audio_bytes(info: WavInfo, size: int, start: int, riff_end: int, file: BinaryIO) -> WavInfo:
    """Fill in how much audio there is: what the header says, or what the file has if it was never finished."""
    available = file.seek(0, 2) - start
    # A recorder that was killed leaves 0; then RIFF's own size ends here too, unlike in a file without audio that
    # has other chunks behind it.
    never_finished = size == 0 and not start < riff_end <= start + available
    audio_bytes = available if never_finished else min(size, available)
    group_bytes = info.sample_bytes * info.channels
    return replace(info, audio_bytes=audio_bytes - audio_bytes % group_bytes)
