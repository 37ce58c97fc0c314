"""What happens on a call; the same events are received and sent."""

from __future__ import annotations

from enum import IntFlag
from typing import TypeAlias

import msgspec

from phonewire.protocols.connection import Dtmf, Ended, Media, Rejected

__all__ = ["Dtmf", "Error", "ErrorCode", "Event", "Hangup", "Media", "Silence", "Start"]


class ErrorCode(IntFlag):
    """Why Asterisk gives up."""

    HANGUP = 0x01
    FRAME_FORWARDING = 0x02
    MEMORY = 0x04


class Start(msgspec.Struct, frozen=True):
    """The stream is announced; media may follow.

    Attributes:
        uuid: the call's id as the dialplan or the dialling program chose it, in its canonical text form.
    """

    uuid: str


class Silence(msgspec.Struct, frozen=True):
    """The far end has nothing to say for a frame."""


class Error(msgspec.Struct, frozen=True):
    """Something failed at the far end; the connection is about to close.

    Attributes:
        code: bits of `ErrorCode`; None where it does not tell.
    """

    code: int | None = None


class Hangup(msgspec.Struct, frozen=True):
    """The call is over."""


#: What `Connection.receive` hands back and `Connection.send` takes.
Event: TypeAlias = Start | Media | Silence | Dtmf | Error | Hangup | Rejected | Ended
