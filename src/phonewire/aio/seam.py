"""One line of timestamps over the connections of a call, each of which counts from its own beginning.

No input or output, no clock: time is an argument, in nanoseconds of one monotonic clock.
"""

from __future__ import annotations

from phonewire.protocols.connection import Media, MediaFormat

__all__ = ["Seam"]

_MS = 1_000_000  # ns


class Seam:
    """Gives the far end's audio timestamps that run on, with a gap for the time between two connections.

    The far end does not tell how much was missed: what it said from the arrival of the last message over the old
    connection to that of the first over the new one, but for the length of the latter.

    Args:
        wire: how audio is coded.
    """

    def __init__(self, wire: MediaFormat) -> None:
        self._wire = wire
        self._origin_ms = 0  # on the line, of the connection's own beginning
        self._counted_bytes = 0  # over this connection, for media without timestamps
        self._end_ms = 0  # on the line, of what has come
        self._heard_ns: int | None = None  # when the last of it came
        self._broken = False

    def tear(self) -> None:
        """Take note that the connection is gone: the next audio comes over another one."""
        self._broken = True
        self._counted_bytes = 0

    def join(self, media: Media, now_ns: int) -> int | None:
        """Put *media* in its place on the line.

        Args:
            media: its timestamp is set, or changed.
            now_ns: when it came.

        Returns:
            How many ms are missing before it, when it is the first of another connection; None otherwise.
        """
        size = len(media.payload)
        own_ms = media.timestamp_ms
        if own_ms is None:
            own_ms = self._counted_bytes // self._wire.bytes_per_ms
        length_ms = size // self._wire.bytes_per_ms
        gap_ms = self._mend(own_ms, length_ms, now_ns) if self._broken else None
        self._counted_bytes += size
        media.timestamp_ms = self._origin_ms + own_ms
        self._end_ms = max(self._end_ms, media.timestamp_ms + length_ms)
        self._heard_ns = now_ns
        return gap_ms

    def _mend(self, own_ms: int, length_ms: int, now_ns: int) -> int:
        self._broken = False
        passed_ms = 0 if self._heard_ns is None else (now_ns - self._heard_ns) // _MS
        gap_ms = max(passed_ms - length_ms, 0)
        self._origin_ms = self._end_ms + gap_ms - own_ms
        return gap_ms
