"""Events to messages: the parameters of each kind, and the envelope around them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from phonewire.protocols.audiohook import events
from phonewire.protocols.audiohook.duration import Microseconds, duration

__all__ = ["PACKERS", "pack_message"]


def _text(value: Any) -> str:
    if isinstance(value, Microseconds):
        return duration(value)
    raise TypeError(f"{type(value).__name__} can not be written as JSON")


_encode = msgspec.json.Encoder(enc_hook=_text).encode


def pack_message(envelope: dict[str, Any], parameters: Any) -> bytes:
    """Return a text message.

    Raises:
        TypeError: a value is of no type that JSON has.
        ValueError: a value cannot be written: a negative duration, a lone surrogate.
    """
    return _encode(envelope | {"parameters": parameters})


def _pack(event: Any) -> Any:
    return event


def _pack_media(event: events.Media) -> bytes:
    return event.payload


_ENTITIES = {events.Transcript: "transcript", events.BargeIn: "barge_in", events.BotTurnResponse: "bot_turn_response"}


def _pack_notice(event: events.Notice) -> Any:
    return {"entities": [_pack_entity(entity) for entity in event.entities]}


def _pack_entity(entity: events.Entity) -> Any:
    if isinstance(entity, events.OtherEntity):
        return entity
    return {"type": _ENTITIES[type(entity)], "data": entity}


#: The kind of each event's message, and what makes its parameters; of audio, the binary message.
PACKERS: dict[type, tuple[str, Callable[[Any], Any]]] = {
    events.Media: ("media", _pack_media),
    events.Notice: ("event", _pack_notice),
    events.Open: ("open", _pack),
    events.Ping: ("ping", _pack),
    events.Close: ("close", _pack),
    events.Discarded: ("discarded", _pack),
    events.Paused: ("paused", _pack),
    events.Resumed: ("resumed", _pack),
    events.Error: ("error", _pack),
    events.Update: ("update", _pack),
    events.Dtmf: ("dtmf", _pack),
    events.PlaybackStarted: ("playback_started", _pack),
    events.PlaybackCompleted: ("playback_completed", _pack),
    events.Opened: ("opened", _pack),
    events.Pong: ("pong", _pack),
    events.Closed: ("closed", _pack),
    events.Disconnect: ("disconnect", _pack),
    events.Pause: ("pause", _pack),
    events.Resume: ("resume", _pack),
    events.Reconnect: ("reconnect", _pack),
    events.Updated: ("updated", _pack),
}
