"""How a call ended: what both ends of a das-Peak call agree on, and the exit codes of the commands that dial."""

from __future__ import annotations

from enum import IntEnum

import phonewire
from phonewire.protocols.connection import EndReason

__all__ = ["NOT_ENOUGH_AUDIO", "STOPPED", "UNREACHABLE", "Outcome", "outcome_of", "unreachable"]

#: Close code of our consumer when the audio ended too early. das-Peak documents none, so it is of the range that
#: RFC 6455 section 7.4.2 leaves to applications.
NOT_ENOUGH_AUDIO = 4001


#: Exit code of a command that Ctrl-C has cut short, as shells tell SIGINT.
STOPPED = 130


class Outcome(IntEnum):
    """How a call ended; the value is the exit code. 1 is any other error and 2 a wrong command line, as everywhere."""

    COMPLETED = 0
    NOT_ENOUGH_AUDIO = 3
    REFUSED = 4
    DROPPED = 5
    FAILURE = 6
    UNDECIDED = 7


_BAD_ENDS = {EndReason.REFUSED: Outcome.REFUSED, EndReason.DROPPED: Outcome.DROPPED, EndReason.FAILED: Outcome.DROPPED}


def outcome_of(reason: EndReason) -> Outcome:
    """Return what the end of a live call means, which may end at any time."""
    return _BAD_ENDS.get(reason, Outcome.COMPLETED)


#: What is raised when a far end cannot be dialled.
UNREACHABLE = (phonewire.AuthenticationError, phonewire.RemoteProtocolError, OSError)


def unreachable(error: Exception) -> tuple[Outcome, str]:
    """Say what one of `UNREACHABLE` means, in one line."""
    if isinstance(error, phonewire.AuthenticationError):
        return Outcome.REFUSED, f"refused: {error}"
    if isinstance(error, phonewire.HandshakeError):
        return Outcome.REFUSED, f"refused: the server answered with HTTP status {error.status}"
    if isinstance(error, OSError):  # TimeoutError is one of them
        return Outcome.DROPPED, f"nobody there: {error.strerror or str(error) or 'no answer in time'}"
    return Outcome.DROPPED, f"nobody there: {error}"
