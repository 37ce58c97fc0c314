"""Asterisk AudioSocket, both sides.

Transport: one TCP connection a call, a stream of frames: kind (1 byte), length (2 bytes, big-endian), payload. Asterisk
dials and is the client. VoIPBIN carries the same frames in WebSocket messages.

Messages: client to server ``uuid`` (0x01, first of all), ``silence`` (0x02), ``dtmf`` (0x03), ``audio`` (0x10 to
0x18), ``error`` (0xff), ``hangup`` (0x00); server to client ``audio`` and ``hangup``: Asterisk ends the call on
anything else. To close the connection means the same as ``hangup``.

Media: signed 16-bit little-endian samples, mono, at the rate that the kind names. Asterisk sends 20 ms a frame, and
plays each frame that it gets as one: 20 ms are to be sent every 20 ms, silence too, from the UUID on, because a far end
that waits for Asterisk to speak first can wait for ever.

::

    OPENING ──uuid──> OPEN ──hangup──> CLOSING ──eof──> CLOSED
       │                │                 ^                ^
       ├──close─────────┴──close──────────┘                │
       └──eof, failure──┴──eof, failure────────────────────┘

Specification: https://docs.asterisk.org/Configuration/Channel-Drivers/AudioSocket/ and ``res_audiosocket.c`` of
Asterisk; both read 2026-11.

Deviations: a frame that is not understood, or not meant for this side, is skipped and counted where Asterisk hangs up;
a first frame that is no UUID ends the connection;
``silence`` is a constant of the Go library that Asterisk never sends. A stream has one rate, which its user knows from
the dialplan; audio of another kind is skipped. Open points: whether releases that send the kinds above 0x10 change the
rate in mid-call.
"""

from phonewire.protocols.audiosocket.connection import ASTERISK, DIALECTS, SPEC, Connection
from phonewire.protocols.audiosocket.events import Error, ErrorCode, Event, Hangup, Silence, Start
from phonewire.protocols.audiosocket.frames import (
    FORMATS,
    HEADER_SIZE,
    MAX_FRAME_SIZE,
    FrameReader,
    Kind,
    pack_frame,
)
from phonewire.protocols.connection import (
    Dialect,
    Dtmf,
    Ended,
    EndReason,
    Media,
    MediaFormat,
    Rejected,
    RejectReason,
    Side,
    State,
)

__all__ = [
    "ASTERISK",
    "DIALECTS",
    "FORMATS",
    "HEADER_SIZE",
    "MAX_FRAME_SIZE",
    "SPEC",
    "Connection",
    "Dialect",
    "Dtmf",
    "EndReason",
    "Ended",
    "Error",
    "ErrorCode",
    "Event",
    "FrameReader",
    "Hangup",
    "Kind",
    "Media",
    "MediaFormat",
    "RejectReason",
    "Rejected",
    "Side",
    "Silence",
    "Start",
    "State",
    "pack_frame",
]
