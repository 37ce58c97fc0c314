"""One line of timestamps over the connections of a call, each of which counts from its own beginning.

No input or output, no clock: time is an argument, in nanoseconds of one monotonic clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from phonewire.aio.events import Reconnected
from phonewire.protocols.connection import Media, MediaFormat

__all__ = ["Seam"]

_MS = 1_000_000  # ns
_HELD_MS = 100  # of audio over another connection that tells together when the first of it was said
_MOST_HELD_MS = 1000  # when it comes faster than it is spoken, as after a standstill: until it no longer does
_CATCHES_UP_NS = 5 * _MS  # what is faster than all before it by more has others behind it that are faster still
_MESSAGES = 100  # before a break that tell together how late the last of them was
_LATEST_NS = 1000 * _MS  # what is later than this was not held up on its way, but said after a pause


class Seam:
    """Gives the far end's audio timestamps that run on, with a gap for the time between two connections.

    The far end does not tell how much was missed: what it said from the end of the last message over the old
    connection to the beginning of the first over the new one. When these came does not tell it, because either may have
    been held up on its way, and that by more than a frame. The fastest of the messages around them does. So the first
    100 ms over another connection wait for each other, and for what comes at once behind them.

    Args:
        wire: how audio is coded.
        tell: takes each `Reconnected`.
    """

    def __init__(self, wire: MediaFormat, tell: Callable[[object], None]) -> None:
        self._wire = wire
        self._tell = tell
        self._origin_ms = 0  # on the line, of the connection's own beginning
        self._counted_bytes = 0  # over this connection, for media without timestamps
        self._end_ms = 0  # on the line, of what has come
        self._offsets_ns: deque[int] = deque(maxlen=_MESSAGES)  # from the end of a message on the line to its arrival
        self._held: list[tuple[Media, int, int]] = []  # with its own place in ms, and its offset from there
        self._broken = False

    def tear(self) -> list[Media]:
        """Take note that the connection is gone: the next audio comes over another one; return what was held."""
        held = self.settle()
        self._broken = True
        self._counted_bytes = 0
        return held

    def join(self, media: Media, now_ns: int) -> list[Media]:
        """Return what has its place on the line now, in order: *media*, or nothing yet, or what waited for it as well.

        Args:
            media: its timestamp is set, or changed.
            now_ns: when it came.
        """
        own_ms = media.timestamp_ms
        if own_ms is None:
            own_ms = self._counted_bytes // self._wire.bytes_per_ms
        self._counted_bytes += len(media.payload)
        self._held.append((media, own_ms, now_ns - (own_ms + self._length_ms(media)) * _MS))
        return [] if self._broken and self._may_come_faster() else self.settle()

    def _may_come_faster(self) -> bool:
        """Whether what comes next over another connection may have been less held up than what is held."""
        if self._counted_bytes < _HELD_MS * self._wire.bytes_per_ms:
            return True
        *before, last_ns = [offset_ns for _, _, offset_ns in self._held]
        catches_up = bool(before) and last_ns < min(before) - _CATCHES_UP_NS
        return catches_up and self._counted_bytes < _MOST_HELD_MS * self._wire.bytes_per_ms

    def settle(self) -> list[Media]:
        """Give what is held its place, and return it: nothing more comes that could tell of it."""
        held, self._held = self._held, []
        if self._broken and held:
            self._mend(held)
        for media, own_ms, offset_ns in held:
            media.timestamp_ms = self._origin_ms + own_ms
            self._end_ms = max(self._end_ms, media.timestamp_ms + self._length_ms(media))
            self._offsets_ns.append(offset_ns - self._origin_ms * _MS)
        return [media for media, _, _ in held]

    def _mend(self, held: list[tuple[Media, int, int]]) -> None:
        first_ms = held[0][1]
        gap_ms = 0
        if self._offsets_ns:
            fastest_ns = min(offset_ns for _, _, offset_ns in held)
            gap_ms = max((fastest_ns - self._fastest_ns()) // _MS + first_ms - self._end_ms, 0)
        self._broken = False
        self._offsets_ns.clear()
        self._origin_ms = self._end_ms + gap_ms - first_ms
        self._tell(Reconnected(self._end_ms + gap_ms, gap_ms))

    def _fastest_ns(self) -> int:
        """Return the offset of a message that nothing held up."""
        last_ns, fastest_ns = self._offsets_ns[-1], min(self._offsets_ns)
        return fastest_ns if last_ns - fastest_ns <= _LATEST_NS else last_ns

    def _length_ms(self, media: Media) -> int:
        return len(media.payload) // self._wire.bytes_per_ms
