"""The state of one call: what may come and go."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

from phonewire._typing import Buffer
from phonewire.errors import LocalProtocolError, RemoteProtocolError
from phonewire.protocols.audiosocket.events import Error, ErrorCode, Event, Hangup, Start
from phonewire.protocols.audiosocket.frames import FORMATS, KINDS, MAX_FRAME_SIZE, FrameReader, Kind, pack_frame
from phonewire.protocols.audiosocket.pack import PACKERS
from phonewire.protocols.audiosocket.parse import PARSERS
from phonewire.protocols.connection import (
    GOODBYE,
    INNOCENT_CLOSE_CODES,
    Dialect,
    Ended,
    EndReason,
    Goodbye,
    Media,
    MediaFormat,
    NoShortcuts,
    NoTimers,
    Rejected,
    RejectReason,
    Side,
    Skip,
    State,
)
from phonewire.protocols.ending import Ending
from phonewire.protocols.payload import encoder, whole_samples

__all__ = ["ASTERISK", "DIALECTS", "SPEC", "Connection"]

#: Where the frames are specified.
SPEC = "https://docs.asterisk.org/Configuration/Channel-Drivers/AudioSocket/"

#: Asterisk plays what comes when it comes, and waits for it.
ASTERISK = Dialect(name="audiosocket", continuous=True)

#: By name; there is one.
DIALECTS = {ASTERISK.name: ASTERISK}

# What each side sends, and the whole state machine, the same for both sides. What is not here is out of order.
_SENDS = {
    Side.CLIENT: frozenset({"uuid", "audio", "silence", "dtmf", "error", "hangup"}),
    Side.SERVER: frozenset({"audio", "hangup"}),
}
_END = {"close": State.CLOSING, "eof": State.CLOSED, "failure": State.CLOSED}
_TRANSITIONS: dict[State, dict[str, State]] = {
    State.OPENING: {"uuid": State.OPEN, **_END},
    State.OPEN: {**dict.fromkeys(("audio", "silence", "dtmf", "error"), State.OPEN), "hangup": State.CLOSING, **_END},
    State.CLOSING: _END,
    State.CLOSED: dict.fromkeys(_END, State.CLOSED),
}


class Connection(Ending, NoShortcuts, NoTimers):
    """One call, seen from one side.

    Attributes:
        side: which end this is.
        state: where the stream stands.
        dialect: always `ASTERISK`.
        media_format: how audio is coded on the wire.
        start: what announced the stream, None before.
        tracks: one without a name.
        rejected: how many of the peer's frames were skipped, by reason.
        tolerated: none.
        may_send_media: always; each side speaks.
        may_mark: never; there are no marks and there is no clear.
    """

    state = State.OPENING

    def __init__(
        self,
        side: Side,
        *,
        media_format: MediaFormat = FORMATS[Kind.SLIN],
        max_message_size: int = MAX_FRAME_SIZE,
    ) -> None:
        """Begin before the UUID.

        Args:
            side: SERVER takes Asterisk's calls, CLIENT plays Asterisk.
            media_format: one of `FORMATS`; the dialplan application's is always 8 kHz.
            max_message_size: bytes of one frame; a longer one of the peer is skipped and counted.

        Raises:
            ValueError: the protocol has no kind for that format.
        """
        if media_format not in KINDS:
            rates = ", ".join(str(form.sample_rate_hz) for form in KINDS)
            raise ValueError(f"AudioSocket carries s16le, mono, at {rates} Hz, got {media_format}")
        super().__init__()
        self.side = side
        self.dialect = ASTERISK
        self.media_format = media_format
        self.start: Start | None = None
        self.tracks: tuple[str | None, ...] = (None,)
        self.tolerated: Counter[Any] = Counter()
        self.may_send_media = True
        self.may_mark = False
        self._sends = _SENDS[side]
        self._takes = _SENDS[Side.CLIENT if side is Side.SERVER else Side.SERVER]
        self._audio_kind = KINDS[media_format]
        self._encode = encoder(media_format.encoding)
        self._max_message_size = max_message_size
        self._reader = FrameReader(max_message_size)
        self._queue: list[tuple[bytes, bool]] = []
        self._error: Error | None = None

    @property
    def call_id(self) -> str:
        """The UUID; empty before the stream has started."""
        return self.start.uuid if self.start else ""

    @property
    def parameters(self) -> dict[str, str]:
        """Nothing: the protocol has no parameters."""
        return {}

    # In

    def receive(self, data: bytes, *, text: bool, now_ns: int = 0) -> list[Event]:
        """Take the next bytes of the stream, cut anywhere, and return the events that they complete.

        Args:
            data: bytes of the TCP stream, or one message of a WebSocket.
            text: True for a text message, of which the protocol has none.
            now_ns: not used; the protocol has no timers.

        Returns:
            An event for each frame; `Hangup` is followed by `Ended`; a frame that was skipped gives `Rejected`.
            Nothing once the stream ended or we said goodbye.

        Raises:
            RemoteProtocolError: the first frame to a server is no UUID; the state is CLOSED.
        """
        if self._end_reason is not None:
            return []
        if text:
            return [self._rejected(RejectReason.WRONG_MESSAGE_TYPE, "the message is text, not binary")]
        events: list[Event] = []
        for kind, length, payload in self._reader.read(data):
            if kind == self._audio_kind and payload and not length % 2 and self.state is State.OPEN:
                events.append(Media(payload, None, None, self.media_format))
                continue
            try:
                events += self._take(kind, length, payload)
            except Skip as skip:
                events.append(self._rejected(skip.reason, skip.detail))
                if self.state is State.OPENING and self.side is Side.SERVER:
                    # Whoever this is, it is not Asterisk: nothing has been announced, so nothing is lost.
                    self._end_reason = EndReason.FAILED
                    self._move("failure")
                    raise RemoteProtocolError(f"the first frame is no UUID: {skip.detail}") from None
            if self._end_reason is not None:
                break
        return events

    def _take(self, kind: int, length: int, payload: bytes | None) -> list[Event]:
        if kind not in PARSERS:
            raise Skip(RejectReason.UNKNOWN_KIND, f"kind 0x{kind:02x} with {length} bytes is none that is known here")
        if payload is None:
            raise Skip(RejectReason.TOO_LONG, f"a frame has at most {self._max_message_size} bytes, got {length} + 3")
        name, parse = PARSERS[kind]
        if name not in self._takes:
            raise Skip(RejectReason.NOT_ALLOWED, f"{name} is not sent this way")
        if name not in _TRANSITIONS[self.state]:
            raise Skip(RejectReason.OUT_OF_ORDER, f"{name} while the stream is {self.state.value}")
        event = parse(kind, payload)
        if isinstance(event, Media) and event.media_format != self.media_format:
            came, ours = event.media_format.sample_rate_hz, self.media_format.sample_rate_hz
            raise Skip(RejectReason.WRONG_FORMAT, f"the stream has {ours} Hz, got audio of {came} Hz")
        if isinstance(event, Start):
            self.start = event
        elif isinstance(event, Error):
            self._error = event
        self._move(name)
        if not isinstance(event, Hangup):
            return [event]
        self._end_reason, self._ended = EndReason.STOPPED, True
        return [event, Ended(EndReason.STOPPED)]

    def _rejected(self, reason: RejectReason, detail: str) -> Rejected:
        self.rejected[reason] += 1
        return Rejected(reason, detail)

    def _why(self, close_code: int) -> EndReason:
        if close_code not in INNOCENT_CLOSE_CODES:
            return EndReason.REFUSED
        if self._error is not None:
            return EndReason.STOPPED if self._error.code == ErrorCode.HANGUP else EndReason.REFUSED
        orderly = close_code != 1006 and self.state is State.OPEN and not self._reader.missing
        return EndReason.STOPPED if orderly else EndReason.DROPPED

    def _cut_short(self) -> list[Rejected]:
        if not (missing := self._reader.missing):
            return []
        return [self._rejected(RejectReason.BAD_PACKET, f"the stream ended {missing} bytes before the end of a frame")]

    # State

    def _move(self, name: str) -> None:
        self.state = _TRANSITIONS[self.state][name]

    # Out

    def send(self, event: Event) -> None:
        """Queue the frame of an event. After `Hangup` was sent, what still comes in is ignored.

        Args:
            event: any but `Rejected` and `Ended`. Of a `Media` the payload counts.

        Raises:
            LocalProtocolError: the event is not legal here and now, or its values are not; nothing is queued.
        """
        if type(event) not in PACKERS:
            raise LocalProtocolError(f"{type(event).__name__} is no event to send")
        name, pack = PACKERS[type(event)]
        self._check_may_send(name)
        if isinstance(event, Media) and event.media_format != self.media_format:
            raise LocalProtocolError(f"the stream carries {self.media_format}, got {event.media_format}")
        self._enqueue(*pack(event))
        if isinstance(event, Start):
            self.start = Start(str(UUID(event.uuid)))
        elif isinstance(event, Hangup):
            self._end_reason = EndReason.CLOSED
        self._move(name)

    def send_audio(self, samples: Buffer, /) -> None:
        """Queue s16 samples as one frame.

        Args:
            samples: n samples, s16, native byte order; n is at least 1; 20 ms are what Asterisk expects.

        Raises:
            LocalProtocolError: no audio can be sent now, or the frame would be empty or too long; nothing is queued.
            CodecError: not a whole number of samples; nothing is queued.
        """
        self._send_frame(self._encode(samples))

    def send_payload(self, payload: Buffer, /) -> None:
        """Queue audio that is coded as on the wire as one frame.

        Args:
            payload: 2*n bytes, s16le; n is at least 1.

        Raises:
            LocalProtocolError: as `send_audio`; nothing is queued.
            CodecError: not a whole number of samples; nothing is queued.
        """
        self._send_frame(whole_samples(payload))

    def skip_audio(self, duration_ms: int) -> None:
        """Do nothing: frames have no timestamps."""

    def send_mark(self, name: str) -> None:
        """Raise LocalProtocolError: there are no marks."""
        raise LocalProtocolError("AudioSocket has no marks")

    def send_clear(self) -> None:
        """Raise LocalProtocolError: there is no clear."""
        raise LocalProtocolError("AudioSocket has no clear")

    def close(self, goodbye: Goodbye = GOODBYE) -> None:
        """Queue the hangup; what still comes in is ignored."""
        if self.state is State.OPEN:
            self.send(Hangup())
        else:
            self._move("close")
        if self._end_reason is None:
            self._end_reason = EndReason.CLOSED

    def data_to_send(self) -> list[tuple[bytes, bool]]:
        """Hand over the queued frames, in order, as (data, text) pairs; text is always False.

        Each is one whole frame, to be written at once: Asterisk hangs up when the rest of one is late.
        """
        queue, self._queue = self._queue, []
        return queue

    def _send_frame(self, payload: bytes) -> None:
        self._check_may_send("audio")
        if not payload:
            raise LocalProtocolError("audio needs at least one sample, got none")
        self._enqueue(self._audio_kind, payload)

    def _check_may_send(self, name: str) -> None:
        if name not in self._sends:
            raise LocalProtocolError(f"a {self.side.value} sends no {name} in AudioSocket")
        if name not in _TRANSITIONS[self.state]:
            raise LocalProtocolError(f"no {name} can be sent now, the stream is {self.state.value}")

    def _enqueue(self, kind: Kind, payload: bytes) -> None:
        self._queue.append((pack_frame(kind, payload), False))
