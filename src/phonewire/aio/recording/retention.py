"""Keeping a directory of recordings within bounds of age and size."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from phonewire._bounds import check_above_0
from phonewire.aio.recording.disk import on_disk
from phonewire.aio.recording.folder import Folder
from phonewire.aio.recording.name import part_of

__all__ = ["Retention"]

_log = logging.getLogger("phonewire.retention")

_DAY_S = 86_400
_IN_USE_S = 3600  # a file that is not complete, and was written to within an hour, may still be recorded to


@dataclass
class _Stored:
    """The files of one recording."""

    names: list[str] = field(default_factory=list)
    size: int = 0
    written_s: float = 0
    is_complete: bool = True


class Retention:
    """Removes recordings that are too old, and the oldest when there is too much.

    Only files whose names `Call.record` made are ever removed, with all parts of the recording and its sidecar; never
    one that is being recorded. Use it as an async context manager, beside a server.

    Args:
        directory: of the recordings.
        max_age_days: how long a recording is kept after its end; None for ever.
        max_bytes: how much all of them may take; None for any amount.
        every_s: how often to look.

    Raises:
        ValueError: a bound is not positive.
    """

    def __init__(
        self,
        directory: str | Path,
        *,
        max_age_days: float | None = None,
        max_bytes: int | None = None,
        every_s: float = 60,
    ) -> None:
        check_above_0(max_age_days=max_age_days, max_bytes=max_bytes, every_s=every_s)
        self._directory = Path(directory)
        self._max_age_s = None if max_age_days is None else max_age_days * _DAY_S
        self._max_bytes = max_bytes
        self._every_s = every_s
        self._task: asyncio.Task[None] | None = None

    def sweep(self, now_s: float) -> list[str]:
        """Remove what is over the bounds, once; may block.

        Args:
            now_s: the present, in seconds since 1970.

        Returns:
            The names of the files that were removed.

        Raises:
            OSError: the directory or a file in it cannot be read or removed.
        """
        folder = Folder(self._directory)
        try:
            stored = _stored(folder)
            total = sum(each.size for each in stored)
            removed = []
            for recording in sorted(stored, key=lambda each: each.written_s):
                if self._is_over(recording, total, now_s):
                    removed += _remove(folder, recording)
                    total -= recording.size
        finally:
            folder.close()
        return removed

    async def run(self) -> None:
        """Sweep again and again, until this is cancelled."""
        while True:
            try:
                removed = await on_disk(partial(self.sweep, time.time()))
            except OSError as error:
                _log.error("old recordings could not be removed: %s", error.strerror)
            else:
                if removed:
                    _log.info("removed %d files of old recordings", len(removed))
            await asyncio.sleep(self._every_s)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self.run())
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def _is_over(self, recording: _Stored, total: int, now_s: float) -> bool:
        age_s = now_s - recording.written_s
        if not recording.is_complete and age_s < _IN_USE_S:
            return False
        too_old = self._max_age_s is not None and age_s > self._max_age_s
        return too_old or (self._max_bytes is not None and total > self._max_bytes)


def _stored(folder: Folder) -> list[_Stored]:
    """Return the recordings in *folder*."""
    found: defaultdict[str, _Stored] = defaultdict(_Stored)
    for entry in folder.entries():
        name = part_of(entry.name)
        if name is None or not entry.is_file(follow_symlinks=False):
            continue
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue  # it got its final name meanwhile
        recording = found[name[0]]
        recording.names.append(entry.name)
        recording.size += status.st_size
        recording.written_s = max(recording.written_s, status.st_mtime)
        recording.is_complete &= not name[1]
    return list(found.values())


def _remove(folder: Folder, recording: _Stored) -> list[str]:
    # The sidecar last: as long as there is audio, something says whose it is.
    for name in sorted(recording.names, key=lambda name: name.endswith(".json")):
        folder.remove(name)
    return recording.names
