"""The messages as they are on the wire: one struct a kind, decoded and validated in one pass.

A message that this pass refuses is read a second time, slowly, to find out what is wrong with it, or that only a
counter is, which is no reason to lose audio. Nothing of a refused message's text gets into the reason given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import msgspec

from phonewire.protocols.connection import RejectReason, Skip
from phonewire.protocols.validation import NOT_JSON, describe

__all__ = [
    "NOT_JSON",
    "ClearMessage",
    "ConnectedMessage",
    "DtmfMessage",
    "FormatBody",
    "MarkMessage",
    "MediaMessage",
    "Message",
    "Skip",
    "StartMessage",
    "StopMessage",
    "decode",
    "decode_slowly",
]

Track = Literal["inbound", "outbound"]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] | None


class _Envelope(msgspec.Struct, tag_field="event", kw_only=True, gc=False):
    message_sequence: Count = msgspec.field(name="sequenceNumber", default=None)
    stream_sid: str | None = msgspec.field(name="streamSid", default=None)


class ConnectedMessage(_Envelope, tag="connected"):
    """Twilio's greeting."""

    protocol: str = "Call"
    version: str = "1.0.0"


class FormatBody(msgspec.Struct, rename="camel"):
    """``start.mediaFormat``; das-Peak sends none."""

    encoding: str | None = None
    sample_rate: int | None = None
    channels: int | None = None


class StartBody(msgspec.Struct, rename="camel"):
    call_sid: str
    stream_sid: str | None = None
    account_sid: str | None = None
    tracks: tuple[Track, ...] = ()
    media_format: FormatBody | None = None
    custom_parameters: dict[str, str] | None = None


class StartMessage(_Envelope, tag="start", kw_only=True, gc=True):
    """The stream is announced."""

    start: StartBody


class MediaBody(msgspec.Struct, gc=False):
    payload: str
    track: Track | None = None
    chunk: Count = None
    timestamp: Count = None


class MediaMessage(_Envelope, tag="media", kw_only=True, gc=False):
    """Audio."""

    media: MediaBody


class DtmfBody(msgspec.Struct, gc=False):
    digit: str


class DtmfMessage(_Envelope, tag="dtmf", kw_only=True, gc=False):
    """A key was pressed; its track is not read, it is always the far end's."""

    dtmf: DtmfBody


class MarkBody(msgspec.Struct, gc=False):
    name: str


class MarkMessage(_Envelope, tag="mark", kw_only=True, gc=False):
    """A label, there and back."""

    mark: MarkBody


class ClearMessage(_Envelope, tag="clear"):
    """Drop what is queued."""


class StopBody(msgspec.Struct, rename="camel", gc=False):
    account_sid: str | None = None
    call_sid: str | None = None


class StopMessage(_Envelope, tag="stop", kw_only=True, gc=False):
    """The stream is over."""

    stop: StopBody | None = None


Message = ConnectedMessage | StartMessage | MediaMessage | DtmfMessage | MarkMessage | ClearMessage | StopMessage
_KINDS = frozenset({"connected", "start", "media", "dtmf", "mark", "clear", "stop"})

# Not strict: "5" is read where 5 is meant, as half of the platforms send strings.
decode: Callable[[bytes], Message] = msgspec.json.Decoder(Message, strict=False).decode
_syntax = msgspec.json.Decoder(msgspec.Raw)
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_string = msgspec.json.Decoder(str)
_count = msgspec.json.Decoder(Count, strict=False)


def decode_slowly(data: bytes) -> Message:
    """Return the message that *data* is although `decode` refused it, or raise Skip with the reason."""
    try:
        _syntax.decode(data)
        members = _members.decode(data)
    except msgspec.ValidationError:
        raise Skip(RejectReason.NOT_AN_OBJECT, "the message is JSON, but not an object") from None
    except RecursionError:
        raise Skip(RejectReason.NOT_JSON, "the message is nested too deeply") from None
    except ValueError:
        raise Skip(RejectReason.NOT_JSON, f"{len(data)} bytes are not JSON") from None
    _check_kind(members)
    _drop_bad_counts(members)
    try:
        return decode(msgspec.json.encode(members))
    except msgspec.ValidationError as error:
        raise Skip(RejectReason.BAD_FIELD, describe(str(error))) from None
    except NOT_JSON:
        raise Skip(RejectReason.NOT_JSON, "a string is not valid UTF-8") from None


def _check_kind(members: dict[str, msgspec.Raw]) -> None:
    try:
        kind = _string.decode(members["event"])
    except KeyError:
        raise Skip(RejectReason.BAD_FIELD, "event is missing") from None
    except ValueError:
        raise Skip(RejectReason.BAD_FIELD, "event is not a string") from None
    if kind not in _KINDS:
        raise Skip(RejectReason.UNKNOWN_EVENT, "the event is none that is known here")


def _drop_bad_counts(members: dict[str, msgspec.Raw]) -> None:
    """Take out the counters that are no numbers: they tell nothing, and the message is good without them."""
    _drop_unless_count(members, "sequenceNumber")
    try:
        media = _members.decode(members["media"])
    except (KeyError, ValueError):
        return
    _drop_unless_count(media, "chunk")
    _drop_unless_count(media, "timestamp")
    members["media"] = msgspec.Raw(msgspec.json.encode(media))


def _drop_unless_count(members: dict[str, msgspec.Raw], name: str) -> None:
    try:
        _count.decode(members.get(name, b"null"))
    except NOT_JSON:
        del members[name]
