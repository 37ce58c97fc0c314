"""The state of one stream: what may come and go, and the counters of the side that numbers its messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any, NoReturn

import msgspec

from phonewire import b64
from phonewire._typing import Buffer, MediaFramer
from phonewire.errors import LimitExceededError, LocalProtocolError, RemoteProtocolError
from phonewire.protocols.connection import (
    GOODBYE,
    INNOCENT_CLOSE_CODES,
    Ended,
    EndReason,
    Goodbye,
    MediaFormat,
    NoTimers,
    Rejected,
    RejectReason,
    Side,
    State,
)
from phonewire.protocols.ending import Ending
from phonewire.protocols.payload import encoder, whole_samples
from phonewire.protocols.twilio import wire
from phonewire.protocols.twilio.dialects import CLIENT_KINDS, MAX_MESSAGE_SIZE, TWILIO, Dialect
from phonewire.protocols.twilio.events import Clear, Connected, Event, Mark, Media, Start, Stop
from phonewire.protocols.twilio.framers import MediaFramers
from phonewire.protocols.twilio.pack import PACKERS
from phonewire.protocols.twilio.parse import PARSERS
from phonewire.protocols.twilio.template import Reader, Templates

__all__ = ["Connection"]

_ULAW_8_KHZ = MediaFormat()
_encode_json = msgspec.json.Encoder().encode
_decode_media = msgspec.json.Decoder(wire.MediaMessage, strict=False).decode
_decode_base64 = b64.decode

# The whole state machine, the same for both sides: what moves a stream is that a kind of message came or went, that we
# close, that the connection ended, or that the peer broke the protocol. What is not here is out of order.
_END = {"close": State.CLOSING, "eof": State.CLOSED, "failure": State.CLOSED}
_TRANSITIONS: dict[State, dict[str, State]] = {
    State.OPENING: {"connected": State.OPENING, "start": State.OPEN, **_END},
    State.OPEN: {**dict.fromkeys(("media", "dtmf", "mark", "clear"), State.OPEN), "stop": State.CLOSING, **_END},
    State.CLOSING: _END,
    State.CLOSED: dict.fromkeys(_END, State.CLOSED),
}


@cache
def _parsers_of(state: State, takes: frozenset[str]) -> dict[type, Callable[..., Any]]:
    """Return what parses the messages that may come now; one table for all streams, which have few states."""
    legal = _TRANSITIONS[state]
    return {m: parse for m, (kind, parse) in PARSERS.items() if kind in legal and kind in takes}


class Connection(Ending, NoTimers):
    """One stream, seen from one side.

    Attributes:
        side: which end this is.
        state: where the stream stands.
        dialect: the platform's form of the protocol.
        media_format: how audio is coded on the wire.
        start: what announced the stream, None before.
        tracks: that the far end announced; None stands for one without a name.
        rejected: how many of the peer's messages were skipped, by reason.
        tolerated: none.
        may_send_media: whether this side of this dialect ever sends audio.
        may_mark, may_clear: whether it ever sends marks and clear.
    """

    def __init__(
        self,
        side: Side,
        *,
        dialect: Dialect = TWILIO,
        media_format: MediaFormat = _ULAW_8_KHZ,
        max_message_size: int = MAX_MESSAGE_SIZE,
    ) -> None:
        """Begin before the first message.

        Args:
            side: SERVER takes a phone's stream, CLIENT plays the phone platform.
            dialect: one of `DIALECTS`.
            media_format: how audio is coded; Twilio's is always µ-law 8 kHz mono.
            max_message_size: bytes of one message, in and out; more ends the connection.

        Raises:
            ValueError: the encoding is unknown, or the audio is not mono.
        """
        if media_format.channels != 1:
            raise ValueError(f"a stream has 1 channel, got {media_format.channels}")
        super().__init__()
        self.side = side
        self.dialect = dialect
        self.media_format = media_format
        self.start: Start | None = None
        self.tracks: tuple[str | None, ...] = (None,)
        self.tolerated: Counter[Any] = Counter()
        self._group_bytes = media_format.group_bytes
        self._max_message_size = max_message_size
        self._encode = encoder(media_format.encoding)
        self._sends = dialect.client_sends if side is Side.CLIENT else dialect.server_sends
        self._takes = CLIENT_KINDS if side is Side.SERVER else dialect.server_sends
        self.may_send_media = "media" in self._sends
        self.may_mark = self.may_clear = side is Side.SERVER and dialect.marks
        self._numbers = side is Side.CLIENT and dialect.numbered
        self._connected = False
        self._stream_sid: str | None = None
        self._templates = Templates()
        self._queue: list[tuple[bytes, bool]] = []
        self._message_sequence = 0
        self._counts: dict[str, tuple[int, int]] = {}  # by track: media messages, sample groups
        self._sent_media = False
        self._framers: MediaFramers | None = None  # None while there is more to a message than its audio
        self._enter(State.OPENING)

    @property
    def call_id(self) -> str:
        """The call's id, ``callSid``; empty before the stream has started."""
        return self.start.call_sid if self.start else ""

    @property
    def parameters(self) -> dict[str, str]:
        """The ``<Parameter>`` values of the TwiML; empty before the stream has started."""
        return self.start.parameters if self.start else {}

    # In

    def receive(self, data: bytes, *, text: bool, now_ns: int = 0) -> list[Event]:
        """Take one whole message and return its events.

        Args:
            data: the message.
            text: False for a binary message, of which the protocol has none.
            now_ns: not used; the protocol has no timers.

        Returns:
            The event of the message; `Stop` is followed by `Ended`; a message that was skipped gives `Rejected`.
            Nothing once the connection failed or we said goodbye.

        Raises:
            LimitExceededError: the message is too long; the state is CLOSED.
            RemoteProtocolError: a second ``start`` names another call; the state is CLOSED.
        """
        if self._flowing and text and len(data) <= self._max_message_size:
            # Nine messages in ten are media like the one before. The others are decoded.
            for read in self._templates.readers:
                known = read(data)
                if known is not None and not len(known.payload) % self._group_bytes:
                    return [known]
            # What is no media, and what is wrong, goes the long way.
            try:
                message = _decode_media(data)
                if message.stream_sid == self._stream_sid:
                    media = message.media
                    payload = _decode_base64(media.payload)
                    if payload and not len(payload) % self._group_bytes:
                        form, number = self.media_format, message.message_sequence
                        event = Media(payload, media.track, media.timestamp, form, None, media.chunk, number)
                        if self._templates.lessons:
                            self._templates.learn(data, event)
                        return [event]
            except wire.NOT_JSON:
                pass
        return self._receive(data, text)

    def media_readers(self) -> tuple[Reader, ...]:
        """Return what makes the event of a message like those that have come, as `MediaConnection.media_readers` says.

        Such a message is as long as one of 64 KiB may be, and its codewords are of one byte.
        """
        short = self._max_message_size >= MAX_MESSAGE_SIZE
        return self._templates.readers if self._flowing and self._group_bytes == 1 and short else ()

    def _receive(self, data: bytes, text: bool) -> list[Event]:
        if self._end_reason is not None:
            return []
        if len(data) > self._max_message_size:
            self.fail(RejectReason.TOO_LONG)
            raise LimitExceededError("bytes of a message", self._max_message_size, len(data))
        try:
            if not text:
                raise wire.Skip(RejectReason.WRONG_MESSAGE_TYPE, "the message is binary, not text")
            try:
                message = wire.decode(data)
            except wire.NOT_JSON:
                message = wire.decode_slowly(data)
            parse = self._parsers.get(type(message))
            if parse is None:
                self._refuse(message)
            if message.stream_sid != self._stream_sid:
                self._check_stream(message.stream_sid)
            event = parse(message, self.dialect, self.media_format)
            if type(event) is not Media:
                return self._take(event)
            if self._templates.lessons:
                self._templates.learn(data, event)
            return [event]
        except wire.Skip as skip:
            self.rejected[skip.reason] += 1
            return [Rejected(skip.reason, skip.detail)]

    def _take(self, event: Event) -> list[Event]:
        if isinstance(event, Connected):
            if self._connected:
                raise wire.Skip(RejectReason.OUT_OF_ORDER, "connected for the second time")
            self._connected = True
        elif isinstance(event, Start):
            self.tracks = tuple(dict.fromkeys(event.tracks)) or (None,)
            self._open(event)
        self._move(PACKERS[type(event)][0])
        if not isinstance(event, Stop):
            return [event]
        self._ended = True
        return [event, Ended(EndReason.STOPPED)]

    def _refuse(self, message: wire.Message) -> NoReturn:
        """Say why a message that is good in itself can not be taken here and now."""
        kind, _ = PARSERS[type(message)]
        if kind not in self._takes:
            raise wire.Skip(RejectReason.NOT_ALLOWED, f"{kind} is not sent this way in {self.dialect.name}")
        if isinstance(message, wire.StartMessage) and self.start and message.start.call_sid != self.start.call_sid:
            raise self._failed(RemoteProtocolError("a second start names another call", 1008))
        raise wire.Skip(RejectReason.OUT_OF_ORDER, f"{kind} while the stream is {self.state.value}")

    def _check_stream(self, stream_sid: str | None) -> None:
        # The id is optional in a message, and a stream that was announced without one goes by any.
        if stream_sid is not None and self._stream_sid is not None:
            raise wire.Skip(RejectReason.WRONG_STREAM, "streamSid is not this stream's")

    def _why(self, close_code: int) -> EndReason:
        if close_code not in INNOCENT_CLOSE_CODES:
            return EndReason.REFUSED
        return EndReason.COMPLETED if self.dialect.consumer_closes and self._sent_media else EndReason.DROPPED

    def _failed(self, error: RemoteProtocolError) -> RemoteProtocolError:
        self._end_reason = EndReason.FAILED
        self._move("failure")
        return error

    # State

    def _move(self, kind: str) -> None:
        state = _TRANSITIONS[self.state][kind]
        if state is not self.state:
            self._enter(state)

    def _enter(self, state: State) -> None:
        self.state = state
        self._flowing = "media" in _TRANSITIONS[state] and "media" in self._takes
        self._parsers = _parsers_of(state, self._takes)
        if state is not State.OPEN:
            self._framers = None

    def _open(self, start: Start) -> None:
        self.start = start
        self._stream_sid = start.stream_sid
        if self.may_send_media and not self._numbers:
            members = {"streamSid": start.stream_sid} if self.side is Side.SERVER else {}
            self._framers = MediaFramers(members, self.media_format.encoding)

    # Out

    def send(self, event: Event) -> None:
        """Queue the message of an event. After `Stop` was sent, what still comes in is ignored.

        Args:
            event: any but `Rejected` and `Ended`. Of a `Media` the payload counts, and for Twilio's side the track.

        Raises:
            LocalProtocolError: the event is not legal here and now, or its values are not; nothing is queued.
        """
        if type(event) not in PACKERS:
            raise LocalProtocolError(f"{type(event).__name__} is no event to send")
        if isinstance(event, Media):
            self._send_media(event)
            return
        kind, _ = PACKERS[type(event)]
        self._check_may_send(kind)
        event = self._completed(event)
        message = self._pack(event)
        self._check_own(message)
        self._enqueue(message)
        self._message_sequence += kind != "connected"
        if isinstance(event, Connected):
            self._connected = True
        elif isinstance(event, Start):
            self._open(event)
        elif isinstance(event, Stop):
            self._end_reason = EndReason.CLOSED
        self._move(kind)

    def send_audio(self, samples: Buffer, /) -> None:
        """Queue s16 samples as one media message.

        Args:
            samples: n samples, s16, native byte order; n is at least 1.

        Raises:
            LocalProtocolError: this side sends no audio, or not now; or the message would be empty or too long.
                Nothing is queued.
            CodecError: not a whole number of samples; nothing is queued.
        """
        if self._framers is None:
            self._send_numbered(self._encode(samples))
        else:
            self._enqueue_media(self._framers.samples(samples), self._framers.empty_size)

    def send_payload(self, payload: Buffer, /) -> None:
        """Queue audio that is coded as on the wire as one media message.

        Args:
            payload: n codewords, or 2*n bytes where a sample has two; n is at least 1.

        Raises:
            LocalProtocolError: as `send_audio`; nothing is queued.
            CodecError: not a whole number of samples; nothing is queued.
        """
        if self._framers is None:
            self._send_numbered(payload)
        else:
            self._enqueue_media(self._framers.payload(payload), self._framers.empty_size)

    def media_framers(self, size: int) -> tuple[MediaFramer, int, MediaFramer] | None:
        """Return what makes messages, as `MediaConnection.media_framers` says: not before the first was sent."""
        framers = self._framers
        if framers is None or not self._sent_media or framers.size_of(size) > self._max_message_size:
            return None
        return framers.payload, size // self._group_bytes * 2, framers.samples

    def skip_audio(self, duration_ms: int) -> None:
        """Let time pass that no audio is sent for: timestamps go ahead, ``chunk`` counts on."""
        skipped = duration_ms * self.media_format.sample_rate_hz // 1000
        self._counts = {track: (chunks, samples + skipped) for track, (chunks, samples) in self._counts.items()}

    def send_mark(self, name: str) -> None:
        """Queue a mark, which comes back when the audio before it has been played."""
        self.send(Mark(name))

    def send_clear(self) -> None:
        """Queue what makes the far end drop the audio that it has not played."""
        self.send(Clear())

    def close(self, goodbye: Goodbye = GOODBYE) -> None:
        """Queue the goodbye that this side of the dialect has; what still comes in is ignored."""
        if self.state is State.OPEN and "stop" in self._sends:
            self.send(Stop())
        else:
            self._move("close")
        if self._end_reason is None:
            self._end_reason = EndReason.CLOSED

    def data_to_send(self) -> list[tuple[bytes, bool]]:
        """Hand over the queued messages, in order, as (data, text) pairs; text is always True."""
        queue, self._queue = self._queue, []
        return queue

    def _send_media(self, event: Media) -> None:
        if event.media_format != self.media_format:
            raise LocalProtocolError(f"the stream carries {self.media_format}, got {event.media_format}")
        if self._numbers:
            self._send_numbered(event.payload, event.track or "inbound")
        else:
            self.send_payload(event.payload)

    def _send_numbered(self, audio: Buffer, track: str = "inbound") -> None:
        self._check_may_send("media")
        group_bytes = self.media_format.group_bytes
        payload = whole_samples(audio) if group_bytes == 2 else memoryview(audio).tobytes()
        if not payload:
            raise LocalProtocolError("media needs at least one sample, got none")
        if track not in ("inbound", "outbound"):
            raise LocalProtocolError(f"a track is inbound or outbound, got {track!r}")
        chunks, samples = self._counts.get(track, (0, 0))
        timestamp_ms = samples * 1000 // self.media_format.sample_rate_hz
        self._enqueue(self._pack(Media(payload, track, timestamp_ms, chunk=chunks + 1)))
        self._counts[track] = chunks + 1, samples + len(payload) // group_bytes
        self._message_sequence += 1

    def _check_may_send(self, kind: str) -> None:
        if kind not in self._sends:
            raise LocalProtocolError(f"a {self.side.value} sends no {kind} in {self.dialect.name}")
        if kind not in _TRANSITIONS[self.state] or (kind == "connected" and self._connected):
            raise LocalProtocolError(f"no {kind} can be sent now, the stream is {self.state.value}")
        if kind == "start" and "connected" in self._sends and not self._connected:
            raise LocalProtocolError("connected is sent before start")

    def _check_own(self, message: bytes) -> None:
        """Refuse to send what this module would refuse to take."""
        try:
            decoded = wire.decode_slowly(message)
            PARSERS[type(decoded)][1](decoded, self.dialect, self.media_format)
        except wire.Skip as skip:
            raise LocalProtocolError(skip.detail) from None

    def _completed(self, event: Event) -> Event:
        """Fill in what the connection knows better than the caller."""
        if isinstance(event, Start):
            return msgspec.structs.replace(event, media_format=event.media_format or self.media_format)
        if isinstance(event, Stop) and self.start is not None:
            account_sid, call_sid = self.start.account_sid, self.start.call_sid
            return Stop(event.account_sid or account_sid, event.call_sid or call_sid)
        return event

    def _pack(self, event: Event) -> bytes:
        kind, pack = PACKERS[type(event)]
        message: dict[str, Any] = {"event": kind}
        if self._numbers and kind != "connected":
            message["sequenceNumber"] = str(self._message_sequence + 1)
        stream_sid = event.stream_sid if isinstance(event, Start) else self._stream_sid
        if stream_sid is not None and (self._numbers or self.side is Side.SERVER):
            message["streamSid"] = stream_sid
        try:
            return _encode_json(message | pack(event, self.dialect))
        except (TypeError, ValueError) as error:
            raise LocalProtocolError(f"{kind} can not be written as JSON: {type(error).__name__}") from None

    def _enqueue_media(self, message: bytes, empty_size: int) -> None:
        if len(message) == empty_size:
            raise LocalProtocolError("media needs at least one sample, got none")
        if len(message) > self._max_message_size:
            self._refuse_size(len(message))
        self._queue.append((message, True))
        self._sent_media = True

    def _enqueue(self, message: bytes) -> None:
        if len(message) > self._max_message_size:
            self._refuse_size(len(message))
        self._queue.append((message, True))

    def _refuse_size(self, size: int) -> NoReturn:
        raise LocalProtocolError(f"a message has at most {self._max_message_size} bytes, got {size}")
