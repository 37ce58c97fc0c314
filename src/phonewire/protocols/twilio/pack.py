"""Events to the bodies of messages, one small function a kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from phonewire import b64
from phonewire.protocols.connection import MediaFormat
from phonewire.protocols.twilio import events
from phonewire.protocols.twilio.dialects import Dialect
from phonewire.protocols.twilio.parse import FORMAT_NAMES

__all__ = ["PACKERS"]

Body = dict[str, Any]


def _pack_connected(event: events.Connected, _dialect: Dialect) -> Body:
    return {"protocol": event.protocol, "version": event.version}


def _pack_start(event: events.Start, dialect: Dialect) -> Body:
    if not dialect.numbered:
        return {"start": {"callSid": event.call_sid}}
    media_format = event.media_format or MediaFormat()
    start = {
        "streamSid": event.stream_sid,
        "accountSid": event.account_sid,
        "callSid": event.call_sid,
        "tracks": event.tracks or ("inbound",),
        "mediaFormat": _pack_format(media_format),
        "customParameters": event.parameters,
    }
    return {"start": _without_none(start)}


def _pack_format(media_format: MediaFormat) -> Body:
    return {
        "encoding": FORMAT_NAMES[media_format.encoding],
        "sampleRate": media_format.sample_rate_hz,
        "channels": media_format.channels,
    }


def _pack_media(event: events.Media, _dialect: Dialect) -> Body:
    # Twilio's side only: what has no counters is framed in one native call, see `Connection._build_framers`.
    media = {
        "track": event.track,
        "chunk": str(event.chunk),
        "timestamp": str(event.timestamp_ms),
        "payload": b64.encode(event.payload).decode("ascii"),
    }
    return {"media": media}


def _pack_dtmf(event: events.Dtmf, _dialect: Dialect) -> Body:
    return {"dtmf": {"track": "inbound_track", "digit": event.digit}}


def _pack_mark(event: events.Mark, _dialect: Dialect) -> Body:
    return {"mark": {"name": event.name}}


def _pack_clear(_event: events.Clear, _dialect: Dialect) -> Body:
    return {}


def _pack_stop(event: events.Stop, _dialect: Dialect) -> Body:
    return {"stop": _without_none({"accountSid": event.account_sid, "callSid": event.call_sid})}


def _without_none(body: Body) -> Body:
    return {name: value for name, value in body.items() if value is not None}


#: The kind of each event's message, and what makes its body.
PACKERS: dict[type, tuple[str, Callable[[Any, Dialect], Body]]] = {
    events.Connected: ("connected", _pack_connected),
    events.Start: ("start", _pack_start),
    events.Media: ("media", _pack_media),
    events.Dtmf: ("dtmf", _pack_dtmf),
    events.Mark: ("mark", _pack_mark),
    events.Clear: ("clear", _pack_clear),
    events.Stop: ("stop", _pack_stop),
}
