"""The protocols by name: which engine speaks one, and how a call over it behaves."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from urllib.parse import urlsplit

from phonewire.aio.call import CallSettings
from phonewire.aio.outbound import OutboundSettings, QueuePolicy
from phonewire.aio.pacing import PTIME_MS
from phonewire.protocols import twilio
from phonewire.protocols.connection import MediaConnection, MediaFormat, Side

__all__ = ["PROTOCOLS", "announce", "call_settings", "make_engine", "protocol_of"]

#: What `Endpoint` and `connect` take as *protocol*.
PROTOCOLS = tuple(twilio.DIALECTS)


def dialect(protocol: str) -> twilio.Dialect:
    """Return the dialect of that name.

    Raises:
        ValueError: there is none; the message names those that there are.
    """
    try:
        return twilio.DIALECTS[protocol]
    except KeyError:
        raise ValueError(f"protocol is one of {', '.join(PROTOCOLS)}, got {protocol!r}") from None


def make_engine(
    protocol: str, side: Side, *, media_format: MediaFormat | None, message_bytes: int
) -> twilio.Connection:
    """Return a new engine of the protocol."""
    return twilio.Connection(
        side,
        dialect=dialect(protocol),
        media_format=media_format or MediaFormat(),
        max_message_size=message_bytes,
    )


def call_settings(
    protocol: str,
    engine: MediaConnection,
    side: Side,
    pace: str | None = None,
    *,
    queue_ms: int = 2000,
    queue_policy: QueuePolicy = "wait",
    no_media_s: float | None = None,
) -> CallSettings:
    """Return how a call over *engine* behaves; *pace* is ``"realtime"``, ``"none"``, or None for the protocol's own.

    Raises:
        ValueError: *pace* is something else.
    """
    if pace not in (None, "realtime", "none"):
        raise ValueError(f"pace is 'realtime' or 'none', got {pace!r}")
    spoken = engine.dialect
    return CallSettings(
        protocol=protocol,
        outbound=OutboundSettings(
            paced=spoken.paced if pace is None else pace == "realtime",
            # The platform buffers what a server sends; what a client sends is the phone's own microphone.
            queue_ms=queue_ms,
            queue_policy=queue_policy,
            lead_ms=spoken.lead_ms if side is Side.SERVER else 0,
            frame_size=spoken.piece_size or engine.media_format.bytes_per_ms * PTIME_MS,
            pad=spoken.piece_size is None,
            continuous=spoken.continuous,
        ),
        lossless=not spoken.paced,
        no_media_s=no_media_s,
    )


def announce(engine: twilio.Connection, call_id: str | None, parameters: Mapping[str, str]) -> None:
    """Queue what a client says first; ids that are not given are made."""
    if "connected" in engine.dialect.client_sends:
        engine.send(twilio.Connected())
    engine.send(
        twilio.Start(
            call_sid=call_id or "CA" + secrets.token_hex(16),
            stream_sid="MZ" + secrets.token_hex(16),
            account_sid="AC" + secrets.token_hex(16),
            tracks=("inbound",),
            parameters=dict(parameters),
        )
    )


def protocol_of(url: str) -> str:
    """Return the protocol that the path of *url* belongs to.

    Raises:
        ValueError: the path is not one of a platform.
    """
    if "/daspeak-stream/" in urlsplit(url).path:
        return "das-peak"
    raise ValueError(f"the URL does not tell its protocol: say protocol=, one of {', '.join(PROTOCOLS)}")
