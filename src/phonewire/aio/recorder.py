"""Recording a call to a WAV file while it runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from phonewire.protocols.connection import Media, MediaFormat
from phonewire.wav import WavWriter

__all__ = ["Recording"]

_FLUSH_MS = 500  # audio that a killed process may lose


class Recording:
    """The far end's audio on its way to a WAV file, coded as on the wire.

    The file can be read at any time: its header is refreshed every 500 ms of audio. It is complete when `closed`
    returns, which a call waits for before it is over.

    Attributes:
        path: where the file is.
    """

    def __init__(self, path: str | Path, media_format: MediaFormat, frames: AsyncIterator[Media]) -> None:
        self.path = Path(path)
        self._flush_bytes = _FLUSH_MS * media_format.bytes_per_ms
        # Exclusive: a recording never replaces another file.
        self._file = self.path.open("xb")
        self._writer = WavWriter(self._file, media_format)
        self._task = asyncio.create_task(self._run(frames))

    @property
    def audio_bytes(self) -> int:
        """Bytes of audio written so far."""
        return self._writer.audio_bytes

    async def closed(self) -> None:
        """Wait until the stream has ended and the file is complete.

        Raises:
            OSError: the file could not be written; the call was not disturbed.
        """
        await asyncio.shield(self._task)

    async def stop(self) -> None:
        """End the recording now; the file is complete when this returns."""
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self, frames: AsyncIterator[Media]) -> None:
        unflushed = 0
        try:
            async for media in frames:
                self._writer.write(media.payload)
                unflushed += len(media.payload)
                if unflushed >= self._flush_bytes:
                    self._writer.flush()
                    unflushed = 0
        finally:
            self._writer.close()
            self._file.close()
