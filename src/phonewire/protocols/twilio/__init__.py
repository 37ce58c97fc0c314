"""Twilio Media Streams and its dialects, both sides.

Transport: one WebSocket a stream, text messages, one JSON object each. Twilio dials and is the client; das-Peak's
consumer is the server of a sender that dials.

Messages: client to server ``connected``, ``start``, ``media``, ``dtmf``, ``mark``, ``stop``; server to client, on
two-way streams, ``media``, ``mark``, ``clear``. A ``mark`` comes back when what was queued before it has been played,
or at once when a ``clear`` emptied the queue.

Media: strict base64 of headerless audio, µ-law 8 kHz mono; das-Peak's audio is what its settings say. Twilio sends
20 ms (160 bytes) a message, das-Peak's sender 768 bytes; nothing here depends on either.

::

    OPENING ──start──> OPEN ──stop──> CLOSING ──eof──> CLOSED
       │                │                ^                ^
       ├──close─────────┴──close─────────┘                │
       └──eof, failure──┴──eof, failure───────────────────┘

Specification: https://www.twilio.com/docs/voice/media-streams/websocket-messages and das-Peak Streaming, "Other
Platforms"; both read 2026-11.

Deviations: numbers are read from strings and from numbers, and ignored when they are neither; ``connected``, ``stop``
and what a dialect does not know are never required; ids are at most 128 characters of a safe alphabet, whatever their
vendor's form; once we said goodbye, what still comes in is ignored. Open points: whether ``chunk`` counts by track
when both are sent (here it does); which close code das-Peak uses (any close after the first media is success).
"""

from phonewire.protocols.connection import Ended, EndReason, MediaFormat, Rejected, RejectReason, Side, State
from phonewire.protocols.twilio.connection import Connection
from phonewire.protocols.twilio.dialects import (
    DAS_PEAK,
    DIALECTS,
    MAX_MESSAGE_SIZE,
    SPEC,
    TWILIO,
    TWILIO_ONE_WAY,
    Dialect,
)
from phonewire.protocols.twilio.events import Clear, Connected, Dtmf, Event, Mark, Media, Start, Stop

__all__ = [
    "DAS_PEAK",
    "DIALECTS",
    "MAX_MESSAGE_SIZE",
    "SPEC",
    "TWILIO",
    "TWILIO_ONE_WAY",
    "Clear",
    "Connected",
    "Connection",
    "Dialect",
    "Dtmf",
    "EndReason",
    "Ended",
    "Event",
    "Mark",
    "Media",
    "MediaFormat",
    "RejectReason",
    "Rejected",
    "Side",
    "Start",
    "State",
    "Stop",
]
