"""What ``phonewire serve`` does with a call: record it, echo it, end it when there is enough."""

from __future__ import annotations

import asyncio
import logging

import phonewire
from phonewire.cli.outcome import NOT_ENOUGH_AUDIO
from phonewire.cli.recording_options import RecordingOptions

__all__ = ["Consumer"]

_log = logging.getLogger("phonewire.cli")

# A das-Peak sender says neither that it is done nor how much it has; without pacing, a pause means the end.
_IDLE_S = 2.0


class Consumer:
    """The handler of every call.

    Args:
        recording: what is recorded, and how.
        echo: send the audio back where the protocol takes it.
        enough_ms: how much audio to take from a call; None for all of it.
    """

    def __init__(self, recording: RecordingOptions, *, echo: bool, enough_ms: int | None) -> None:
        self._recording = recording
        self._echo = echo
        self._enough_ms = enough_ms

    async def handle(self, call: phonewire.Call) -> None:
        """Take one call from its first frame to its end."""
        _log.info("call %s: %s from %s", call.id, call.protocol, call.peer)
        recording = self._recording.begin(call, limit_ms=self._enough_ms)
        enough = await self._listen(call)
        if recording is not None and recording.path is not None:
            _log.info("call %s: recorded in %s", call.id, recording.path)
        stats = call.stats()
        _log.info("call %s: %.2f s heard, %.2f s said", call.id, stats.ms_in / 1000, stats.ms_out / 1000)
        if not enough:
            reason = f"not enough audio: {stats.ms_in} ms of {self._enough_ms} ms"
            _log.warning("call %s: %s", call.id, reason)
            await call.close(NOT_ENOUGH_AUDIO, reason)

    async def _listen(self, call: phonewire.Call) -> bool:
        """Take audio until there is enough, the stream ends, or a das-Peak sender pauses; say if it is enough."""
        enough_bytes = None if self._enough_ms is None else self._enough_ms * call.media_format.bytes_per_ms
        may_pause = call.protocol != "das-peak"
        echo = self._echo and call.protocol == "twilio"
        taken = 0
        try:
            async with asyncio.timeout(None if may_pause else _IDLE_S) as idle:
                async for frame in call.frames():
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
