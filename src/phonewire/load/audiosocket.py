"""Asterisk's calls: AudioSocket frames of 16-bit samples on a bare TCP connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from uuid import UUID

from phonewire.emulators.asterisk_frames import HANGUP, SLIN, AsteriskFrames, BadFrameError, frame
from phonewire.emulators.asterisk_frames import UUID as ANNOUNCEMENT
from phonewire.load.stamp import FRAME_BYTES, FRAME_MS, HEAD_BYTES, TONE, Voice
from phonewire.load.voipbin import heads_of_samples, samples_of

__all__ = ["AudioSocketLine", "AudioSocketScript"]

_WHOLE = frame(SLIN, bytes(2 * FRAME_BYTES))
_HEADER = _WHOLE[: -2 * FRAME_BYTES]
_TONE = samples_of(TONE[HEAD_BYTES:])


class AudioSocketScript:
    """One call of Asterisk's.

    Args:
        voice: what it says.
        call_id: its UUID.
    """

    period_ms = FRAME_MS
    ready = True

    def __init__(self, voice: Voice, call_id: str) -> None:
        self.headers: Mapping[str, str] = {}
        self._voice, self._call_id = voice, call_id
        self._frames = AsteriskFrames()

    def open(self) -> bytes:
        """Return the UUID."""
        return frame(ANNOUNCEMENT, UUID(self._call_id).bytes)

    def frame(self, number: int) -> bytes:
        """Return 20 ms of 8 kHz."""
        return b"".join((_HEADER, samples_of(self._voice.head(number)), _TONE))

    def read(self, data: bytes, text: bool) -> Iterable[bytes]:
        """Take a part of the stream, bytes cut anywhere; return the first bytes of each frame of audio in it."""
        if len(data) == len(_WHOLE) and data.startswith(_HEADER) and not self._frames.partial:
            return heads_of_samples(data[len(_HEADER) :])
        heads: list[bytes] = []
        try:
            for kind, samples in self._frames.read(data):
                if kind == SLIN:
                    heads += heads_of_samples(samples)
        except BadFrameError:
            self._frames = AsteriskFrames()
        return heads

    def replies(self) -> bytes:
        """Return nothing: a call has audio only."""
        return b""

    def close(self) -> bytes:
        """Return the frame that says that the call is over."""
        return frame(HANGUP)


class AudioSocketLine(asyncio.Protocol):
    """The caller's end of a connection.

    Args:
        take: told of the stream, (data, False).

    Attributes:
        opened: done when there is a connection.
        ended: done when it is over, with 1000: TCP has no close code.
        full: the server does not read what was written.
    """

    transport: asyncio.Transport

    def __init__(self, take: Callable[[bytes, bool], None]) -> None:
        loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[int] = loop.create_future()
        self.full = False
        self._take = take

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take note that there is a connection."""
        self.transport = transport  # type: ignore[assignment]  # of TCP
        self.opened.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end."""
        self.ended.set_result(1000)

    def pause_writing(self) -> None:
        """Take note that the server does not read."""
        self.full = True

    def resume_writing(self) -> None:
        """Take note that it does again."""
        self.full = False

    def data_received(self, data: bytes) -> None:
        """Pass on the bytes that came."""
        self._take(data, False)

    def goodbye(self) -> None:
        """Close; the goodbye was a frame."""
        self.transport.close()
