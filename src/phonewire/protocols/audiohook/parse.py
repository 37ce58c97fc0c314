"""Messages to events: the envelope, and one decoder of the parameters for each kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from phonewire.protocols.audiohook import events
from phonewire.protocols.audiohook.duration import Microseconds, microseconds
from phonewire.protocols.connection import MediaFormat, RejectReason, Skip
from phonewire.protocols.validation import NOT_JSON, describe

__all__ = ["PARSERS", "Envelope", "parse_envelope", "parse_offers"]

E = TypeVar("E")

_DIGITS = frozenset("0123456789*#")


class Envelope(msgspec.Struct):
    """What every text message has around its parameters."""

    version: str
    id: events.Uuid
    type: str
    seq: int
    parameters: msgspec.Raw
    serverseq: int | None = None
    clientseq: int | None = None
    position: Microseconds | None = None


class _Offers(msgspec.Struct):
    """What the client offers, as it wrote it: the answer has to be one of these, with what is not known here."""

    media: list[dict[str, Any]]


def _duration(_type: type, value: object) -> Microseconds:
    return microseconds(value)  # the only type that msgspec does not know


def _decoder(target: type[E]) -> Callable[[Any], E]:
    return msgspec.json.Decoder(target, dec_hook=_duration).decode


_syntax = msgspec.json.Decoder(msgspec.Raw).decode
_envelope = _decoder(Envelope)
_offers = _decoder(_Offers)


def parse_envelope(data: bytes) -> Envelope:
    """Return the envelope of a message, or raise Skip with what is wrong with it."""
    try:
        return _envelope(data)
    except msgspec.ValidationError as error:
        raise Skip(RejectReason.BAD_FIELD, describe(str(error))) from None
    except NOT_JSON:
        raise Skip(RejectReason.NOT_JSON, f"{len(data)} bytes are not JSON") from None


def parse_offers(parameters: bytes) -> list[dict[str, Any]]:
    """Return what the parameters of an `open` (bytes of JSON) offer, with all that the client wrote, or raise Skip."""
    try:
        return _offers(parameters).media
    except NOT_JSON as error:
        raise Skip(RejectReason.BAD_FIELD, f"open: {describe(str(error))}") from None


def _parse(kind: str, event: type[E]) -> Callable[[bytes], E]:
    """Return what makes events of a kind of which the parameters are all that there is."""
    decode = _decoder(event)

    def parse(parameters: bytes) -> E:
        try:
            return decode(parameters)
        except NOT_JSON as error:
            raise Skip(RejectReason.BAD_FIELD, f"{kind}: {describe(str(error))}") from None

    parse.__annotations__["return"] = event
    return parse


class _Entity(msgspec.Struct):
    type: str
    data: msgspec.Raw


class _Entities(msgspec.Struct):
    entities: tuple[_Entity, ...]


_parse_entities = _parse("event", _Entities)
_ENTITIES: dict[str, Callable[[bytes], Any]] = {
    "transcript": _parse("transcript", events.Transcript),
    "barge_in": _parse("barge_in", events.BargeIn),
    "bot_turn_response": _parse("bot_turn_response", events.BotTurnResponse),
}
_parse_other = _parse("event", dict[str, Any])
_parse_key = _parse("dtmf", events.Dtmf)


def _parse_notice(parameters: bytes) -> events.Notice:
    return events.Notice(tuple(_parse_entity(entity) for entity in _parse_entities(parameters).entities))


def _parse_entity(entity: _Entity) -> events.Entity:
    parse = _ENTITIES.get(entity.type)
    if parse is None:
        return events.OtherEntity(entity.type, _parse_other(bytes(entity.data)))
    found: events.Entity = parse(bytes(entity.data))
    return found


def _parse_dtmf(parameters: bytes) -> events.Dtmf:
    event = _parse_key(parameters)
    if event.digit not in _DIGITS:
        raise Skip(RejectReason.BAD_FIELD, "dtmf.digit is not one of 0-9, * and #")
    return event


def _parse_media(payload: bytes, media_format: MediaFormat) -> events.Media:
    if not payload:
        raise Skip(RejectReason.EMPTY_PAYLOAD, "a binary message without audio")
    if len(payload) % media_format.group_bytes:
        detail = f"{len(payload)} bytes of audio are not a multiple of {media_format.group_bytes}"
        raise Skip(RejectReason.BAD_LENGTH, detail)
    return events.Media(payload, None, None, media_format)


# What is made of its parameters and nothing else.
_PLAIN: dict[str, type[Any]] = {
    "open": events.Open,
    "ping": events.Ping,
    "close": events.Close,
    "discarded": events.Discarded,
    "paused": events.Paused,
    "resumed": events.Resumed,
    "error": events.Error,
    "update": events.Update,
    "playback_started": events.PlaybackStarted,
    "playback_completed": events.PlaybackCompleted,
    "opened": events.Opened,
    "pong": events.Pong,
    "closed": events.Closed,
    "disconnect": events.Disconnect,
    "pause": events.Pause,
    "resume": events.Resume,
    "reconnect": events.Reconnect,
    "updated": events.Updated,
}

#: The kind of each message, and what makes an event of its parameters; of audio, of the binary message.
PARSERS: dict[str, tuple[str, Callable[..., Any]]] = {
    "media": ("media", _parse_media),
    "dtmf": ("dtmf", _parse_dtmf),
    "event": ("event", _parse_notice),
    **{kind: (kind, _parse(kind, event)) for kind, event in _PLAIN.items()},
}
