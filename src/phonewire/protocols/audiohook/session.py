"""What both sides of a session have in common: its state, the numbers of its messages, and how it ends."""

from __future__ import annotations

from collections import Counter
from typing import Any

from phonewire.errors import LocalProtocolError
from phonewire.protocols.audiohook import events as ev
from phonewire.protocols.audiohook.dialects import VERSION, Dialect
from phonewire.protocols.audiohook.duration import duration
from phonewire.protocols.audiohook.keepalive import Keepalive
from phonewire.protocols.audiohook.offers import encoding_of
from phonewire.protocols.audiohook.pack import pack_message
from phonewire.protocols.audiohook.parse import Envelope
from phonewire.protocols.audiohook.position import Position
from phonewire.protocols.audiohook.violation import Violation
from phonewire.protocols.connection import Ended, EndReason, MediaFormat, Rejected, RejectReason, Side, Skip, State
from phonewire.protocols.payload import encoder

__all__ = ["CALLER_SENDS", "CLIENT_SENDS", "SERVER_SENDS", "Session"]

#: The types that each side sends; a caller of an Audio Connector more than one of a Monitor.
CLIENT_SENDS = frozenset({"open", "ping", "close", "discarded", "paused", "resumed", "error", "update"})
CALLER_SENDS = frozenset({"dtmf", "playback_started", "playback_completed"})
SERVER_SENDS = frozenset({"opened", "pong", "closed", "disconnect", "event", "pause", "resume", "reconnect", "updated"})

# The whole state machine, the same for both sides: what moves a session is that a kind of message came or went, that
# the connection ended, or that it failed. What is not here is out of order.
_END = {"eof": State.CLOSED, "failure": State.CLOSED}
_GOODBYE = {"disconnect": State.CLOSING, "close": State.CLOSING}
_ONCE = frozenset({"open", "opened", "closed"})
_TRANSITIONS: dict[State, dict[str, State]] = {
    # A probe is answered with `opened`, too, and stays where it is: it never becomes a call.
    State.OPENING: {
        **dict.fromkeys(("open", "probe", "ping", "pong", "error"), State.OPENING),
        "opened": State.OPEN,
        **_GOODBYE,
        **_END,
    },
    State.OPEN: {
        **dict.fromkeys((CLIENT_SENDS | CALLER_SENDS | SERVER_SENDS | {"media"}) - _ONCE, State.OPEN),
        **_GOODBYE,
        **_END,
    },
    State.CLOSING: {"close": State.CLOSING, "closed": State.CLOSING, **_END},
    State.CLOSED: dict.fromkeys(_END, State.CLOSED),
}


class Session:
    """The part of a connection that its answers to messages work on; see `Connection` for what is public."""

    def __init__(
        self,
        side: Side,
        dialect: Dialect,
        session_id: str | None,
        organization_id: str | None,
        channels: tuple[tuple[str, ...], ...] | None,
        supported_languages: tuple[str, ...],
    ) -> None:
        self.side = side
        self.dialect = dialect
        self.session_id = session_id or ev.NIL_UUID
        self.expected_session_id = session_id if side is Side.SERVER else None
        self.expected_organization_id = organization_id
        self.channels = channels
        self.supported_languages = supported_languages
        self.opened_with: ev.Open | None = None
        self.media_format = self.inbound_format = MediaFormat()
        self.encode = encoder(self.media_format.encoding)
        self.tracks: tuple[str | None, ...] = (None,)
        self.position = Position()
        self.paused = False
        self.paused_ns: int | None = None
        self.keepalive = Keepalive()
        self.deadline_ns: int | None = None
        self.rejected: Counter[RejectReason] = Counter()
        self.tolerated: Counter[Any] = Counter()
        self.may_send_media = dialect.two_way or side is Side.CLIENT
        self.may_mark = False
        self.may_clear = dialect.two_way and side is Side.SERVER
        self.end_reason: EndReason | None = None
        self.sent = self.received = self.pinged = 0  # numbers of messages
        self._ended = False
        self._queue: list[tuple[bytes, bool]] = []
        self._enter(State.OPENING)

    # State

    @property
    def silenced(self) -> bool:
        """Whether no audio may be sent now: a client's session is paused."""
        return self.paused and self.side is Side.CLIENT

    def allows(self, kind: str) -> bool:
        """Say whether a kind of message may come or go now."""
        return kind in _TRANSITIONS[self.state]

    def move(self, kind: str) -> None:
        """Let a kind of message, or the end, change the state."""
        self._enter(_TRANSITIONS[self.state][kind])

    def moves(self, kind: str) -> str:
        """Return what a kind of message means to the state."""
        is_probe = self.opened_with is not None and self.opened_with.is_probe
        return "probe" if is_probe and kind == "opened" else kind

    def _enter(self, state: State) -> None:
        self.state = state
        if state in (State.CLOSING, State.CLOSED):
            self.keepalive.stop()
            self.deadline_ns = None

    # In

    def check(self, envelope: Envelope) -> None:
        """Take note of the peer's next message, or raise Violation where it is not that."""
        if envelope.version != VERSION:
            raise Violation(400, RejectReason.BAD_FIELD, f"version: not {VERSION}")
        expected = self.received + 1
        if self.state is State.CLOSING:
            expected = envelope.seq  # who has miscounted still has to say goodbye
        if envelope.seq != expected:
            raise Violation(409, RejectReason.OUT_OF_ORDER, f"seq is {expected}, got {envelope.seq}")
        heard = envelope.serverseq if self.side is Side.SERVER else envelope.clientseq
        if heard is None or not 0 <= heard <= self.sent:
            raise Violation(409, RejectReason.OUT_OF_ORDER, f"{self.sent} messages were sent, got {heard} as heard")
        known = self.side is Side.CLIENT or self.opened_with is not None
        if known and envelope.id != self.session_id:
            raise Violation(400, RejectReason.WRONG_STREAM, "id is not this session's")
        self.received = expected

    def skipped(self, skip: Skip) -> Rejected:
        """Count what is skipped, and return the event that says so."""
        self.rejected[skip.reason] += 1
        return Rejected(skip.reason, skip.detail)

    def carry(self, offer: ev.MediaOffer) -> None:
        """Take note of how the audio is carried from now on."""
        encoding = encoding_of(offer) or self.media_format.encoding
        together = MediaFormat(encoding, offer.rate, len(offer.channels))
        one = MediaFormat(encoding, offer.rate)
        if self.side is Side.SERVER:
            self.media_format, self.inbound_format, self.tracks = one, together, offer.channels
        else:
            self.media_format, self.inbound_format = together, one
        self.position = Position(offer.rate)
        self.encode = encoder(encoding)

    # The end

    def end(self, reason: EndReason) -> list[ev.Event]:
        """Return `Ended`, the first time; a reason that was known before counts for more than *reason*."""
        if self.end_reason is None:
            self.end_reason = reason
        if self._ended:
            return []
        self._ended = True
        return [Ended(self.end_reason)]

    def goodbye(self, code: int, detail: str) -> None:
        """Tell a peer that broke the protocol to go, as the side that this is does it."""
        self.end_reason = EndReason.FAILED
        if self.side is Side.SERVER:
            self.say("disconnect", {"reason": "error", "info": detail})
        else:
            self.say("error", {"code": code, "message": detail})
            self.say("close", {"reason": "error"})

    # Out

    def say(self, kind: str, parameters: Any) -> None:
        """Queue a text message, with what goes around its parameters.

        Raises:
            LocalProtocolError: it cannot be written as JSON; nothing is queued.
        """
        server = self.side is Side.SERVER
        envelope = {"version": VERSION, "id": self.session_id, "type": kind, "seq": self.sent + 1}
        envelope["clientseq" if server else "serverseq"] = self.received
        if not server:
            envelope["position"] = duration(self.position.us)
        try:
            message = pack_message(envelope, parameters)
        except (TypeError, ValueError) as error:
            raise LocalProtocolError(f"{kind} can not be written as JSON: {type(error).__name__}") from None
        self.sent += 1
        self._queue.append((message, True))
        self.move(self.moves(kind))

    def say_audio(self, payload: bytes) -> None:
        """Queue a binary message."""
        self._queue.append((payload, False))

    def data_to_send(self) -> list[tuple[bytes, bool]]:
        """Hand over what is queued, in order, as (data, text) pairs; the queue is empty afterwards."""
        queue, self._queue = self._queue, []
        return queue
