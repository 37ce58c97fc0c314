"""The header of a WAV file: what it says, and what it should say.

Source: "Multimedia Programming Interface and Data Specifications 1.0" (IBM, Microsoft, 1991), chapter 3;
"New Multimedia Data Types and Data Techniques" (Microsoft, 1994) for G.711, ``fact`` and the extensible format.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import BinaryIO, Protocol

from phonewire._typing import Encoding
from phonewire.errors import CodecError

__all__ = [
    "AudioFormat",
    "WavHeader",
    "WavInfo",
    "open_file",
    "pack_header",
    "read_header",
    "sample_bytes",
    "size_field",
]

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
        return sample_bytes(self.encoding)

    @property
    def duration_ms(self) -> float:
        """How long the audio lasts."""
        return self.audio_bytes * 1000 / (self.sample_bytes * self.channels * self.sample_rate_hz)


@dataclass(frozen=True)
class WavHeader:
    """What the header of a WAV file says, and where.

    Attributes:
        info: what the file holds, with the audio that is really there.
        start: offset of the audio.
        declared_bytes: how much audio there is by the header's account.
        riff_end: where the file ends by the header's account.
        fact_start: offset of the number of samples in the ``fact`` chunk; None without one.
    """

    info: WavInfo
    start: int
    declared_bytes: int
    riff_end: int
    fact_start: int | None = None

    @property
    def audio_end(self) -> int:
        """Where the audio ends by the header's account."""
        return self.start + self.declared_bytes


def open_file(file: str | PathLike[str] | BinaryIO, mode: str) -> tuple[BinaryIO, bool]:
    """Return the file object and whether it was opened here."""
    if isinstance(file, str | PathLike):
        return Path(file).open(mode), True  # type: ignore[return-value]  # a binary mode, always
    return file, False


def sample_bytes(encoding: Encoding) -> int:
    """Return the bytes of one sample or codeword."""
    return 1 if encoding in ("ulaw", "alaw") else 2


def size_field(size: int) -> int:
    """Return what a header says of *size* bytes or samples: beyond 4 GiB all ones, which means on to the end."""
    return min(size, _MAX_SIZE)


def pack_header(media_format: AudioFormat, audio_bytes: int) -> bytes:
    """Return everything before the audio: 44 bytes for linear samples, 58 for codewords."""
    width = sample_bytes(media_format.encoding)
    group_bytes = width * media_format.channels
    tag = _TAG_OF_ENCODING[media_format.encoding]
    rate = media_format.sample_rate_hz
    fmt = _FORMAT.pack(tag, media_format.channels, rate, rate * group_bytes, group_bytes, width * 8)
    chunks = _CHUNK.pack(b"fmt ", len(fmt)) + fmt
    if width == 1:  # anything but linear samples has an extension, of no bytes here, and a fact chunk
        samples = size_field(audio_bytes // media_format.channels)
        chunks = _CHUNK.pack(b"fmt ", len(fmt) + 2) + fmt + b"\0\0" + _FACT.pack(b"fact", 4, samples)
    chunks += _CHUNK.pack(b"data", size_field(audio_bytes))
    riff_bytes = 4 + len(chunks) + audio_bytes + audio_bytes % 2
    return _RIFF.pack(b"RIFF", size_field(riff_bytes), b"WAVE") + chunks


def read_header(file: BinaryIO) -> WavHeader:
    """Read a file from its beginning as far as its audio, and return what it says.

    Raises:
        CodecError: this is no WAV file, or holds audio that phonewire does not take.
        OSError: the file cannot be read.
    """
    riff_end = _read_riff(file)
    info = fact_start = None
    for _ in range(_MAX_CHUNKS):
        chunk_id, size = _CHUNK.unpack(_read_exactly(file, _CHUNK.size, "chunk header"))
        start = file.tell()
        if chunk_id == b"data":
            if info is None:
                raise CodecError("WAV has audio before its format (no fmt chunk)")
            return _count_audio(WavHeader(info, start, size, riff_end, fact_start), file.seek(0, 2))
        if chunk_id == b"fmt ":
            info = _parse_format(_read_exactly(file, min(size, 40), "fmt chunk"))
        if chunk_id == b"fact" and size >= 4:
            fact_start = start
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
    if bits != sample_bytes(encoding) * 8:
        raise CodecError(f"WAV holds {bits}-bit {'samples' if tag == 1 else encoding}; {_TAKES}")
    if not channels or not sample_rate_hz or group_bytes != sample_bytes(encoding) * channels:
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


def _count_audio(header: WavHeader, end: int) -> WavHeader:
    """Fill in how much audio there is: what the header says, or what the file has if it was never finished."""
    size, available = header.declared_bytes, end - header.start
    # A recorder that was killed leaves 0; then RIFF's own size ends here too, unlike in a file without audio that
    # has other chunks behind it.
    never_finished = size == 0 and not header.start < header.riff_end <= end
    audio_bytes = available if never_finished else min(size, available)
    group_bytes = header.info.sample_bytes * header.info.channels
    return replace(header, info=replace(header.info, audio_bytes=audio_bytes - audio_bytes % group_bytes))
