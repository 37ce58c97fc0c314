"""VoIPBIN media streams of calls and conferences, both sides.

Transport: one WebSocket a stream, binary messages. The client dials; the URL names the call or conference and asks for
an encapsulation. With the flow action ``external_media_start`` VoIPBIN dials the program: the same messages, and the
roles are the same.

Messages: audio both ways, and nothing else. ``rtp``: one RTP packet a message. ``sln``: nothing but audio.
``audiosocket``: AudioSocket frames of kind 0x10, one a message from the server; from the client cut anywhere, where a
frame of kind 0x00 hangs up. Keys are not forwarded.

Media: 20 ms a message at 8 kHz, mono: 160 µ-law codewords or 320 bytes of signed 16-bit little-endian samples. Which of
them, and which RTP payload type, is told differently by the tutorial, by the documents and by the source of the
deployed service: `DIALECTS` has each, and ``auto``, which judges message by message and answers in kind.

::

    OPENING ──up, or first message──> OPEN ──hangup──> CLOSING ──eof──> CLOSED
       │                               │                 ^                ^
       ├──close, hangup────────────────┴──close──────────┘                │
       └──eof, failure─────────────────┴──eof, failure────────────────────┘

Specification: https://github.com/voipbin/monorepo: ``mediastream_overview.rst`` and ``mediastream_tutorial.rst``; its
``streamhandler`` and Asterisk's ``res_audiosocket.c`` say what is deployed. All read 2026-11.

Deviations: a message of another form than was asked for is understood by ``auto`` where it can be, and counted as a
`Slip`; the other dialects skip it. A client whose header is missing is still answered with one. A connection that
vanishes after audio has come is a normal end to a client: VoIPBIN closes no other way. Text is rejected where VoIPBIN
ignores it. Open points: which coding the deployed service sends (``deployed`` follows its source: µ-law to the client,
linear from it); whether its timestamps, which count bytes, will stay so.
"""

from phonewire.protocols.connection import (
    Ended,
    EndReason,
    Media,
    MediaFormat,
    Rejected,
    RejectReason,
    RtpMedia,
    Side,
    State,
)
from phonewire.protocols.voipbin.connection import MAX_MESSAGE_SIZE, SPEC, Connection
from phonewire.protocols.voipbin.dialects import (
    AUTO,
    DEPLOYED,
    DIALECTS,
    DOCUMENTED,
    TUTORIAL,
    Dialect,
    Encapsulation,
)
from phonewire.protocols.voipbin.events import Detected, Event, Slip, Tolerated

__all__ = [
    "AUTO",
    "DEPLOYED",
    "DIALECTS",
    "DOCUMENTED",
    "MAX_MESSAGE_SIZE",
    "SPEC",
    "TUTORIAL",
    "Connection",
    "Detected",
    "Dialect",
    "Encapsulation",
    "EndReason",
    "Ended",
    "Event",
    "Media",
    "MediaFormat",
    "RejectReason",
    "Rejected",
    "RtpMedia",
    "Side",
    "Slip",
    "State",
    "Tolerated",
]
