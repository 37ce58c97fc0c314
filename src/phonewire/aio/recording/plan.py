"""What a recording is to be."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

import msgspec

from phonewire._typing import Encoding
from phonewire.protocols.connection import MediaFormat

__all__ = ["RecordingEncoding", "RecordingPlan", "RecordingTracks", "file_encoding", "length_of"]

#: How the files of a recording have their audio: G.711, or 16-bit linear.
RecordingEncoding = Literal["ulaw", "alaw", "s16"]

#: How the tracks of a call share the files: all of them mixed, or each on a channel of its own.
RecordingTracks = Literal["mono", "separate"]

SUFFIX = ".wav"


class RecordingPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a recording is to be.

    Attributes:
        path: the file, which ends in ``.wav``; or a directory in which it gets a name.
        call_id: the platform's id of the call.
        protocol: that carries the call.
        wire: how audio comes.
        encoding: how the files have it.
        tracks: that are recorded.
        layout: all tracks mixed into one channel, or a channel for each track, and each channel of it.
        part_length: sample groups after which another file begins; None for one file.
        limit: sample groups at most; None for no limit.
        sidecar: write a JSON file beside the audio.
    """

    path: Path
    call_id: str
    protocol: str
    wire: MediaFormat
    encoding: Encoding
    tracks: tuple[str | None, ...]
    layout: RecordingTracks = "mono"
    part_length: int | None = None
    limit: int | None = None
    sidecar: bool = True

    def __post_init__(self) -> None:
        if self.layout not in ("mono", "separate"):
            raise ValueError(f"tracks is 'mono' or 'separate', got {self.layout!r}")
        for name in ("part_length", "limit"):
            if (length := getattr(self, name)) is not None and length < 1:
                raise ValueError(f"{name} is at least 1 sample, got {length}")

    @property
    def separate(self) -> bool:
        """Whether each track has a channel of its own."""
        return self.layout == "separate"

    @property
    def names_file(self) -> bool:
        """Whether the path is a file's, not a directory's."""
        return self.path.suffix.lower() == SUFFIX

    @property
    def channels(self) -> list[list[str | None]]:
        """The tracks in each channel of the files."""
        if not self.separate:
            return [list(self.tracks)]
        return [[track] for track in self.tracks for _ in range(self.wire.channels)]

    def channel(self, track: str | None, wire_channel: int) -> int:
        """Return which channel of the files a channel of a track belongs to; of an unexpected track, the first."""
        if not self.separate:
            return 0
        index = self.tracks.index(track) if track in self.tracks else 0
        return index * self.wire.channels + wire_channel

    def ms(self, length: int) -> int:
        """Return how many ms *length* sample groups are."""
        return length * 1000 // self.wire.sample_rate_hz


def file_encoding(encoding: RecordingEncoding | None, wire: Encoding) -> Encoding:
    """Return how a file has its audio; None stands for as on the wire.

    Raises:
        ValueError: there is no such encoding.
    """
    if encoding not in (None, "ulaw", "alaw", "s16"):
        raise ValueError(f"encoding is 'ulaw', 'alaw' or 's16', got {encoding!r}")
    if encoding == "s16" or (encoding is None and wire == "s16be"):
        return "s16le"
    return encoding or wire


def length_of(duration_ms: float | None, wire: MediaFormat) -> int | None:
    """Return how many sample groups a duration has; of None, None.

    Raises:
        ValueError: it is not above 0, or without end.
    """
    if duration_ms is None:
        return None
    if not 0 < duration_ms < math.inf:
        raise ValueError(f"a recording's length is above 0 ms, got {duration_ms:g}")
    return round(duration_ms * wire.sample_rate_hz / 1000)
