"""Reading WAV files in blocks, whatever wrote them and however it ended.

Source: that of `phonewire.wav.header`.
"""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from typing import BinaryIO, Self

from phonewire.errors import CodecError
from phonewire.wav.header import WavInfo, open_file, read_header

__all__ = ["WavReader"]

_BLOCK_BYTES = 65_536


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
        self._file, self._owned = open_file(source, "rb")
        try:
            header = read_header(self._file)
            self.info, self._start = header.info, header.start
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


def _select(block: bytes, index: int, info: WavInfo) -> bytes:
    # "H" only moves pairs of bytes; their order stays what it is.
    return memoryview(block).cast("B" if info.sample_bytes == 1 else "H")[index :: info.channels].tobytes()
