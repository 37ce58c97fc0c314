"""What happens on a stream; the same events are received and sent."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from phonewire.protocols.connection import Clear, Dtmf, Ended, Mark, MediaFormat, Rejected
from phonewire.protocols.connection import Media as MediaEvent

__all__ = ["Clear", "Connected", "Dtmf", "Event", "Mark", "Media", "Start", "Stop"]


class Connected(msgspec.Struct, frozen=True):
    """Twilio's greeting: its first message."""

    protocol: str = "Call"
    version: str = "1.0.0"


class Start(msgspec.Struct, frozen=True):
    """The stream is announced; media may follow.

    Attributes:
        call_sid: the call's id; das-Peak's ``call_id``.
        stream_sid: the stream's id; das-Peak has none.
        account_sid: the account's id.
        tracks: which of ``inbound`` and ``outbound`` are sent.
        media_format: how audio is coded; None in a `Start` to send means as the connection has it.
        parameters: the ``<Parameter>`` values of the TwiML.
    """

    call_sid: str
    stream_sid: str | None = None
    account_sid: str | None = None
    tracks: tuple[str, ...] = ()
    media_format: MediaFormat | None = None
    parameters: dict[str, str] = {}


class Media(MediaEvent, gc=False, eq=False):
    """A piece of audio.

    A `Media` to send needs its payload, and the track when it is not ``inbound``; the connection counts the rest.

    Attributes:
        track: ``inbound``, ``outbound``, or None where the dialect has no tracks.
        chunk: the track's count of media messages, from 1.
        message_sequence: the stream's count of messages.
    """

    chunk: int | None = None
    message_sequence: int | None = None


class Stop(msgspec.Struct, frozen=True):
    """The stream is over, says the client; ids that are None are filled in from `Start` when it is sent."""

    account_sid: str | None = None
    call_sid: str | None = None


#: What `Connection.receive` hands back and `Connection.send` takes.
Event: TypeAlias = Connected | Start | Media | Dtmf | Mark | Clear | Stop | Rejected | Ended
