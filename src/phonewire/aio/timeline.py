"""Where a piece of audio belongs: by media time, whatever the network did to its arrival.

No input or output, no clock: time is an argument, in nanoseconds of one monotonic clock. Positions and lengths are in
sample groups from the beginning of the line, which is that of a recording, or what a reader has read first.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["SENT", "Gap", "Timeline"]

#: The track of what this side said; the far end's tracks have the platform's names, or None.
SENT = "sent"

_CAP_S = 5  # more silence than this is no pause but a jump, and would only fill the disk
_TOLERANCE_MS = 10  # half a frame: timestamps in whole milliseconds are no gap, one frame that is missing is
_NS = 1_000_000_000


class Gap(NamedTuple):
    """Media time that no audio came for.

    Attributes:
        track: of which track.
        position: where on the line it begins.
        missing: how long it is by the far end's timestamps; negative when those went back.
        filled: how much silence the line has for it.
        media_time: of the audio behind it, by the far end's account; None for what this side said.
    """

    track: str | None
    position: int
    missing: int
    filled: int
    media_time: int | None

    @property
    def is_jump(self) -> bool:
        """Whether the line's time no longer runs with the far end's: more is missing than was filled."""
        return self.missing != self.filled


class Timeline:
    """Places the audio of several tracks on one line.

    What the far end said goes by its timestamps. What we said goes by the clock, at the time at which the far end
    plays it; both are tied together by the frame of the far end that travelled fastest so far.

    Args:
        sample_rate_hz: of all tracks.
        tracks: that are expected.

    Attributes:
        head: where the longest track ends.
    """

    def __init__(self, sample_rate_hz: int, tracks: Iterable[str | None]) -> None:
        self._rate_hz = sample_rate_hz
        self._cap = _CAP_S * sample_rate_hz
        self._tolerance = sample_rate_hz * _TOLERANCE_MS // 1000
        self._expected = frozenset(tracks)
        self._ends: dict[str | None, int] = {}
        self._media_start: int | None = None  # media time at which the recording begins
        self._clock_start_ns: int | None = None  # the clock's, as far as frames have told
        self._began_ns: int | None = None
        self._filled = 0  # silence that made the recording longer
        self.head = 0

    @property
    def settled(self) -> int:
        """Return the position before which nothing more is expected."""
        slowest = min((self._ends.get(track, 0) for track in self._expected | self._ends.keys()), default=0)
        return max(slowest, self.head - self._cap)

    def heard(self, track: str | None, media_time: int, length: int, arrived_ns: int) -> tuple[int, Gap | None]:
        """Place a piece of what the far end said.

        Args:
            track: the platform's name of it.
            media_time: of its first sample group, by the far end's account.
            length: of the piece.
            arrived_ns: when it came.

        Returns:
            Its position, which is negative for what was said before the recording began, and the gap before it.
        """
        self._begin(arrived_ns)
        position, gap = self._place_heard(track, media_time, length, arrived_ns)
        begin_ns = arrived_ns - self._ns(position + length)
        if self._clock_start_ns is None or (gap is not None and gap.is_jump):
            self._clock_start_ns = begin_ns
        self._clock_start_ns = min(self._clock_start_ns, begin_ns)
        self._extend(track, position + length)
        return position, gap

    def sent(self, length: int, played_ns: int) -> tuple[int, Gap | None]:
        """Place a piece of what this side said, which the far end plays at *played_ns*; otherwise as `heard`."""
        self._begin(played_ns)
        if self._clock_start_ns is None:
            self._clock_start_ns = played_ns
        wanted, end = self._at(played_ns), self._ends.get(SENT, 0)
        gap = None
        if wanted <= end + self._tolerance:
            position = end
        else:
            cut = self._cut(wanted, played_ns)
            position = wanted - cut
            if cut:
                gap = Gap(SENT, self.head, wanted - self.head, position - self.head, None)
                self._clock_start_ns += self._ns(cut)
                self._media_start = None if self._media_start is None else self._media_start + cut
        self._extend(SENT, position + length)
        return position, gap

    def _place_heard(self, track: str | None, media_time: int, length: int, arrived_ns: int) -> tuple[int, Gap | None]:
        if self._media_start is None:
            first = 0 if self._clock_start_ns is None else max(self._at(arrived_ns) - length, 0)
            self._media_start = media_time - first
        wanted, end = media_time - self._media_start, self._ends.get(track)
        begins = end is None  # perhaps later than another track, or before the recording
        if end is None:
            end = min(wanted, self.head) if wanted >= -self._cap else self.head
        elif abs(wanted - end) <= self._tolerance:
            return end, None
        if wanted < end:  # the far end began to count anew
            self._media_start += wanted - end
            return end, Gap(track, end, wanted - end, 0, media_time)
        cut = self._cut(wanted, arrived_ns)
        self._media_start += cut
        if begins and not cut:
            return wanted, None
        return wanted - cut, Gap(track, end, wanted - end, wanted - cut - end, media_time)

    def _cut(self, wanted: int, now_ns: int) -> int:
        """Return how much of the silence before *wanted* is too much, and count the rest.

        In all there is no more silence than time has passed, or else a few hostile timestamps could fill a disk.
        """
        silence = max(wanted - self.head, 0)
        passed = (now_ns - (self._began_ns or 0)) * self._rate_hz // _NS
        filled = max(min(silence, self._cap, passed + self._cap - self._filled), 0)
        self._filled += filled
        return silence - filled

    def _begin(self, now_ns: int) -> None:
        if self._began_ns is None:
            self._began_ns = now_ns

    def _extend(self, track: str | None, end: int) -> None:
        self._ends[track] = end
        self.head = max(self.head, end)

    def _at(self, ns: int) -> int:
        """Return the position of an instant."""
        return max((ns - (self._clock_start_ns or 0)) * self._rate_hz // _NS, 0)

    def _ns(self, length: int) -> int:
        return length * _NS // self._rate_hz
