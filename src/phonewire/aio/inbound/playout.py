"""RTP audio on its way in: through a jitter buffer, which the shared clock empties."""

from __future__ import annotations

from collections.abc import Callable

from phonewire.aio.events import Discontinuity
from phonewire.aio.pacing import PTIME_MS, ticker
from phonewire.jitter import Frame, JitterBuffer, JitterStats
from phonewire.protocols.connection import Media, MediaFormat, RtpMedia

__all__ = ["Playout"]

_STALL_NS = 2 * PTIME_MS * 1_000_000  # between two ticks: the loop was busy elsewhere
_CATCH_UP_NS = 10_000_000


class Playout:
    """Plays the packets of a call in order and in time; costs nothing where none come.

    Args:
        media_format: how payloads are coded.
        play: takes the audio, each piece when it is due; what is missing is concealed.
        tell: takes each `Discontinuity`.
        failed: told, in words, what of the call does not go on because of an error that is being handled.
    """

    def __init__(
        self,
        media_format: MediaFormat,
        play: Callable[[Media], None],
        tell: Callable[[object], None],
        failed: Callable[[str], None],
    ) -> None:
        self._media_format = media_format
        self._play = play
        self._tell = tell
        self._failed = failed
        self._broken = False
        self._buffer: JitterBuffer | None = None
        self._track: str | None = None
        self._connections = 0  # that broke
        self._ticked_ns = 0
        self._resume_ns = 0
        self._catching_up = False

    def take(self, media: RtpMedia) -> None:
        """Take a packet as it comes."""
        buffer = self._buffer
        if buffer is None:
            buffer = self._buffer = JitterBuffer(self._media_format, ptime_ms=PTIME_MS)
        self._track = media.track
        clock = ticker()
        buffer.put(
            media.payload,
            sequence_number=media.sequence_number,
            timestamp=media.timestamp,
            # What comes over another connection is another source, whatever its number: VoIPBIN's are all 0.
            ssrc=media.ssrc | self._connections << 32,
            now_ns=clock.now_ns(),
        )
        if not buffer.idle and (first_ns := clock.join(self)) is not None:
            self._ticked_ns = first_ns

    def tear(self) -> None:
        """Take note that the connection broke: the next packet comes over another one."""
        self._connections += 1

    def tick(self, due_ns: int) -> bool:
        """Play what is due; False when nothing is, and nothing waits."""
        buffer = self._buffer
        if buffer is None or self._is_catching_up(due_ns):
            return True
        while (frame := buffer.pop(due_ns)) is not None:
            self._emit(frame)
        return not buffer.idle

    def tick_failed(self) -> None:
        """Give up the call: nobody would hear the far end any more."""
        self._broken = True
        self._failed("playing out")

    def _is_catching_up(self, due_ns: int) -> bool:
        """Whether the loop has just slept: then what came meanwhile is still to be read, and has 10 ms for that."""
        if not self._catching_up and due_ns - self._ticked_ns > _STALL_NS:
            self._resume_ns = ticker().now_ns() + _CATCH_UP_NS
        self._ticked_ns = due_ns
        self._catching_up = due_ns < self._resume_ns
        return self._catching_up

    def _emit(self, frame: Frame) -> None:
        if (jump := frame.jump) is not None:
            self._tell(Discontinuity(self._track, frame.timestamp_ms, jump.missing_ms, jump.filled_ms))
        self._play(Media(frame.payload, self._track, frame.timestamp_ms, self._media_format))

    def stats(self) -> JitterStats:
        """Return what has been counted so far."""
        return JitterStats() if self._buffer is None else self._buffer.stats()

    def flush(self) -> None:
        """Play what waits, at once: nothing more comes."""
        if self._buffer is not None and not self._broken:
            ticker().leave(self)
            for frame in self._buffer.flush():
                self._emit(frame)
