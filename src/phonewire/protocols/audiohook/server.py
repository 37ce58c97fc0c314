"""What a server does about each message of its client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from phonewire.protocols.audiohook import events as ev
from phonewire.protocols.audiohook.offers import choose
from phonewire.protocols.audiohook.parse import Envelope, parse_offers
from phonewire.protocols.audiohook.session import Session
from phonewire.protocols.audiohook.violation import Violation, or_violation
from phonewire.protocols.connection import EndReason, RejectReason, Skip

__all__ = ["ANSWERS"]

# How the session ended, by what the client says that it closes for; another reason is an error of the client's.
_REASONS = {"end": EndReason.STOPPED, "reconnect": EndReason.STOPPED, "disconnect": EndReason.CLOSED}


def _opens(session: Session, event: ev.Open, envelope: Envelope, _now_ns: int) -> list[ev.Event]:
    if session.opened_with is not None:
        raise Violation(409, RejectReason.OUT_OF_ORDER, "a second open")
    session.session_id = envelope.id
    if not _is_who_dialled(session, event):
        return _turn_away(session, "unauthorized", RejectReason.WRONG_STREAM, "open is not as the handshake said")
    if event.is_probe:
        _say_opened(session, event, [])
        return []  # it is no call: it is answered, and nobody hears of it
    place = choose(event.media, session.channels)
    if place is None:
        return _turn_away(session, "error", RejectReason.WRONG_FORMAT, "none of the offered media is known here")
    # As it was offered, with what is not known here.
    offer = or_violation(parse_offers, bytes(envelope.parameters))[place]
    session.carry(event.media[place])
    _say_opened(session, event, [offer])
    return [event]


def _is_who_dialled(session: Session, event: ev.Open) -> bool:
    return session.expected_session_id in (None, session.session_id) and session.expected_organization_id in (
        None,
        event.organization_id,
    )


def _say_opened(session: Session, event: ev.Open, media: list[Any]) -> None:
    session.opened_with = event
    languages = {"supportedLanguages": session.supported_languages} if event.supported_languages else {}
    session.say("opened", {"media": media, "startPaused": False} | languages)


def _turn_away(session: Session, reason: str, why: RejectReason, detail: str) -> list[ev.Event]:
    session.end_reason = EndReason.FAILED
    session.say("disconnect", {"reason": reason, "info": detail})
    return [session.skipped(Skip(why, detail))]


def _pings(session: Session, event: ev.Ping, _envelope: Envelope, _now_ns: int) -> list[ev.Event]:
    if session.opened_with is None:
        raise Violation(409, RejectReason.OUT_OF_ORDER, "ping before open")
    session.say("pong", {})
    if event.rtt_us is not None:
        session.keepalive.rtt_us = event.rtt_us
    return [event]


def _updates(session: Session, event: ev.Update, _envelope: Envelope, _now_ns: int) -> list[ev.Event]:
    session.say("updated", {})
    return [event]


def _pauses(session: Session, event: ev.Paused, _envelope: Envelope, _now_ns: int) -> list[ev.Event]:
    session.paused = True
    return [event]


def _resumes(session: Session, event: ev.Resumed, envelope: Envelope, now_ns: int) -> list[ev.Event]:
    session.paused = False
    return _leaves_out(session, event, envelope, now_ns)


def _leaves_out(
    session: Session, event: ev.Resumed | ev.Discarded, _envelope: Envelope, _now_ns: int
) -> list[ev.Event]:
    session.position.left_out(event.discarded_us)
    return [event]


def _closes(session: Session, event: ev.Close, _envelope: Envelope, _now_ns: int) -> list[ev.Event]:
    session.say("closed", {})
    is_call = session.opened_with is not None and not session.opened_with.is_probe
    return [*([event] if is_call else []), *session.end(_REASONS.get(event.reason, EndReason.REFUSED))]


#: By the type of the event; what is not here is just an event.
ANSWERS: dict[type, Callable[[Session, Any, Envelope, int], list[ev.Event]]] = {
    ev.Open: _opens,
    ev.Ping: _pings,
    ev.Update: _updates,
    ev.Paused: _pauses,
    ev.Resumed: _resumes,
    ev.Discarded: _leaves_out,
    ev.Close: _closes,
}
