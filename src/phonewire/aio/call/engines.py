"""The protocols by name: which engine speaks one, and how a call over it behaves."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

from phonewire.aio.call.audiohook_session import announce_session
from phonewire.aio.call.settings import CallSettings
from phonewire.aio.inbound.key_finder import check_key_finder
from phonewire.aio.outbound.settings import OutboundSettings, QueuePolicy, check_queue
from phonewire.aio.pacing import PTIME_MS
from phonewire.protocols import audiohook, twilio, voipbin
from phonewire.protocols.audiohook.offers import offers_of
from phonewire.protocols.connection import MediaConnection, MediaFormat, MessageRate, Side

__all__ = ["EXTERNAL_MEDIA", "PROTOCOLS", "announce", "call_settings", "make_engine", "protocol_of"]

T = TypeVar("T")

#: VoIPBIN's stream when VoIPBIN dials the program, for the flow action ``external_media_start``.
EXTERNAL_MEDIA = "voipbin-external-media"

#: What `connect` and `Endpoint` take as *protocol*.
PROTOCOLS = (*twilio.DIALECTS, "voipbin", EXTERNAL_MEDIA, *audiohook.DIALECTS)

# The last two parts before it are what the stream is of, and its id.
_VOIPBIN_PATH = re.compile(r"/(?:calls|conferences)/([^/]+)/media_stream/?")


def make_engine(
    protocol: str,
    side: Side,
    *,
    media_format: MediaFormat | None,
    message_bytes: int,
    url: str = "",
    call_id: str = "",
    wire: str = "auto",
    headers: Mapping[str, str] | None = None,
) -> MediaConnection:
    """Return a new engine of the protocol.

    Args:
        protocol: one of `PROTOCOLS`.
        side: which end it is.
        media_format: how audio is coded, where the wire does not tell.
        message_bytes: of one message; more ends the connection.
        url: names call and encapsulation (VoIPBIN); also a path with its query.
        call_id: of the call, where the path of *url* does not name it (VoIPBIN).
        wire: which reading of the protocol (VoIPBIN): one of ``voipbin.DIALECTS``.
        headers: of the handshake, which name session and organization (AudioHook).

    Raises:
        ValueError: there is no such protocol or reading; the message names those that there are.
    """
    if protocol in ("voipbin", EXTERNAL_MEDIA):
        return _make_voipbin(protocol, side, url, call_id, wire, message_bytes)
    if protocol in audiohook.DIALECTS:
        return _make_audiohook(side, protocol, headers or {}, media_format, message_bytes)
    if wire != "auto":
        raise ValueError(f"wire is for voipbin, got {wire!r} for {protocol}")
    return twilio.Connection(
        side,
        dialect=_named(protocol, twilio.DIALECTS, "protocol", PROTOCOLS),
        media_format=media_format or MediaFormat(),
        max_message_size=message_bytes,
    )


def _make_voipbin(
    protocol: str, side: Side, url: str, call_id: str, wire: str, message_bytes: int
) -> voipbin.Connection:
    # VoIPBIN itself carries nothing at all without an encapsulation; what it was asked for tells a program more.
    usual = ""
    if protocol == EXTERNAL_MEDIA:
        side = Side.CLIENT if side is Side.SERVER else Side.SERVER
        usual = voipbin.Encapsulation.AUDIOSOCKET  # it is asked for in the request of the call, not in the URL
    parts = urlsplit(url)
    found = _VOIPBIN_PATH.search(parts.path)
    return voipbin.Connection(
        side,
        dialect=_named(wire, voipbin.DIALECTS, "wire", voipbin.DIALECTS),
        encapsulation=parse_qs(parts.query).get("encapsulation", [usual])[0],
        call_id=found[1] if found else call_id,
        max_message_size=message_bytes,
        waits=protocol != EXTERNAL_MEDIA,
    )


def _make_audiohook(
    side: Side, protocol: str, headers: Mapping[str, str], media_format: MediaFormat | None, message_bytes: int
) -> audiohook.Connection:
    dialect = audiohook.DIALECTS[protocol]
    headers = {name.lower(): value for name, value in headers.items()}
    if side is Side.CLIENT:
        offers_of(dialect, media_format)  # what cannot be offered is told before there is a connection
    return audiohook.Connection(
        side,
        dialect=dialect,
        session_id=headers.get("audiohook-session-id"),
        organization_id=headers.get("audiohook-organization-id"),
        max_message_size=message_bytes,
    )


def _named(name: str, known: Mapping[str, T], what: str, names: Iterable[str]) -> T:
    try:
        return known[name]
    except KeyError:
        raise ValueError(f"{what} is one of {', '.join(names)}, got {name!r}") from None


def call_settings(
    protocol: str,
    engine: MediaConnection,
    side: Side,
    pace: str | None = None,
    *,
    queue_ms: int = 2000,
    queue_policy: QueuePolicy = "wait",
    no_media_s: float | None = None,
    listen_only: bool = False,
    dtmf_in_audio: bool = False,
    message_rate: MessageRate | None = None,
) -> CallSettings:
    """Return how a call over *engine* behaves; *pace* is ``"realtime"``, ``"none"``, or None for the protocol's own.

    Raises:
        ValueError: *pace* is something else, there is no such queue, or keys cannot be found in such audio.
    """
    if pace not in (None, "realtime", "none"):
        raise ValueError(f"pace is 'realtime' or 'none', got {pace!r}")
    check_queue(queue_ms, queue_policy)
    if dtmf_in_audio:
        check_key_finder(engine.media_format)
    spoken = engine.dialect
    return CallSettings(
        protocol=protocol,
        outbound=OutboundSettings(
            paced=spoken.paced if pace is None else pace == "realtime",
            # The platform buffers what a server sends; what a client sends is the phone's own microphone.
            queue_ms=queue_ms,
            queue_policy=queue_policy,
            lead_ms=spoken.lead_ms if side is Side.SERVER else 0,
            frame_size=spoken.piece_size or engine.media_format.size_of(PTIME_MS),
            pad=spoken.piece_size is None,
            continuous=spoken.continuous and engine.may_send_media and not listen_only,
            message_rate=(message_rate or spoken.message_rate) if side is Side.SERVER else None,
        ),
        listen_only=listen_only,
        dtmf_in_audio=dtmf_in_audio,
        lossless=not spoken.paced,
        spread=spoken.spread and engine.side is Side.SERVER,
        # A server runs ahead of real time where it counts on the phone platform's buffer; then this side is that.
        buffers=spoken.lead_ms > 0 and side is Side.CLIENT,
        no_media_s=no_media_s,
        peer_closes=spoken.client_closes and side is Side.SERVER,
    )


def announce(
    engine: MediaConnection, call_id: str | None, parameters: Mapping[str, str], media_format: MediaFormat | None = None
) -> None:
    """Queue what a client says first; ids that are not given are made. Does nothing where the URL says it all."""
    if isinstance(engine, audiohook.Connection):
        announce_session(engine, call_id, parameters, media_format)
    if not isinstance(engine, twilio.Connection):
        return
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
    path = urlsplit(url).path
    if "/daspeak-stream/" in path:
        return "das-peak"
    if _VOIPBIN_PATH.search(path):
        return "voipbin"
    if "audiohook" in path.split("/"):
        return "audiohook"
    raise ValueError(f"the URL does not tell its protocol: say protocol=, one of {', '.join(PROTOCOLS)}")
