"""A directory that files are made in without being led astray: by links, by names that are taken, by a moved path."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import BinaryIO

from phonewire.aio.faults import fault

__all__ = ["Folder"]

_BY_DESCRIPTOR = os.open in os.supports_dir_fd  # not on Windows: there paths have to do
_NO_LINKS_HERE = {errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS}


class Folder:
    """A directory held open.

    Names are of files directly within it; nothing outside can be reached, and nothing that is there is followed or
    replaced unless a method says so.

    Args:
        path: of the directory.

    Raises:
        OSError: there is no such directory; the same for every method, when the file system refuses.
    """

    def __init__(self, path: Path) -> None:
        fault("disk.folder")
        self._path = path
        self._descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC) if _BY_DESCRIPTOR else None

    def create(self, name: str) -> BinaryIO:
        """Make a new file, for its owner alone, open for reading and writing without a buffer.

        Raises:
            FileExistsError: something of that name is there, be it a link to nowhere; it is not touched.
        """
        fault("disk.create")
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        return os.fdopen(os.open(self._at(name), flags, 0o600, dir_fd=self._descriptor), "r+b", buffering=0)

    def has(self, name: str) -> bool:
        """Say whether something of that name is there, be it a link to nowhere."""
        try:
            os.stat(self._at(name), dir_fd=self._descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def publish(self, name: str, new_name: str) -> None:
        """Give a file its final name, at once and whole.

        Raises:
            FileExistsError: *new_name* is taken; the file keeps its name.
        """
        fault("disk.publish")
        where = {"src_dir_fd": self._descriptor, "dst_dir_fd": self._descriptor}
        try:
            os.link(self._at(name), self._at(new_name), **where, follow_symlinks=not _BY_DESCRIPTOR)
        except OSError as error:
            if error.errno not in _NO_LINKS_HERE:
                raise
            self.create(new_name).close()  # takes the name, or raises
            self.replace(name, new_name)
        else:
            self.remove(name)

    def replace(self, name: str, new_name: str) -> None:
        """Give a file the name of another, which is gone then, at once and whole."""
        os.replace(self._at(name), self._at(new_name), src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)

    def remove(self, name: str) -> None:
        """Remove a file."""
        os.unlink(self._at(name), dir_fd=self._descriptor)

    def entries(self) -> list[os.DirEntry[str]]:
        """List what is there."""
        with os.scandir(self._path if self._descriptor is None else self._descriptor) as entries:
            return list(entries)

    def close(self) -> None:
        """Let the directory go; calling it again does nothing."""
        if self._descriptor not in (None, -1):
            os.close(self._descriptor)
            self._descriptor = -1  # not None, which would mean the working directory

    def _at(self, name: str) -> str:
        if name in ("", "..") or name != Path(name).name:
            raise ValueError("a folder has names, not paths")
        return name if _BY_DESCRIPTOR else str(self._path / name)
