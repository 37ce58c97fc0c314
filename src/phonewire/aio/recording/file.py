"""The files of one recording. Everything here may block: it runs in a thread, one call at a time."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from phonewire import g711
from phonewire._typing import Encoding
from phonewire.aio.faults import fault
from phonewire.aio.recording.folder import Folder
from phonewire.aio.recording.name import new_stems
from phonewire.aio.recording.part import RecordingPart
from phonewire.aio.recording.plan import SUFFIX, RecordingPlan
from phonewire.aio.recording.sidecar import Sidecar
from phonewire.aio.timeline import Gap, Timeline
from phonewire.protocols.payload import decoder, encoder
from phonewire.wav import WavInfo

__all__ = ["Piece", "RecordingFile"]

_NAMES_TO_TRY = 1000


class Piece(NamedTuple):
    """Audio on its way into a recording.

    Attributes:
        track: whose it is; `SENT` for what this side said.
        payload: whole sample groups, coded as on the wire.
        media_time: of the first of them, in sample groups by the far end's account; None for what was sent.
        at_ns: when it arrived, or when the far end plays it.
    """

    track: str | None
    payload: bytes
    media_time: int | None
    at_ns: int


class RecordingFile:
    """A recording on disk: one WAV file, or one after the other, and the JSON file beside them.

    Args:
        plan: what it is to be.

    Attributes:
        late: sample groups that came when the file that they belong to was complete already.

    Raises:
        OSError: by every method, when the disk refuses; what was written before can be read.
    """

    def __init__(self, plan: RecordingPlan) -> None:
        self._plan = plan
        self._info = WavInfo(plan.encoding, plan.wire.sample_rate_hz, len(plan.channels))
        self._convert = _converter(plan.wire.encoding, plan.encoding)
        self._timeline = Timeline(plan.wire.sample_rate_hz, plan.tracks)
        self._started = datetime.now(UTC)
        self._sidecar = Sidecar(plan, self._started)
        self._folder: Folder | None = None
        self._stem = plan.path.stem
        self._parts: dict[int, RecordingPart] = {}  # those that are open, by number
        self._finished = 0  # parts
        self.late = 0

    @property
    def length(self) -> int:
        """Sample groups recorded."""
        head, limit = self._timeline.head, self._plan.limit
        return head if limit is None else min(head, limit)

    @property
    def is_full(self) -> bool:
        """Whether nothing more is taken, because the limit is reached."""
        return self._plan.limit is not None and self._timeline.settled >= self._plan.limit

    def open(self) -> Path:
        """Make the first file and the sidecar.

        Returns:
            Where the first file is when it is complete.

        Raises:
            FileExistsError: a file of that name is there; it is not touched.
        """
        self._folder = Folder(self._directory)
        try:
            if self._plan.names_file:
                self._begin(self._folder)
            else:
                self._begin_under_new_name(self._folder)
        except BaseException:
            self.close()
            raise
        return self._directory / self._name_of(0)

    def write(self, pieces: Iterable[Piece]) -> list[Gap]:
        """Put audio where it belongs, and leave files that can be read.

        Returns:
            The gaps that were found.
        """
        fault("disk.write")
        gaps = []
        placed: defaultdict[str | None, list[tuple[int, bytes]]] = defaultdict(list)
        for piece in pieces:
            position, gap = self._place(piece)
            placed[piece.track].append((position, piece.payload))
            if gap is not None:
                gaps.append(gap)
                self._sidecar.add_gap(gap)
        for track, run in placed.items():
            for position, payload in _joined(run, self._plan.wire.group_bytes):
                self._put(track, position, payload)
        self._finish_settled()
        for part in self._parts.values():
            part.flush()
        return gaps

    def finish(self, end_reason: str, *, lost: int = 0) -> None:
        """Complete the files.

        Args:
            end_reason: for the sidecar.
            lost: sample groups that came and were not given to `write`.
        """
        try:
            while self._parts or self._boundary < self.length:
                self._fill_and_finish(self.length - self._boundary)
            self._sidecar.end(end_reason, lost + self.late)
            self._write_sidecar()
        finally:
            self.close()

    def salvage(self, end_reason: str, *, lost: int = 0) -> None:
        """Complete the files with what is there, as far as a disk lets us that has refused something."""
        self._sidecar.end(end_reason, lost + self.late)
        for number in sorted(self._parts):
            with contextlib.suppress(OSError):
                self._finish_part(number)
        with contextlib.suppress(OSError):
            self._write_sidecar()
        self.close()

    def close(self) -> None:
        """Let everything go as it is; calling it again does nothing."""
        for part in self._parts.values():
            part.close()
        self._parts.clear()
        if self._folder is not None:
            self._folder.close()
            self._folder = None

    # Names

    @property
    def _directory(self) -> Path:
        return self._plan.path.parent if self._plan.names_file else self._plan.path

    def _name_of(self, number: int) -> str:
        stem = self._stem if self._plan.part_length is None else f"{self._stem}-{number + 1:03d}"
        return stem + SUFFIX

    def _begin(self, folder: Folder) -> None:
        if self._plan.sidecar and folder.has(f"{self._stem}.json"):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), f"{self._stem}.json")
        first = self._part(0)
        first.flush()
        try:
            self._write_sidecar()
        except FileExistsError:
            first.discard()
            self._parts.clear()
            raise

    def _begin_under_new_name(self, folder: Folder) -> None:
        for stem in itertools.islice(new_stems(self._started, self._plan.call_id), _NAMES_TO_TRY):
            self._stem = stem
            try:
                self._begin(folder)
            except FileExistsError:
                continue  # another process writes here too, or somebody wants to lead us astray
            return
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(self._directory))

    def _write_sidecar(self) -> None:
        if self._plan.sidecar and self._folder is not None:
            self._sidecar.write(self._folder, self._stem)

    # Audio

    def _place(self, piece: Piece) -> tuple[int, Gap | None]:
        length = len(piece.payload) // self._plan.wire.group_bytes
        if piece.media_time is None:
            return self._timeline.sent(length, piece.at_ns)
        return self._timeline.heard(piece.track, piece.media_time, length, piece.at_ns)

    def _put(self, track: str | None, position: int, payload: bytes) -> None:
        position, payload = self._trim(position, payload)
        if not payload:
            return
        audio = memoryview(self._convert(payload)).cast("B" if self._info.sample_bytes == 1 else "H")
        channels = self._plan.wire.channels
        for wire_channel in range(channels):
            samples = audio[wire_channel::channels].tobytes()
            self._put_samples(self._plan.channel(track, wire_channel), position, samples)

    def _trim(self, position: int, payload: bytes) -> tuple[int, bytes]:
        """Leave out what lies before the files that are still open, and beyond the limit."""
        group_bytes = self._plan.wire.group_bytes
        early = min(max(self._boundary - position, 0), len(payload) // group_bytes)
        self.late += early if position >= 0 else 0
        position, payload = position + early, payload[early * group_bytes :]
        if self._plan.limit is not None:
            payload = payload[: max(self._plan.limit - position, 0) * group_bytes]
        return position, payload

    def _put_samples(self, channel: int, position: int, samples: bytes) -> None:
        width, part_length = self._info.sample_bytes, self._plan.part_length
        while samples:
            number, start = (0, position) if part_length is None else divmod(position, part_length)
            size = len(samples) if part_length is None else (part_length - start) * width
            self._part(number).put(channel, start, samples[:size])
            position, samples = position + size // width, samples[size:]

    # Parts

    @property
    def _boundary(self) -> int:
        """Where the files that are complete end."""
        return self._finished * (self._plan.part_length or self.length)

    def _part(self, number: int) -> RecordingPart:
        part = self._parts.get(number)
        if part is None:
            if self._folder is None:
                raise RuntimeError("the recording is not open")
            part = self._parts[number] = RecordingPart(self._folder, self._name_of(number), self._info)
        return part

    def _finish_settled(self) -> None:
        part_length = self._plan.part_length
        while part_length is not None and self._boundary + part_length <= min(self._timeline.settled, self.length):
            self._fill_and_finish(part_length)
            self._write_sidecar()

    def _fill_and_finish(self, length: int) -> None:
        """Complete the first open file, with as much of *length* sample groups as it takes."""
        self._part(self._finished).fill(min(length, self._plan.part_length or length))
        self._finish_part(self._finished)
        self._finished += 1

    def _finish_part(self, number: int) -> None:
        part = self._parts.pop(number)
        part.finish()
        self._sidecar.add_file(part.name, part.length)


def _joined(run: list[tuple[int, bytes]], group_bytes: int) -> Iterator[tuple[int, bytes]]:
    """Join pieces that follow each other without a gap."""
    begin = end = run[0][0]
    payloads: list[bytes] = []
    for position, payload in run:
        if position != end:
            yield begin, b"".join(payloads)
            begin, payloads = position, []
        payloads.append(payload)
        end = position + len(payload) // group_bytes
    yield begin, b"".join(payloads)


def _converter(wire: Encoding, file: Encoding) -> Callable[[bytes], bytes]:
    if wire == file:
        return bytes
    if (wire, file) == ("ulaw", "alaw"):
        return g711.ulaw_to_alaw
    if (wire, file) == ("alaw", "ulaw"):
        return g711.alaw_to_ulaw
    decode, encode = decoder(wire), encoder(file)
    return lambda payload: encode(decode(payload))
