"""One WAV file of a recording, to which audio comes in any order."""

from __future__ import annotations

import errno
import os
from typing import BinaryIO, Literal

from phonewire import pcm
from phonewire.aio.faults import fault
from phonewire.aio.recording.folder import Folder
from phonewire.aio.recording.name import PART
from phonewire.protocols.payload import DECODERS, encoder
from phonewire.wav import SILENCE, WavInfo, WavWriter

__all__ = ["RecordingPart"]


class RecordingPart:
    """A file that any reader can open at any time; it has ``.part`` in its name until it is complete.

    Args:
        folder: where to make it.
        name: its final name.
        info: encoding, rate and channels.

    Raises:
        FileExistsError: there is such a file, or what an interrupted recording left of one; it is not touched.
        OSError: it cannot be written; the same for every method.
    """

    def __init__(self, folder: Folder, name: str, info: WavInfo) -> None:
        self.name = name
        self._folder, self._info = folder, info
        self._width = info.sample_bytes
        stem, _, suffix = name.rpartition(".")
        self._temporary_name = f"{stem}{PART}.{suffix}"
        if folder.has(self.name):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), self.name)
        self._file: BinaryIO = folder.create(self._temporary_name)
        try:
            self._writer = WavWriter(self._file, info)
        except BaseException:
            self.discard()
            raise

    @property
    def length(self) -> int:
        """Sample groups that it holds."""
        return self._writer.length

    def put(self, channel: int, position: int, samples: bytes) -> None:
        """Add audio to one channel; where there is some already, both are heard.

        Args:
            channel: 0 for the first.
            position: where it belongs, in sample groups; silence is put before it where there is nothing.
            samples: n samples or codewords of one channel, in the encoding of the file.
        """
        if self._info.channels == 1 and position >= self._writer.length:
            self._writer.write_at(position, samples)
            return
        region = bytearray(self._writer.read_at(position, len(samples) // self._width))
        code: Literal["B", "H"] = (
            "B" if self._width == 1 else "H"
        )  # moves samples; the order of their bytes stays what it is
        lane = memoryview(region).cast(code)[channel :: self._info.channels]
        lane[:] = memoryview(self._mixed(lane.tobytes(), samples)).cast(code)
        self._writer.write_at(position, region)

    def fill(self, length: int) -> None:
        """Add silence until there are *length* sample groups."""
        self._writer.fill(length)

    def flush(self) -> None:
        """Make the header tell what is there."""
        fault("disk.flush")
        self._writer.flush()

    def finish(self) -> None:
        """Complete the file and give it its final name."""
        try:
            self._writer.close()
        finally:
            self._file.close()
        self._folder.publish(self._temporary_name, self.name)

    def close(self) -> None:
        """Let the file go as it is."""
        self._file.close()

    def discard(self) -> None:
        """Remove the file."""
        self._file.close()
        self._folder.remove(self._temporary_name)

    def _mixed(self, there: bytes, samples: bytes) -> bytes:
        encoding = self._info.encoding
        if there == SILENCE[encoding] * len(there):
            return samples
        decode = DECODERS[encoding]
        return encoder(encoding)(pcm.mix((decode(there), decode(samples))))
