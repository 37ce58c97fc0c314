"""Recording a call to a WAV file while it runs."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path

from phonewire.aio.subscription import Fanout, Subscription
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

    def __init__(
        self, path: str | Path, media_format: MediaFormat, frames: Fanout[Media], *, limit_ms: int | None = None
    ) -> None:
        self.path = Path(path)
        self._limit_bytes = None if limit_ms is None else limit_ms * media_format.bytes_per_ms
        self._unflushed_bytes = 0
        self._flush_bytes = _FLUSH_MS * media_format.bytes_per_ms
        # Exclusive: a recording never replaces another file.
        self._file = self.path.open("xb")
        self._writer = WavWriter(self._file, media_format)
        self._task = asyncio.create_task(self._run(frames, frames.subscribe()))

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

    async def _run(self, frames: Fanout[Media], subscription: Subscription[Media]) -> None:
        try:
            async with aclosing(frames.read(subscription)) as reader:
                async for media in reader:
                    self._write(media.payload)
                    if self._writer.audio_bytes == self._limit_bytes:
                        return
        finally:
            self._writer.close()
            self._file.close()

    def _write(self, payload: bytes) -> None:
        if self._limit_bytes is not None:
            payload = payload[: self._limit_bytes - self._writer.audio_bytes]
        self._writer.write(payload)
        self._unflushed_bytes += len(payload)
        if self._unflushed_bytes >= self._flush_bytes:
            self._writer.flush()
            self._unflushed_bytes = 0
