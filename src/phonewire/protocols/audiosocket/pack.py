"""Events to frames, one small function each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from phonewire.errors import LocalProtocolError
from phonewire.protocols.audiosocket import events
from phonewire.protocols.audiosocket.frames import KINDS, Kind
from phonewire.protocols.audiosocket.parse import DIGITS

__all__ = ["PACKERS"]


def _pack_hangup(_event: events.Hangup) -> tuple[Kind, bytes]:
    return Kind.HANGUP, b""


def _pack_start(event: events.Start) -> tuple[Kind, bytes]:
    try:
        return Kind.UUID, UUID(event.uuid).bytes
    except (ValueError, AttributeError, TypeError):
        raise LocalProtocolError("the id of an AudioSocket call is a UUID") from None


def _pack_silence(_event: events.Silence) -> tuple[Kind, bytes]:
    return Kind.SILENCE, b""


def _pack_dtmf(event: events.Dtmf) -> tuple[Kind, bytes]:
    digit = event.digit.encode()
    if len(digit) != 1 or digit[0] not in DIGITS:
        raise LocalProtocolError("a digit is one of 0-9, *, #, A-D")
    return Kind.DTMF, digit


def _pack_media(event: events.Media) -> tuple[Kind, bytes]:
    if not event.payload or len(event.payload) % 2:
        raise LocalProtocolError(f"audio is 1 sample or more of 2 bytes, got {len(event.payload)} bytes")
    return KINDS[event.media_format], event.payload


def _pack_error(event: events.Error) -> tuple[Kind, bytes]:
    if event.code is not None and not 0 <= event.code <= 255:
        raise LocalProtocolError(f"an error code is 0 to 255, got {event.code}")
    return Kind.ERROR, b"" if event.code is None else bytes([event.code])


#: What each event's frame is called, and what makes its kind and payload.
PACKERS: dict[type, tuple[str, Callable[[Any], tuple[Kind, bytes]]]] = {
    events.Hangup: ("hangup", _pack_hangup),
    events.Start: ("uuid", _pack_start),
    events.Silence: ("silence", _pack_silence),
    events.Dtmf: ("dtmf", _pack_dtmf),
    events.Media: ("audio", _pack_media),
    events.Error: ("error", _pack_error),
}
