"""What Twilio's debugger says of a stream, by number.

Whether a stream also ends with an error of its messages is not documented; here it goes on.

Source: Twilio, ``docs/api/errors``, pages 31901 to 31951; read 2026-11.
"""

from __future__ import annotations

import ssl
from enum import IntEnum

import msgspec
from websockets.exceptions import InvalidHandshake
from websockets.protocol import Protocol

from phonewire.protocols import twilio
from phonewire.protocols.connection import Rejected, RejectReason

__all__ = ["TwilioError", "has_only_what_it_may", "of_end", "of_handshake", "of_rejection"]


class TwilioError(IntEnum):
    """An error or a warning, of which each comes once in a stream."""

    CONNECTION_TIMEOUT = 31901  # nothing answers
    CONNECTION_REFUSED = 31902
    CONNECTION_BROKEN = 31903  # the connection ended without a goodbye
    TLS = 31910
    HANDSHAKE = 31920  # another answer than 101
    CLOSED = 31921  # the server said goodbye, also when that was meant
    PROTOCOL = 31924  # not WebSocket, or anything at all on a one-way stream
    BUFFER_OVERFLOW = 31930  # warning: the server does not take the call's audio, which is discarded
    PLAYOUT_OVERFLOW = 31931  # warning: over 10 minutes wait to be played, and the rest is discarded
    MALFORMED_MESSAGE = 31950  # warning: a binary message
    INVALID_MESSAGE = 31951  # warning: not JSON, no media, mark or clear, or not with its fields


def of_handshake(error: Exception) -> TwilioError:
    """Return what it is that there was no connection."""
    if isinstance(error, InvalidHandshake):
        return TwilioError.HANDSHAKE
    if isinstance(error, ssl.SSLError):
        return TwilioError.TLS
    refused = isinstance(error, ConnectionRefusedError)
    return TwilioError.CONNECTION_REFUSED if refused else TwilioError.CONNECTION_TIMEOUT


def of_rejection(rejected: Rejected, dialect: twilio.Dialect) -> TwilioError:
    """Return what a message is that Twilio does not take."""
    if not dialect.server_sends:
        return TwilioError.PROTOCOL
    binary = rejected.reason is RejectReason.WRONG_MESSAGE_TYPE
    return TwilioError.MALFORMED_MESSAGE if binary else TwilioError.INVALID_MESSAGE


# What Twilio closes with when the server breaks RFC 6455, sends text that is not UTF-8, or a message that is too long.
_CUT_OFF = {1002, 1007, 1009}


def of_end(protocol: Protocol, *, we_left: bool) -> TwilioError | None:
    """Return what the end of a connection is; None when Twilio hung up."""
    sent = protocol.close_sent
    if sent is not None and sent.code in _CUT_OFF and not protocol.close_rcvd_then_sent:
        return TwilioError.PROTOCOL
    if we_left:
        return None
    return TwilioError.CONNECTION_BROKEN if protocol.close_rcvd is None else TwilioError.CLOSED


class _Message(msgspec.Struct, tag_field="event", forbid_unknown_fields=True, rename="camel"):
    stream_sid: str


class _Payload(msgspec.Struct, forbid_unknown_fields=True):
    payload: str


class _Name(msgspec.Struct, forbid_unknown_fields=True):
    name: str


class _Media(_Message, tag="media"):
    media: _Payload


class _Mark(_Message, tag="mark"):
    mark: _Name


class _Clear(_Message, tag="clear"):
    pass


_decode = msgspec.json.Decoder(_Media | _Mark | _Clear).decode


def has_only_what_it_may(message: bytes) -> bool:
    """Say whether a message has its fields and no others; Twilio hears one with others all the same."""
    try:
        _decode(message)
    except msgspec.MsgspecError:
        return False
    return True
