"""Writing WAV files that can be read at any time.

Source: that of `phonewire.wav.header`.
"""

from __future__ import annotations

from os import PathLike
from typing import BinaryIO, Self

from phonewire._typing import Buffer, Encoding
from phonewire.errors import CodecError
from phonewire.g711 import ALAW_SILENCE, ULAW_SILENCE
from phonewire.wav.header import AudioFormat, open_file, pack_header, sample_bytes

__all__ = ["SILENCE", "WavWriter"]

#: The byte of silence in every encoding that a WAV file holds.
SILENCE: dict[Encoding, bytes] = {"ulaw": bytes([ULAW_SILENCE]), "alaw": bytes([ALAW_SILENCE]), "s16le": b"\0"}

_BLOCK_BYTES = 65_536


class WavWriter:
    """Write a WAV file that can be read after every `flush`.

    Args:
        target: a path, which is overwritten, or an empty binary file object that can seek, and be read for `read_at`;
            a file object stays open on `close`.
        media_format: encoding (``"s16le"``, ``"ulaw"``, ``"alaw"``), sample rate and channels.

    Raises:
        CodecError: a WAV file does not hold this encoding; nothing is written.
        OSError: the file cannot be written; the same for every method. What was written before stays good.
    """

    def __init__(self, target: str | PathLike[str] | BinaryIO, media_format: AudioFormat) -> None:
        if media_format.encoding not in SILENCE:
            raise CodecError(f"WAV holds s16le, ulaw or alaw, got {media_format.encoding}")
        self._format = media_format
        self._group_bytes = sample_bytes(media_format.encoding) * media_format.channels
        self._silence = SILENCE[media_format.encoding]
        self._audio_bytes = 0
        self._closed = False
        header = pack_header(media_format, 0)
        self._header_bytes = len(header)
        self._file, self._owned = open_file(target, "w+b")
        self._write_all(0, header)

    @property
    def audio_bytes(self) -> int:
        """Bytes of audio written so far."""
        return self._audio_bytes

    @property
    def length(self) -> int:
        """Sample groups written so far."""
        return self._audio_bytes // self._group_bytes

    def write(self, payload: Buffer, /) -> None:
        """Append audio.

        Args:
            payload: whole sample groups in the encoding of the file, channels interleaved.

        Raises:
            CodecError: *payload* is not a whole number of sample groups; nothing is written.
        """
        self.write_at(self.length, payload)

    def write_at(self, position: int, payload: Buffer, /) -> None:
        """Put audio where it belongs: over what is there, or behind it with silence in between.

        Args:
            position: sample groups from the beginning.
            payload: as for `write`.

        Raises:
            CodecError: *payload* is not a whole number of sample groups; nothing is written.
        """
        size = memoryview(payload).nbytes
        if size % self._group_bytes:
            raise CodecError(f"WAV takes whole sample groups of {self._group_bytes} bytes, got {size} bytes")
        self.fill(position)
        start = position * self._group_bytes
        self._write_all(self._header_bytes + start, payload)
        self._audio_bytes = max(self._audio_bytes, start + size)

    def fill(self, length: int, /) -> None:
        """Append silence until there are *length* sample groups; nothing when there are as many already."""
        while (missing := length * self._group_bytes - self._audio_bytes) > 0:
            size = min(missing, _BLOCK_BYTES // self._group_bytes * self._group_bytes)
            self._write_all(self._header_bytes + self._audio_bytes, self._silence * size)
            self._audio_bytes += size

    def read_at(self, position: int, length: int, /) -> bytes:
        """Return *length* sample groups from *position* on; what is not there yet is silence."""
        start, size = position * self._group_bytes, length * self._group_bytes
        there = max(min(size, self._audio_bytes - start), 0)
        if there:
            self._file.seek(self._header_bytes + start)
        return self._file.read(there).ljust(size, self._silence) if there else self._silence * size

    def flush(self) -> None:
        """Hand everything to the operating system, with a header that tells the sizes so far."""
        self._write_all(0, pack_header(self._format, self._audio_bytes))
        self._file.flush()

    def close(self) -> None:
        """Finish the file, and close it if it was opened here; calling it again does nothing."""
        if self._closed:
            return
        self._closed = True
        try:
            end = self._header_bytes + self._audio_bytes
            self._file.truncate(end)  # what a write that failed left behind
            if end % 2:
                self._write_all(end, b"\0")  # chunks begin at even offsets; the size does not count the padding
            self.flush()
        finally:
            if self._owned:
                self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def _write_all(self, offset: int, data: Buffer) -> None:
        self._file.seek(offset)
        rest = memoryview(data)
        if rest.nbytes:
            rest = rest.cast("B")
        while rest:  # an unbuffered file may take less at once
            rest = rest[self._file.write(rest) :]
