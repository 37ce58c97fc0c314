"""What ``phonewire serve`` does with a call: record it, echo it, end it when there is enough, say something."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import phonewire
from phonewire.aio.server.endpoint import Handler
from phonewire.cli.outcome import NOT_ENOUGH_AUDIO
from phonewire.cli.recording_options import RecordingOptions

__all__ = ["Consumer"]

_log = logging.getLogger("phonewire.cli")

# A das-Peak sender says neither that it is done nor how much it has; without pacing, a pause means the end.
_IDLE_S = 2.0


_ECHOING = {"twilio", "voipbin", "audiosocket", "audiohook-connector"}


class Consumer:
    """Takes the calls.

    Args:
        recording: what is recorded, and how.
        echo: send the audio back where the protocol takes it.
        enough_ms: how much audio to take from a call; None for all of it.
        play: file that is said where the far end only listens.
    """

    def __init__(
        self, recording: RecordingOptions, *, echo: bool = False, enough_ms: int | None = None, play: Path | None = None
    ) -> None:
        self._recording = recording
        self._echo = echo
        self._enough_ms = enough_ms
        self._play = play
        self._conferences = phonewire.Conferences(began=recording.begin_conference)

    def handler(self, protocol: str) -> Handler:
        """Return what takes the calls of a protocol, as its option calls it."""
        if protocol == "voipbin-conferences":
            return self._conferences.handler
        return self.announce if protocol == "external-media" else self.handle

    async def announce(self, call: phonewire.Call) -> None:
        """Say the file to who only listens."""
        if self._play is not None:
            await call.play(self._play)

    async def handle(self, call: phonewire.Call) -> None:
        """Take one call from its first frame to its end."""
        recording = self._recording.begin(call, limit_ms=self._enough_ms)
        enough = await self._listen(call)
        if recording is not None and recording.path is not None:
            _log.info("call %s: recorded in %s", call.id, recording.path)
        stats = call.stats()
        for what, counted in (("understood all the same", stats.tolerated), ("skipped", stats.rejected)):
            if counted:
                named = ", ".join(f"{name} {count}" for name, count in counted.items())
                _log.warning("call %s: %s: %s", call.id, what, named)
        if not enough:
            reason = f"not enough audio: {stats.ms_in} ms of {self._enough_ms} ms"
            _log.warning("call %s: %s", call.id, reason)
            await call.close(NOT_ENOUGH_AUDIO, reason)

    async def _listen(self, call: phonewire.Call) -> bool:
        """Take audio until there is enough, the stream ends, or a das-Peak sender pauses; say if it is enough."""
        enough_bytes = None if self._enough_ms is None else call.media_format.size_of(self._enough_ms)
        may_pause = call.protocol != "das-peak"
        echo = self._echo and call.protocol in _ECHOING
        counted = call.tracks[0] if len(call.tracks) > 1 else None  # several voices speak at the same time
        taken = 0
        try:
            async with asyncio.timeout(None if may_pause else _IDLE_S) as idle:
                async for frame in call.frames(track=counted):
                    if not may_pause:
                        idle.reschedule(asyncio.get_running_loop().time() + _IDLE_S)
                    taken += len(frame.payload)
                    if echo:
                        await call.write_payload(frame.payload)
                    if enough_bytes is not None and taken >= enough_bytes:
                        return True
        except (TimeoutError, phonewire.CallEndedError):
            pass  # a pause, or a caller that hung up while we were speaking
        return enough_bytes is None
