"""The terminal that a command draws on."""

from __future__ import annotations

import os

from rich.console import Console

__all__ = ["make_console"]


def make_console(*, stderr: bool = False) -> Console:
    """Return standard output or error to draw on; with NO_COLOR in the environment, without bold letters, too."""
    plain = bool(os.environ.get("NO_COLOR"))
    return Console(stderr=stderr, highlight=False, color_system=None if plain else "auto")
