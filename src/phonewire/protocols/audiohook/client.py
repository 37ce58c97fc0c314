"""What a client, which is Genesys, does about each message of its server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from phonewire.protocols.audiohook import events as ev
from phonewire.protocols.audiohook.duration import Microseconds
from phonewire.protocols.audiohook.parse import Envelope
from phonewire.protocols.audiohook.session import Session
from phonewire.protocols.audiohook.violation import Violation
from phonewire.protocols.connection import EndReason, RejectReason

__all__ = ["ANSWERS", "leave_out"]


def _opened(session: Session, event: ev.Opened, _envelope: Envelope, now_ns: int) -> list[ev.Event]:
    offered = session.opened_with.media if session.opened_with is not None else ()
    if len(event.media) > 1 or not set(event.media) <= set(offered):
        raise Violation(415, RejectReason.WRONG_FORMAT, "opened has not one of the media that were offered")
    if event.media:
        session.carry(event.media[0])
    else:
        session.may_send_media = False
    session.paused = event.start_paused
    session.paused_ns = now_ns if event.start_paused else None
    session.deadline_ns = None
    session.keepalive.opened(now_ns)
    return [event]


def _answers_ping(session: Session, event: ev.Pong, envelope: Envelope, now_ns: int) -> list[ev.Event]:
    if (envelope.clientseq or 0) < session.pinged or not session.keepalive.answered(now_ns):
        raise Violation(409, RejectReason.OUT_OF_ORDER, "a pong to no ping")
    return [event]


def _pauses(session: Session, event: ev.Pause, _envelope: Envelope, now_ns: int) -> list[ev.Event]:
    if not session.paused:
        session.paused, session.paused_ns = True, now_ns
    session.say("paused", {})
    return [event]


def _resumes(session: Session, event: ev.Resume, _envelope: Envelope, now_ns: int) -> list[ev.Event]:
    if session.paused and session.paused_ns is None:
        session.say("paused", {})  # whoever paused it himself goes on himself
    elif session.paused_ns is not None:
        passed_us = (now_ns - session.paused_ns) // 1000
        session.paused, session.paused_ns = False, None
        leave_out(session, "resumed", passed_us)
    return [event]


def leave_out(session: Session, kind: str, us: int) -> None:
    """Say that audio does not come, in whole samples; *kind* is ``resumed`` or ``discarded``."""
    start_us = session.position.us
    session.position.left_out(us)
    left_out_us = session.position.us - start_us
    session.say(kind, {"start": Microseconds(start_us), "discarded": Microseconds(left_out_us)})


def _disconnects(session: Session, event: ev.Disconnect, _envelope: Envelope, _now_ns: int) -> list[ev.Event]:
    session.end_reason = EndReason.COMPLETED if event.reason == "completed" else EndReason.REFUSED
    session.say("close", {"reason": "disconnect"})
    return [event]


def _closed(session: Session, event: ev.Closed, _envelope: Envelope, _now_ns: int) -> list[ev.Event]:
    return [event, *session.end(EndReason.CLOSED)]


#: By the type of the event; what is not here is just an event.
ANSWERS: dict[type, Callable[[Session, Any, Envelope, int], list[ev.Event]]] = {
    ev.Opened: _opened,
    ev.Pong: _answers_ping,
    ev.Pause: _pauses,
    ev.Resume: _resumes,
    ev.Disconnect: _disconnects,
    ev.Closed: _closed,
}
