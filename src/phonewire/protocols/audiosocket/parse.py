"""Frames to events, one small function a kind."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from phonewire.protocols.audiosocket import events
from phonewire.protocols.audiosocket.frames import FORMATS, Kind
from phonewire.protocols.connection import RejectReason, Skip

__all__ = ["DIGITS", "PARSERS"]

DIGITS = frozenset(b"0123456789*#ABCD")


def _parse_hangup(_kind: int, _payload: bytes) -> events.Hangup:
    return events.Hangup()


def _parse_uuid(_kind: int, payload: bytes) -> events.Start:
    if len(payload) != 16:
        raise Skip(RejectReason.BAD_LENGTH, f"a UUID has 16 bytes, got {len(payload)}")
    return events.Start(str(UUID(bytes=payload)))


def _parse_silence(_kind: int, _payload: bytes) -> events.Silence:
    return events.Silence()


def _parse_dtmf(_kind: int, payload: bytes) -> events.Dtmf:
    if len(payload) != 1:
        raise Skip(RejectReason.BAD_LENGTH, f"a digit has 1 byte, got {len(payload)}")
    if payload[0] not in DIGITS:
        raise Skip(RejectReason.BAD_FIELD, "the digit is not one of 0-9, *, #, A-D")
    return events.Dtmf(payload.decode("ascii"))


def _parse_audio(kind: int, payload: bytes) -> events.Media:
    if not payload:
        raise Skip(RejectReason.EMPTY_PAYLOAD, "a frame of audio is empty")
    if len(payload) % 2:
        raise Skip(RejectReason.BAD_LENGTH, f"audio has {len(payload)} bytes, not a multiple of 2")
    return events.Media(payload, media_format=FORMATS[Kind(kind)])


def _parse_error(_kind: int, payload: bytes) -> events.Error:
    if len(payload) > 1:
        raise Skip(RejectReason.BAD_LENGTH, f"an error code has at most 1 byte, got {len(payload)}")
    return events.Error(payload[0] if payload else None)


#: What each kind is called, and what makes an event of it.
PARSERS: dict[int, tuple[str, Callable[[int, bytes], events.Event]]] = {
    Kind.HANGUP: ("hangup", _parse_hangup),
    Kind.UUID: ("uuid", _parse_uuid),
    Kind.SILENCE: ("silence", _parse_silence),
    Kind.DTMF: ("dtmf", _parse_dtmf),
    **dict.fromkeys(FORMATS, ("audio", _parse_audio)),
    Kind.ERROR: ("error", _parse_error),
}
