"""Genesys Cloud AudioHook, both sides: Monitor, which listens to a call, and Audio Connector, which speaks with it.

Transport: one WebSocket a session, text messages with one JSON object each, and binary messages. Genesys dials and is
the client. The server never closes the WebSocket first.

Messages: client to server ``open``, ``ping``, ``discarded``, ``paused``, ``resumed``, ``update``, ``error``, ``close``,
and from an Audio Connector ``dtmf``, ``playback_started``, ``playback_completed``; server to client ``opened``,
``pong``, ``event``, ``pause``, ``resume``, ``reconnect``, ``updated``, ``disconnect``, ``closed``. Each side numbers
its messages from 1 and says how many of the other's it has heard.

Media: binary messages of raw audio, µ-law or signed 16-bit little-endian samples, 8 kHz; of Monitor with the customer
(``external``) and the agent (``internal``) in turn, sample by sample, or one of them; to an Audio Connector one voice.

::

    OPENING ──opened──> OPEN ──close, disconnect──> CLOSING ──eof──> CLOSED
       │                  │                            ^                ^
       ├──close, disconnect────────────────────────────┘                │
       └──eof, failure────┴──eof, failure───────────────────────────────┘

Specification: https://github.com/purecloudlabs/audiohook-reference-implementation and Genesys' "AudioHook Protocol
Reference", both read 2026-11.

Deviations: messages of a type that is not known, and parameters that are not, are skipped; audio that is empty or no
whole number of samples is skipped, too. All else that breaks the protocol ends the session with the goodbye that the
protocol has for it. ``updated`` is sent, as the documents have it; the reference server sends none. Open points:
whether the count of messages heard may go back (it may); whether production offers L16 (the documents have PCMU only).
"""

from phonewire.protocols.audiohook.connection import Connection
from phonewire.protocols.audiohook.dialects import (
    CONNECTOR,
    DIALECTS,
    MAX_AUDIO_SIZE,
    MAX_MESSAGE_SIZE,
    MONITOR,
    SPEC,
    Dialect,
)
from phonewire.protocols.audiohook.events import (
    NIL_UUID,
    BargeIn,
    BotTurnResponse,
    Close,
    Closed,
    ContinuedSession,
    Discarded,
    Disconnect,
    Dtmf,
    Error,
    Event,
    Media,
    MediaOffer,
    Microseconds,
    Notice,
    Open,
    Opened,
    OtherEntity,
    Participant,
    Pause,
    Paused,
    Ping,
    PlaybackCompleted,
    PlaybackStarted,
    Pong,
    Reconnect,
    Resume,
    Resumed,
    Transcript,
    Update,
    Updated,
)
from phonewire.protocols.connection import Ended, EndReason, MediaFormat, Rejected, RejectReason, Side, State

__all__ = [
    "CONNECTOR",
    "DIALECTS",
    "MAX_AUDIO_SIZE",
    "MAX_MESSAGE_SIZE",
    "MONITOR",
    "NIL_UUID",
    "SPEC",
    "BargeIn",
    "BotTurnResponse",
    "Close",
    "Closed",
    "Connection",
    "ContinuedSession",
    "Dialect",
    "Discarded",
    "Disconnect",
    "Dtmf",
    "EndReason",
    "Ended",
    "Error",
    "Event",
    "Media",
    "MediaFormat",
    "MediaOffer",
    "Microseconds",
    "Notice",
    "Open",
    "Opened",
    "OtherEntity",
    "Participant",
    "Pause",
    "Paused",
    "Ping",
    "PlaybackCompleted",
    "PlaybackStarted",
    "Pong",
    "Reconnect",
    "RejectReason",
    "Rejected",
    "Resume",
    "Resumed",
    "Side",
    "State",
    "Transcript",
    "Update",
    "Updated",
]
