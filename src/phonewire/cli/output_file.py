"""Where a command writes what takes it a while to find out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast

import click

__all__ = ["OutputFile"]


class OutputFile(click.Path):
    """A file that can be made, or written anew; said before the work rather than after it.

    Args:
        directory: whether it may be one, in which a file is made.
    """

    def __init__(self, *, directory: bool = False) -> None:
        super().__init__(dir_okay=directory, writable=True, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path, or say what is wrong."""
        if not str(value):
            self.fail("a name is needed, got none", param, ctx)
        path = cast("Path", super().convert(value, param, ctx))
        if path.exists():
            return path  # whether it can be written has been asked
        if not path.parent.is_dir():
            self.fail(f"there is no directory {click.format_filename(path.parent)}", param, ctx)
        if not os.access(path.parent, os.W_OK | os.X_OK):
            self.fail(f"nothing can be written in {click.format_filename(path.parent)}", param, ctx)
        return path
