"""What every protocol has to know here: one file each, of the same shape."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from phonewire.load.stamp import Voice

__all__ = ["MakeScript", "Script"]


class Script(Protocol):
    """One call: what it says, ready for the socket, and what it makes of the answers.

    Attributes:
        period_ms: from one frame to the next.
        headers: of the handshake, where there is one.
    """

    period_ms: int
    headers: Mapping[str, str]

    @property
    def ready(self) -> bool:
        """Whether frames may be said."""

    def open(self) -> bytes:
        """Return what is said first."""

    def frame(self, number: int) -> bytes:
        """Return a frame, numbered from 0."""

    def read(self, data: bytes, text: bool) -> Iterable[bytes]:
        """Take a message, or part of a stream; return the first six codewords of each frame of audio in it."""

    def replies(self) -> bytes:
        """Return what has to be said because of what was read."""

    def close(self) -> bytes:
        """Return the goodbye."""


#: Makes the script of a call, of its voice and its id.
MakeScript = Callable[[Voice, str], Script]
