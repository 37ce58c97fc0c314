"""Messages to events: what the types alone do not say is checked here."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from phonewire import b64
from phonewire._typing import Encoding
from phonewire.errors import InvalidBase64Error
from phonewire.protocols.connection import MediaFormat, RejectReason
from phonewire.protocols.twilio import events, wire
from phonewire.protocols.twilio.dialects import Dialect

__all__ = ["FORMAT_NAMES", "PARSERS"]

# Twilio's ids have 34 characters, das-Peak's are UUIDs. No slash and no dot in front: an id may become a file name.
_SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+=-]{0,127}")

_DIGITS = frozenset("0123456789*#ABCD")

#: What ``start.mediaFormat.encoding`` calls each encoding.
FORMAT_NAMES: dict[Encoding, str] = {
    "ulaw": "audio/x-mulaw",
    "alaw": "audio/x-alaw",
    "s16le": "audio/x-l16",
    "s16be": "audio/l16",
}


def _parse_connected(message: wire.ConnectedMessage, _dialect: Dialect, _format: MediaFormat) -> events.Connected:
    return events.Connected(message.protocol, message.version)


def _parse_start(message: wire.StartMessage, dialect: Dialect, media_format: MediaFormat) -> events.Start:
    body = message.start
    if body.stream_sid is None:
        body.stream_sid = message.stream_sid
    elif message.stream_sid not in (None, body.stream_sid):
        raise wire.Skip(RejectReason.BAD_FIELD, "streamSid and start.streamSid differ")
    if "streamSid" in dialect.required and body.stream_sid is None:
        raise wire.Skip(RejectReason.BAD_FIELD, "start.streamSid is missing")
    _check_id("start.callSid", body.call_sid)
    _check_id("start.streamSid", body.stream_sid)
    _check_id("start.accountSid", body.account_sid)
    _check_format(body.media_format, media_format)
    return events.Start(
        body.call_sid, body.stream_sid, body.account_sid, body.tracks, media_format, body.custom_parameters or {}
    )


def _check_id(name: str, text: str | None) -> None:
    if text is not None and not _SAFE_ID.fullmatch(text):
        raise wire.Skip(RejectReason.BAD_FIELD, f"{name}: not an id of 1 to 128 safe characters")


def _check_format(said: wire.FormatBody | None, ours: MediaFormat) -> None:
    """Refuse a stream that says that its audio is other than the endpoint takes it for: it would be noise."""
    if said is None:
        return
    encoding = None if said.encoding is None else said.encoding.lower()
    if encoding not in (None, FORMAT_NAMES[ours.encoding]):
        raise wire.Skip(RejectReason.BAD_FIELD, f"start.mediaFormat.encoding is not {FORMAT_NAMES[ours.encoding]}")
    if said.sample_rate not in (None, ours.sample_rate_hz):
        raise wire.Skip(RejectReason.BAD_FIELD, f"start.mediaFormat.sampleRate is not {ours.sample_rate_hz}")
    if said.channels not in (None, ours.channels):
        raise wire.Skip(RejectReason.BAD_FIELD, f"start.mediaFormat.channels is not {ours.channels}")


def _parse_media(message: wire.MediaMessage, _dialect: Dialect, media_format: MediaFormat) -> events.Media:
    body = message.media
    try:
        payload = b64.decode(body.payload)
    except InvalidBase64Error as error:
        raise wire.Skip(RejectReason.BAD_BASE64, f"media.payload is not base64 at offset {error.offset}") from None
    if not payload:
        raise wire.Skip(RejectReason.EMPTY_PAYLOAD, "media.payload is empty")
    # The cheap question first: only an odd length can break a sample of 16 bits.
    if len(payload) % 2 and media_format.group_bytes == 2:
        detail = f"media.payload has {len(payload)} bytes, not a multiple of 2"
        raise wire.Skip(RejectReason.BAD_LENGTH, detail)
    return events.Media(
        payload,
        body.track,
        body.timestamp,
        media_format,
        chunk=body.chunk,
        message_sequence=message.message_sequence,
    )


def _parse_dtmf(message: wire.DtmfMessage, _dialect: Dialect, _format: MediaFormat) -> events.Dtmf:
    if message.dtmf.digit not in _DIGITS:
        raise wire.Skip(RejectReason.BAD_FIELD, "dtmf.digit is not one of 0-9, *, #, A-D")
    return events.Dtmf(message.dtmf.digit)


def _parse_mark(message: wire.MarkMessage, _dialect: Dialect, _format: MediaFormat) -> events.Mark:
    if not message.mark.name:
        raise wire.Skip(RejectReason.BAD_FIELD, "mark.name is empty")
    return events.Mark(message.mark.name)


def _parse_clear(_message: wire.ClearMessage, _dialect: Dialect, _format: MediaFormat) -> events.Clear:
    return events.Clear()


def _parse_stop(message: wire.StopMessage, _dialect: Dialect, _format: MediaFormat) -> events.Stop:
    body = message.stop or wire.StopBody()
    _check_id("stop.accountSid", body.account_sid)
    _check_id("stop.callSid", body.call_sid)
    return events.Stop(body.account_sid, body.call_sid)


#: The kind of each message, and what makes an event of it.
PARSERS: dict[type, tuple[str, Callable[[Any, Dialect, MediaFormat], events.Event]]] = {
    wire.ConnectedMessage: ("connected", _parse_connected),
    wire.StartMessage: ("start", _parse_start),
    wire.MediaMessage: ("media", _parse_media),
    wire.DtmfMessage: ("dtmf", _parse_dtmf),
    wire.MarkMessage: ("mark", _parse_mark),
    wire.ClearMessage: ("clear", _parse_clear),
    wire.StopMessage: ("stop", _parse_stop),
}
