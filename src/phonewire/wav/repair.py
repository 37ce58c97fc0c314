"""Repairing the header of a WAV file whose recorder was interrupted.

Source: that of `phonewire.wav.header`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import BinaryIO

from phonewire.wav.header import WavHeader, WavInfo, read_header, size_field

__all__ = ["WavRepair", "repair"]

_SIZE = struct.Struct("<I")
_RIFF_SIZE_OFFSET = 4


@dataclass(frozen=True)
class WavRepair:
    """What `repair` did.

    Attributes:
        info: what the file holds, and every reader finds in it now.
        before: what the header said that it holds.
        changed: whether anything had to be written.
    """

    info: WavInfo
    before: WavInfo
    changed: bool


def repair(file: BinaryIO) -> WavRepair:
    """Make the header of an interrupted recording tell the audio that is there.

    Only the size fields are written, at most 12 bytes. A header that goes together with its file stays as it is, also
    with other chunks behind the audio.

    Args:
        file: open for reading and writing.

    Returns:
        What was found and done.

    Raises:
        CodecError: this is no WAV file, or holds audio that phonewire does not take; it was not touched.
        OSError: the file cannot be read or written.
    """
    header = read_header(file)
    size, changed = header.declared_bytes, False
    if not _is_right(header, end := file.seek(0, 2)):
        size = _audio_bytes(header, end)
        changed = sum(_put_size(file, offset, value) for offset, value in _size_fields(header, size)) > 0
        file.flush()
    group_bytes = header.info.sample_bytes * header.info.channels
    found = replace(header.info, audio_bytes=size - size % group_bytes)
    return WavRepair(found, replace(found, audio_bytes=header.declared_bytes), changed)


def _is_right(header: WavHeader, end: int) -> bool:
    """Say whether the header's sizes go together with a file that ends at *end*."""
    ends = (header.audio_end, header.audio_end + header.declared_bytes % 2)  # some writers leave the padding out
    if header.riff_end > ends[1]:
        return header.riff_end <= end  # other chunks behind the audio
    return header.riff_end in ends and end in ends


def _audio_bytes(header: WavHeader, end: int) -> int:
    """Return how much audio there is: to the end of the file, unless other chunks were meant to follow it."""
    available = end - header.start
    if 0 < header.declared_bytes <= available and header.riff_end > header.audio_end + 1:
        return header.declared_bytes
    return available - available % (header.info.sample_bytes * header.info.channels)


def _size_fields(header: WavHeader, audio_bytes: int) -> list[tuple[int, int]]:
    """Return where the header's sizes are, and what they should be."""
    riff_bytes = header.start + audio_bytes + audio_bytes % 2 - 8
    fields = [(_RIFF_SIZE_OFFSET, riff_bytes), (header.start - 4, audio_bytes)]
    if header.fact_start is not None:
        fields.append((header.fact_start, audio_bytes // header.info.sample_bytes // header.info.channels))
    return fields


def _put_size(file: BinaryIO, offset: int, size: int) -> bool:
    """Write one size; return False when it was there already."""
    field = _SIZE.pack(size_field(size))
    file.seek(offset)
    if file.read(len(field)) == field:
        return False
    file.seek(offset)
    file.write(field)
    return True
