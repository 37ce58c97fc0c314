"""How sending ended: what both ends of a das-Peak call agree on, and the exit codes of ``phonewire send``."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["NOT_ENOUGH_AUDIO", "Outcome"]

#: Close code of our consumer when the audio ended too early. das-Peak documents none, so it is of the range that
#: RFC 6455 section 7.4.2 leaves to applications.
NOT_ENOUGH_AUDIO = 4001


class Outcome(IntEnum):
    """How sending ended; the value is the exit code. 1 is any other error and 2 a wrong command line, as everywhere."""

    COMPLETED = 0
    NOT_ENOUGH_AUDIO = 3
    REFUSED = 4
    DROPPED = 5
