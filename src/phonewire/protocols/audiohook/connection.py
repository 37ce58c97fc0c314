"""One session, seen from one side: what comes in, and what goes out."""

from __future__ import annotations

from collections.abc import Sequence

from phonewire._typing import Buffer
from phonewire.errors import LimitExceededError, LocalProtocolError
from phonewire.protocols.audiohook import client, server
from phonewire.protocols.audiohook import events as ev
from phonewire.protocols.audiohook.dialects import MAX_AUDIO_SIZE, MAX_MESSAGE_SIZE, MONITOR, Dialect
from phonewire.protocols.audiohook.duration import Microseconds
from phonewire.protocols.audiohook.offers import split
from phonewire.protocols.audiohook.pack import PACKERS
from phonewire.protocols.audiohook.parse import PARSERS, Envelope, parse_envelope
from phonewire.protocols.audiohook.session import CALLER_SENDS, CLIENT_SENDS, SERVER_SENDS, Session
from phonewire.protocols.audiohook.violation import Violation, or_violation
from phonewire.protocols.connection import (
    GOODBYE,
    INNOCENT_CLOSE_CODES,
    EndReason,
    Goodbye,
    NoShortcuts,
    RejectReason,
    Side,
    Skip,
    State,
)

__all__ = ["Connection"]

_OPENED_NS = 5_000_000_000  # a client waits that long for the answer to its `Open`

# From a goodbye to the end of the connection, which the client makes: a client waits longer for its `Closed`.
_GOODBYE_NS = {Side.SERVER: 4_000_000_000, Side.CLIENT: 10_000_000_000}


class Connection(Session, NoShortcuts):
    """One session, seen from one side.

    Attributes:
        side: which end this is; CLIENT is Genesys.
        state: where the session stands.
        dialect: Monitor or Audio Connector.
        session_id: of every message.
        opened_with: the client's `Open`, None before.
        media_format: how audio is coded: of each track for a server, of all channels together for a client.
        tracks: the channels that come, ``external`` (the customer) and ``internal`` (the agent).
        position: media time.
        paused: the client has said that no audio comes.
        rejected: how many of the peer's messages were skipped, or were its last, by reason.
        tolerated: none.
        may_send_media: whether this side of this dialect ever sends audio.
        may_mark: never.
        may_clear: whether this is an Audio Connector's server, which tells it of a caller who barges in.
    """

    def __init__(
        self,
        side: Side,
        *,
        dialect: Dialect = MONITOR,
        session_id: str | None = None,
        organization_id: str | None = None,
        channels: Sequence[tuple[str, ...]] | None = None,
        supported_languages: Sequence[str] = (),
        max_message_size: int = MAX_MESSAGE_SIZE,
    ) -> None:
        """Begin before the first message.

        Args:
            side: SERVER takes Genesys' sessions, CLIENT plays Genesys.
            dialect: one of `DIALECTS`.
            session_id: for a client its own; for a server the handshake's: an `Open` with another one is unauthorized.
                None for any.
            organization_id: for a server the handshake's, likewise.
            channels: that a server takes, the best first, as in ``[("external", "internal"), ("external",)]``; None
                for what the client likes best.
            supported_languages: that a server tells a client that asks.
            max_message_size: bytes of one message; more ends the connection.
        """
        chosen = None if channels is None else tuple(channels)
        super().__init__(side, dialect, session_id, organization_id, chosen, tuple(supported_languages))
        self._max_message_size = max_message_size
        client_kinds = CLIENT_SENDS | (CALLER_SENDS if dialect.two_way else frozenset())
        server_kinds = SERVER_SENDS | ({"media"} if dialect.two_way else frozenset())
        is_server = side is Side.SERVER
        self._sends = server_kinds if is_server else client_kinds | {"media"}
        # A server takes what any client sends.
        self._takes = CLIENT_SENDS | CALLER_SENDS | {"media"} if is_server else server_kinds
        self._answers = server.ANSWERS if is_server else client.ANSWERS

    @property
    def call_id(self) -> str:
        """Genesys' id of the conversation; empty before the session has opened."""
        return self.opened_with.conversation_id if self.opened_with else ""

    @property
    def parameters(self) -> dict[str, str]:
        """Who is on the phone, and the input variables of the flow; empty before the session has opened."""
        opened = self.opened_with
        if opened is None:
            return {}
        who = opened.participant
        told = {"ani": who.ani, "aniName": who.ani_name, "dnis": who.dnis, "language": opened.language or ""}
        return told | {"sessionId": self.session_id} | opened.input_variables

    @property
    def rtt_us(self) -> int | None:
        """Microseconds that the last pong took, as the client has measured it; None before."""
        return self.keepalive.rtt_us

    @property
    def drift_us(self) -> int:
        """What the client says of its media time, less what a server counts; 0 while the session is paused."""
        return self.position.drift_us

    # In

    def connected(self, now_ns: int) -> None:
        """Take note that the connection is up: a client waits 5 s for its session to be opened."""
        if self.side is Side.CLIENT and self.state is State.OPENING:
            self.deadline_ns = now_ns + _OPENED_NS

    def receive(self, data: bytes, *, text: bool, now_ns: int = 0) -> list[ev.Event]:
        """Take one whole message and return its events; what it must be answered with is queued.

        Args:
            data: the message.
            text: False for audio.
            now_ns: now, for a client's pings and pauses.

        Returns:
            The event of the message; of audio one for each channel. A message that was skipped gives `Rejected`; one
            that breaks the protocol, too, and is answered with the goodbye that there is for it.

        Raises:
            LimitExceededError: the message is too long; the state is CLOSED.
        """
        if self.state is State.CLOSED:
            return []
        if len(data) > self._max_message_size:
            self.fail(RejectReason.TOO_LONG)
            raise LimitExceededError("bytes of a message", self._max_message_size, len(data))
        events = self._receive(data, text, now_ns)
        if self.state is State.CLOSING and self.deadline_ns is None:
            self.deadline_ns = now_ns + _GOODBYE_NS[self.side]
        return events

    def _receive(self, data: bytes, text: bool, now_ns: int) -> list[ev.Event]:
        try:
            return self._take_message(data, now_ns) if text else self._take_audio(data)
        except Violation as violation:
            rejected = self.skipped(violation)
            if self.state is not State.CLOSING:
                self.goodbye(violation.code, violation.detail)
            return [rejected]
        except Skip as skip:
            return [self.skipped(skip)]

    def _take_audio(self, data: bytes) -> list[ev.Event]:
        if self.state is State.CLOSING:
            return []  # it crossed the goodbye
        if "media" not in self._takes:
            raise Violation(415, RejectReason.NOT_ALLOWED, f"a server sends no audio in {self.dialect.name}")
        if not self.allows("media"):
            raise Violation(409, RejectReason.OUT_OF_ORDER, f"audio while the session is {self.state.value}")
        if self.paused and self.side is Side.SERVER:
            raise Violation(409, RejectReason.OUT_OF_ORDER, "audio while the session is paused")
        _, parse = PARSERS["media"]
        media: ev.Media = parse(data, self.inbound_format)
        return [media] if self.side is Side.CLIENT else [*self._split(media)]

    def _split(self, media: ev.Media) -> list[ev.Media]:
        at_ms = self.position.ms
        self.position.went_on(len(media.payload) // self.inbound_format.group_bytes)
        pieces = split(media.payload, self.inbound_format)
        return [ev.Media(pieces[place], track, at_ms, self.media_format) for place, track in enumerate(self.tracks)]

    def _take_message(self, data: bytes, now_ns: int) -> list[ev.Event]:
        envelope = self._read(data)
        kind = envelope.type
        if kind not in PARSERS or kind == "media":
            raise Skip(RejectReason.UNKNOWN_EVENT, "the type is none that is known here")
        if kind not in self._takes:
            raise Violation(405, RejectReason.NOT_ALLOWED, f"{kind} is not sent this way")
        if not self.allows(kind):
            if self.state is State.CLOSING:
                return []  # it crossed the goodbye
            raise Violation(409, RejectReason.OUT_OF_ORDER, f"{kind} while the session is {self.state.value}")
        _, parse = PARSERS[kind]
        event = or_violation(parse, bytes(envelope.parameters))
        answer = self._answers.get(type(event))
        self.move(self.moves(kind))
        events: list[ev.Event] = [event] if answer is None else answer(self, event, envelope, now_ns)
        if envelope.position is not None and self.state is State.OPEN and not self.paused:
            self.position.said(envelope.position)
        return events

    def _read(self, data: bytes) -> Envelope:
        envelope: Envelope = or_violation(parse_envelope, data)
        self.check(envelope)
        return envelope

    def receive_eof(self, close_code: int = 1006) -> list[ev.Event]:
        """Take the end of the connection and return `Ended`, unless that was said before.

        Args:
            close_code: of the peer's WebSocket close; 1006 when it vanished without one.
        """
        self.move("eof")
        return self.end(EndReason.DROPPED if close_code in INNOCENT_CLOSE_CODES else EndReason.REFUSED)

    def fail(self, reason: RejectReason) -> None:
        """Take note that the transport cut the peer off; the end is `EndReason.FAILED`."""
        self.rejected[reason] += 1
        self.end_reason = EndReason.FAILED
        self.move("failure")

    # Out

    def send(self, event: ev.Event) -> None:
        """Queue the message of an event.

        Args:
            event: any that this side sends. Of a `Media` the payload counts.

        Raises:
            LocalProtocolError: the event is not legal here and now, or its values are not; nothing is queued.
        """
        if type(event) not in PACKERS:
            raise LocalProtocolError(f"{type(event).__name__} is no event to send")
        kind, pack = PACKERS[type(event)]
        if isinstance(event, ev.Media):
            self.send_payload(pack(event))
            return
        self._check_may_send(kind)
        if isinstance(event, ev.Open) and self.opened_with is not None:
            raise LocalProtocolError("a session is opened once")
        parameters = pack(event)
        if isinstance(event, ev.Resumed | ev.Discarded):
            self.position.left_out(event.discarded_us)  # media time has gone on when the message says it
        self.say(kind, parameters)
        if isinstance(event, ev.Open):
            self.opened_with = event
        elif isinstance(event, ev.Paused):
            self.paused = True
        elif isinstance(event, ev.Resumed):
            self.paused = False
        elif isinstance(event, ev.Disconnect | ev.Close) and self.end_reason is None:
            self.end_reason = EndReason.CLOSED

    def send_audio(self, samples: Buffer, /) -> None:
        """Queue s16 samples as one message.

        Args:
            samples: n samples, s16, native byte order, of all channels in turn; n is at least 1.

        Raises:
            LocalProtocolError: this side sends no audio, or not now; or the message would be empty or too long.
                Nothing is queued.
            CodecError: not a whole number of samples; nothing is queued.
        """
        self._send_payload(self.encode(samples))

    def send_payload(self, payload: Buffer, /) -> None:
        """Queue audio that is coded as on the wire as one message.

        Args:
            payload: n codewords, or 2*n bytes where a sample has two, of all channels in turn; n is at least 1.

        Raises:
            LocalProtocolError: as `send_audio`, or not a whole number of samples of every channel; nothing is queued.
        """
        self._send_payload(bytes(payload))

    def _send_payload(self, payload: bytes) -> None:
        if not self.may_send_media:
            raise LocalProtocolError(f"a {self.side.value} sends no audio in this session")
        self._check_may_send("media")
        if self.silenced:
            raise LocalProtocolError("no audio can be sent now, the session is paused")
        if not 0 < len(payload) <= MAX_AUDIO_SIZE:
            raise LocalProtocolError(f"a message has 1 to {MAX_AUDIO_SIZE} bytes of audio, got {len(payload)}")
        groups, rest = divmod(len(payload), self.media_format.group_bytes)
        if rest:
            size = self.media_format.group_bytes
            raise LocalProtocolError(f"audio has a multiple of {size} bytes, got {len(payload)}")
        self.say_audio(payload)
        if self.side is Side.CLIENT:
            self.position.went_on(groups)

    def skip_audio(self, duration_ms: int) -> None:
        """Let time pass that no audio is sent for: a client says what it left out; a server's has no media time."""
        if self.side is Side.CLIENT and self.state is State.OPEN and not self.paused:
            client.leave_out(self, "discarded", duration_ms * 1000)

    def send_mark(self, name: str) -> None:
        """Raise LocalProtocolError: there are no marks."""
        raise LocalProtocolError("AudioHook has no marks")

    def send_clear(self) -> None:
        """Queue what makes an Audio Connector drop the audio that it has not played: the caller barges in.

        Raises:
            LocalProtocolError: this side sends no audio, or the session is not open; nothing is queued.
        """
        if self.side is Side.CLIENT or not self.may_send_media:
            raise LocalProtocolError(f"a {self.side.value} has nothing to clear in {self.dialect.name}")
        self.send(ev.Notice((ev.BargeIn(),)))

    def close(self, goodbye: Goodbye = GOODBYE) -> None:
        """Queue the goodbye: a server's `Disconnect`, which the client answers with a close, or a client's `Close`."""
        if self.state in (State.OPENING, State.OPEN):
            if self.side is Side.SERVER:
                variables = dict(goodbye.output_variables)
                self.send(ev.Disconnect(goodbye.reason, goodbye.info or None, variables))
            else:
                self.send(ev.Close("error" if goodbye.reason == "error" else "end"))

    def _check_may_send(self, kind: str) -> None:
        if kind not in self._sends:
            raise LocalProtocolError(f"a {self.side.value} sends no {kind} in {self.dialect.name}")
        if not self.allows(kind):
            raise LocalProtocolError(f"no {kind} can be sent now, the session is {self.state.value}")

    # Time

    def next_deadline_ns(self) -> int | None:
        """Return when a client's next ping is due, or the answer to its `Open`, or the end after a goodbye."""
        return self.keepalive.due_ns if self.deadline_ns is None else self.deadline_ns

    def handle_timeout(self, now_ns: int) -> list[ev.Event]:
        """Send the ping that is due, or give up a peer that does not answer: that may return an `Ended`."""
        due_ns = self.next_deadline_ns()
        if due_ns is None or now_ns < due_ns:
            return []
        if self.state is State.CLOSING:
            self.move("failure")
            return self.end(EndReason.DROPPED)
        if self.deadline_ns is not None:
            self.goodbye(408, "opened has not come in 5 s")
        elif self.keepalive.overdue:
            self.goodbye(408, "the last ping was not answered")
        else:
            rtt_us = self.keepalive.rtt_us
            self.send(ev.Ping(None if rtt_us is None else Microseconds(rtt_us)))
            self.pinged = self.sent
            self.keepalive.pinged(now_ns)
        return []
