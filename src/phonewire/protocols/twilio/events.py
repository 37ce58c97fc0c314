"""What happens on a stream; the same events are received and sent."""

from __future__ import annotations

import msgspec

from phonewire.protocols.connection import Ended, MediaFormat, Rejected
from phonewire.protocols.payload import DECODERS

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


class Media(msgspec.Struct, gc=False, eq=False):
    """A piece of audio.

    A `Media` to send needs its payload, and the track when it is not ``inbound``; the connection counts the rest.

    Attributes:
        payload: n codewords or 2*n bytes, as on the wire.
        track: ``inbound``, ``outbound``, or None where the dialect has no tracks.
        chunk: the track's count of media messages, from 1.
        timestamp_ms: milliseconds from the start of the stream to the first sample.
        message_sequence: the stream's count of messages.
        media_format: how the payload is coded.
    """

    payload: bytes
    track: str | None = None
    chunk: int | None = None
    timestamp_ms: int | None = None
    message_sequence: int | None = None
    media_format: MediaFormat = MediaFormat()
    _pcm: bytes | None = None

    @property
    def pcm(self) -> bytes:
        """The samples, s16 in native byte order; decoded on first access and kept."""
        pcm = self._pcm
        if pcm is None:
            pcm = self._pcm = DECODERS[self.media_format.encoding](self.payload)
        return pcm

    def __eq__(self, other: object) -> bool:
        """Compare all but the samples, which follow from the payload whether they were decoded yet or not."""
        if not isinstance(other, Media):
            return NotImplemented
        return msgspec.structs.astuple(self)[:-1] == msgspec.structs.astuple(other)[:-1]

    __hash__ = None  # type: ignore[assignment]


class Dtmf(msgspec.Struct, frozen=True):
    """The far end pressed a key: one of ``0123456789*#ABCD``."""

    digit: str


class Mark(msgspec.Struct, frozen=True):
    """To the client: say when this has been played. To the server: it has been, or was cleared."""

    name: str


class Clear(msgspec.Struct, frozen=True):
    """To the client: drop what is queued; pending marks come back at once."""


class Stop(msgspec.Struct, frozen=True):
    """The stream is over, says the client; ids that are None are filled in from `Start` when it is sent."""

    account_sid: str | None = None
    call_sid: str | None = None


Event = Connected | Start | Media | Dtmf | Mark | Clear | Stop | Rejected | Ended
