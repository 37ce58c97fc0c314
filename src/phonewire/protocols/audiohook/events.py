"""What happens in a session; the same events are received and sent. Each has the parameters of its message."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from phonewire.protocols.audiohook.duration import Microseconds
from phonewire.protocols.connection import Dtmf as Key
from phonewire.protocols.connection import Ended, Media, PlaybackCompleted, PlaybackStarted, Rejected

__all__ = [
    "NIL_UUID",
    "BargeIn",
    "BotTurnResponse",
    "Close",
    "Closed",
    "ContinuedSession",
    "Discarded",
    "Disconnect",
    "Dtmf",
    "Error",
    "Event",
    "Media",
    "MediaOffer",
    "Microseconds",
    "Notice",
    "Open",
    "Opened",
    "OtherEntity",
    "Participant",
    "Pause",
    "Paused",
    "Ping",
    "PlaybackCompleted",
    "PlaybackStarted",
    "Pong",
    "Reconnect",
    "Resume",
    "Resumed",
    "Transcript",
    "Update",
    "Updated",
    "Uuid",
]

#: Stands for nobody: the conversation and the participant of a connection probe.
NIL_UUID = "00000000-0000-0000-0000-000000000000"

# Of versions 1 to 5, or the nil UUID.
_HEX = "[0-9A-Fa-f]"
_UUID = (
    rf"^(?:{_HEX}{{8}}-{_HEX}{{4}}-[1-5]{_HEX}{{3}}-[89ABab]{_HEX}{{3}}-{_HEX}{{12}}|0{{8}}-(?:0{{4}}-){{3}}0{{12}})\Z"
)
Uuid = Annotated[str, msgspec.Meta(pattern=_UUID)]


class _Parameters(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What is None or as by default is not written."""


# From the client


class Participant(_Parameters, frozen=True):
    """Who is on the phone; the texts are Genesys', and empty in a probe."""

    id: Uuid = NIL_UUID
    ani: str = ""
    ani_name: str = ""
    dnis: str = ""


class MediaOffer(msgspec.Struct, frozen=True):
    """A way to carry the audio; with `channels` in the order in which they are interleaved."""

    type: str = "audio"
    format: str = "PCMU"
    channels: tuple[str, ...] = ("external",)
    rate: int = 8000


class ContinuedSession(_Parameters, frozen=True):
    """A session that this one goes on from, and how far it had come."""

    id: Uuid
    serverseq: int
    clientseq: int


class Open(_Parameters, frozen=True, kw_only=True):
    """The client's first message.

    Attributes:
        organization_id: of Genesys' customer.
        conversation_id: the call; nil for a connection probe.
        participant: the caller; its id is nil for a connection probe.
        media: what the client can send, the best first.
        language: as in ``en-US``.
        supported_languages: whether the client wants to know which there are.
        continued_sessions: that this one goes on from, after a reconnect.
        custom_config: as configured at Genesys.
        input_variables: of the Architect flow (Audio Connector).
    """

    organization_id: Uuid
    conversation_id: Uuid
    participant: Participant
    media: tuple[MediaOffer, ...]
    language: str | None = None
    supported_languages: bool = False
    continued_sessions: tuple[ContinuedSession, ...] = ()
    custom_config: dict[str, Any] | None = None
    input_variables: dict[str, str] = {}

    @property
    def is_probe(self) -> bool:
        """Whether this only tries the connection and is no call."""
        return self.conversation_id == self.participant.id == NIL_UUID


class Ping(_Parameters, frozen=True):
    """Are you there? With the round trip of the one before."""

    rtt_us: Microseconds | None = msgspec.field(name="rtt", default=None)


class Close(_Parameters, frozen=True):
    """The client is done."""

    reason: Literal["end", "error", "disconnect", "reconnect"]


class Discarded(_Parameters, frozen=True):
    """A piece of audio that does not come."""

    start_us: Microseconds = msgspec.field(name="start")
    discarded_us: Microseconds = msgspec.field(name="discarded")


class Paused(_Parameters, frozen=True):
    """No audio comes: the server asked for that, or the agent holds the recording."""


class Resumed(_Parameters, frozen=True):
    """Audio comes again; what was said meanwhile does not."""

    start_us: Microseconds = msgspec.field(name="start")
    discarded_us: Microseconds = msgspec.field(name="discarded")


class Error(_Parameters, frozen=True):
    """Something is wrong, says the client; a close follows where it cannot go on."""

    code: int
    message: str
    retry_after_us: Microseconds | None = msgspec.field(name="retryAfter", default=None)


class Update(_Parameters, frozen=True):
    """The language has changed."""

    language: str


class Dtmf(Key, frozen=True):
    """The caller pressed a key (Audio Connector)."""


# From the server


class Opened(_Parameters, frozen=True):
    """The session is taken.

    Attributes:
        media: one of what was offered, or nothing: no audio.
        discard_to_us: the client leaves out the audio before that.
        start_paused: the client waits for a `Resume`.
        supported_languages: where the client asked.
    """

    media: tuple[MediaOffer, ...]
    discard_to_us: Microseconds | None = msgspec.field(name="discardTo", default=None)
    start_paused: bool = False
    supported_languages: tuple[str, ...] | None = None


class Pong(_Parameters, frozen=True):
    """The answer to a ping."""


class Closed(_Parameters, frozen=True):
    """The answer to a close."""


class Disconnect(_Parameters, frozen=True):
    """The server asks the client to close."""

    reason: Literal["completed", "unauthorized", "error"]
    info: str | None = None
    output_variables: dict[str, str] = {}


class Pause(_Parameters, frozen=True):
    """The client is to stop the audio; twice is as good as once."""


class Resume(_Parameters, frozen=True):
    """The client is to go on with the audio."""


class Reconnect(_Parameters, frozen=True):
    """The client is to open a new session, and to close this one."""

    info: str | None = None


class Updated(_Parameters, frozen=True):
    """The answer to an update."""


class Transcript(_Parameters, frozen=True, kw_only=True):
    """What was said; see Genesys' documents for the alternatives."""

    id: str
    channel_id: int
    is_final: bool
    alternatives: tuple[dict[str, Any], ...]
    offset_us: Microseconds | None = msgspec.field(name="offset", default=None)
    duration_us: Microseconds | None = msgspec.field(name="duration", default=None)


class BargeIn(_Parameters, frozen=True):
    """The caller speaks: the client drops what it has not played (Audio Connector)."""


class BotTurnResponse(_Parameters, frozen=True, kw_only=True):
    """What a bot made of what the caller said (Audio Connector)."""

    disposition: Literal["no_input", "no_match", "match"]
    text: str | None = None
    confidence: float | None = None


class OtherEntity(msgspec.Struct, frozen=True):
    """An entity of a type that is none of the above."""

    type: str
    data: dict[str, Any]


Entity: TypeAlias = Transcript | BargeIn | BotTurnResponse | OtherEntity


class Notice(msgspec.Struct, frozen=True):
    """The message ``event``: what the server has found out."""

    entities: tuple[Entity, ...]


#: What `Connection.receive` hands back and `Connection.send` takes.
Event: TypeAlias = (
    Open
    | Media
    | Ping
    | Close
    | Discarded
    | Paused
    | Resumed
    | Error
    | Update
    | Dtmf
    | PlaybackStarted
    | PlaybackCompleted
    | Opened
    | Pong
    | Closed
    | Disconnect
    | Pause
    | Resume
    | Reconnect
    | Updated
    | Notice
    | Rejected
    | Ended
)
