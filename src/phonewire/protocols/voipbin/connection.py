"""The state of one stream: what may come and go."""

from __future__ import annotations

from phonewire._typing import Buffer
from phonewire.errors import LimitExceededError, LocalProtocolError
from phonewire.protocols.audiosocket import FORMATS, FrameReader, Kind
from phonewire.protocols.connection import (
    GOODBYE,
    INNOCENT_CLOSE_CODES,
    Ended,
    EndReason,
    Goodbye,
    Media,
    MediaFormat,
    NoShortcuts,
    Rejected,
    RejectReason,
    Side,
    Skip,
    State,
)
from phonewire.protocols.ending import Ending
from phonewire.protocols.payload import encoder
from phonewire.protocols.voipbin.detect import MAX_FRAMES, Detector
from phonewire.protocols.voipbin.dialects import AUTO, Dialect, Encapsulation
from phonewire.protocols.voipbin.events import Event, Slip
from phonewire.protocols.voipbin.intake import Intake
from phonewire.protocols.voipbin.pack import PACKERS, Outlet
from phonewire.protocols.voipbin.parse import PARSERS

__all__ = ["MAX_MESSAGE_SIZE", "SPEC", "Connection"]

#: Where the messages are specified, and the source of the service.
SPEC = "https://github.com/voipbin/monorepo"

#: Bytes of one message in either direction: over a minute of prompt, which published clients send at once.
MAX_MESSAGE_SIZE = 1_048_576

# What the server's gateway gets before Asterisk has dialled it is lost: a client waits this long for a sign of it.
_FIRST_MESSAGE_NS = 1_000_000_000

# AudioSocket frames are read from parts of a message: the smallest would be 350,000 in all of it.
_PART_SIZE = 4096

# What the published browser client sends: the size of an RTP packet, and nothing in it.
_ZEROS = bytes(172)

# The whole state machine. Its server opens when the connection is up, its client when it hears something.
_END = {"close": State.CLOSING, "eof": State.CLOSED, "failure": State.CLOSED}
_TRANSITIONS: dict[State, dict[str, State]] = {
    State.OPENING: {**dict.fromkeys(("accept", "audio", "timeout"), State.OPEN), "hangup": State.CLOSING, **_END},
    State.OPEN: {"audio": State.OPEN, "hangup": State.CLOSING, **_END},
    State.CLOSING: _END,
    State.CLOSED: dict.fromkeys(_END, State.CLOSED),
}


class Connection(Ending, NoShortcuts):
    """One stream, seen from one side.

    Attributes:
        side: which end this is.
        state: where the stream stands.
        dialect: how the wire is read.
        encapsulation: that the URL asks for.
        media_format: how audio is coded here: as on the wire, or s16le where that differs by direction or may change.
        call_id: the id in the URL.
        parameters: the encapsulation.
        tracks: one without a name.
        rejected: how many of the peer's messages and frames were skipped, by reason.
        tolerated: how often each `Slip` was met.
        may_send_media: whether the encapsulation is one that is known.
        may_mark: never; there are no marks and there is no clear.
    """

    state = State.OPENING

    def __init__(
        self,
        side: Side,
        *,
        dialect: Dialect = AUTO,
        encapsulation: str = Encapsulation.RTP,
        call_id: str = "",
        max_message_size: int = MAX_MESSAGE_SIZE,
        ssrc: int = 0,
        sequence_number: int = 1,
        timestamp: int | None = None,
        waits: bool = True,
    ) -> None:
        """Begin before the connection is up.

        Args:
            side: SERVER is the platform, CLIENT the program, whoever of them dials.
            dialect: one of `DIALECTS`, or one like it.
            encapsulation: as in the URL. With one that is not known nothing flows either way.
            call_id: of the call or conference in the URL.
            max_message_size: bytes of one message; more ends the connection.
            ssrc: of the packets that are sent; VoIPBIN's is always 0.
            sequence_number: of the first of them; VoIPBIN's is always 1.
            timestamp: of the first of them; None for the size of its payload, as VoIPBIN has it.
            waits: a client sends when it has heard something, or after 1 s; otherwise at once, because it was dialed
                by a platform that takes audio already.
        """
        super().__init__()
        self.side = side
        self.dialect = dialect
        self.encapsulation = encapsulation
        self.call_id = call_id
        self.parameters = {"encapsulation": encapsulation}
        self.tracks: tuple[str | None, ...] = (None,)
        self.may_send_media = encapsulation in PARSERS
        self.may_mark = False
        known = encapsulation if self.may_send_media else Encapsulation.SLN
        self.media_format: MediaFormat = dialect.media_format(known)
        self._form = known if dialect.header else Encapsulation.SLN
        self._detector = Detector(known, dialect.payload_types) if dialect.detects else None
        goes = dialect.encoding(known, Side.CLIENT if side is Side.SERVER else Side.SERVER)
        self._intake = Intake(dialect, known, side)
        self.tolerated = self._intake.tolerated
        self._reader = FrameReader()
        self._encode = encoder(self.media_format.encoding)
        self._outlet = Outlet(
            self._form,
            goes,
            dialect.payload_type,
            call_encoding=self.media_format.encoding,
            ssrc=ssrc,
            sequence_number=sequence_number,
            timestamp=timestamp,
            counts_bytes=dialect.counts_bytes and side is Side.SERVER,
        )
        self._opens_at_once = side is Side.SERVER or not waits
        self._max_message_size = max_message_size
        self._deadline_ns: int | None = None
        self._queue: list[tuple[bytes, bool]] = []
        self._heard = False

    # In

    def connected(self, now_ns: int) -> None:
        """Take note that the connection is up: a server may send, a client waits for a first message, at most 1 s."""
        if self.state is not State.OPENING:
            return
        if self._opens_at_once:
            self._move("accept")
            if not self.may_send_media:
                self._deadline_ns = now_ns  # to say so, even when nothing ever comes
        else:
            self._deadline_ns = now_ns + _FIRST_MESSAGE_NS

    def receive(self, data: bytes, *, text: bool, now_ns: int = 0) -> list[Event]:
        """Take one whole message and return its events.

        Args:
            data: the message.
            text: True for a text message, of which the protocol has none.
            now_ns: not used.

        Returns:
            Audio, with `Detected` and `Tolerated` before it when its form or a slip is new; `Rejected` for what was
            skipped. AudioSocket's frames may be cut anywhere; the events are those of the frames that are complete.
            Nothing once the stream ended or we said goodbye.

        Raises:
            LimitExceededError: the message is too long; the state is CLOSED.
        """
        if self._end_reason is not None:
            return []
        if len(data) > self._max_message_size:
            self.fail(RejectReason.TOO_LONG)
            raise LimitExceededError("bytes of a message", self._max_message_size, len(data))
        try:
            if text:
                raise Skip(RejectReason.WRONG_MESSAGE_TYPE, "the message is text, not binary")
            if not self.may_send_media:
                raise _unknown_encapsulation()
            return self._receive(data)
        except Skip as skip:
            return [self._rejected(skip)]

    def _receive(self, data: bytes) -> list[Event]:
        form, events = self._form, list[Event]()
        if self._detector is not None:
            if data == _ZEROS and form == Encapsulation.RTP:
                return self._take(self._zeros(), form)
            if self._reader.missing and self._detector.begins_anew(data):
                events.append(self._give_up_frame())
            form = self._detector.judge(data, self._reader.missing)
        if form == Encapsulation.AUDIOSOCKET:
            return events + self._receive_frames(data)
        _, parse = PARSERS[form]
        return self._take(parse(data, self._intake), form)

    def _receive_frames(self, data: bytes) -> list[Event]:
        events: list[Event] = []
        left = MAX_FRAMES
        for start in range(0, len(data), _PART_SIZE):
            frames = self._reader.read(data[start : start + _PART_SIZE])
            events += self._take_frames(frames)
            left -= len(frames)
            if left < 0 or self._end_reason is not None:
                break
        if left < 0:
            # Of the smallest frames a message can hold more than there is time for.
            self._reader = FrameReader()
            events.append(self._rejected(Skip(RejectReason.TOO_LONG, f"a message has over {MAX_FRAMES} frames")))
        return events

    def _take_frames(self, frames: list[tuple[int, int, bytes | None]]) -> list[Event]:
        _, parse = PARSERS[Encapsulation.AUDIOSOCKET]
        events: list[Event] = []
        for kind, length, payload in frames:
            if kind == Kind.HANGUP:
                return events + self._hung_up()
            try:
                if kind != Kind.SLIN or payload is None:
                    raise _wrong_frame(kind, length)
                events += self._take(parse(payload, self._intake), Encapsulation.AUDIOSOCKET)
            except Skip as skip:
                events.append(self._rejected(skip))
        return events

    def _take(self, event: Media, form: str) -> list[Event]:
        """Return an event with what is new about its form before it."""
        self._heard = True
        if self.state is not State.OPEN:
            self._move("audio")
        if form != self._form:
            self._tolerate_other(form)
        if self._detector is not None:
            self._answer_in_kind()
        if not self._intake.notices:
            return [event]
        notices, self._intake.notices = self._intake.notices, []
        return [*notices, event]

    def _zeros(self) -> Media:
        self._intake.tolerate(Slip.ZEROS, f"{len(_ZEROS)} zero bytes are 20 ms of silence")
        return Media(self._intake.silence(), None, None, self.media_format)

    def _tolerate_other(self, form: str) -> None:
        if form == Encapsulation.SLN:
            self._intake.tolerate(Slip.HEADERLESS, f"audio without the header of {self._form}")
        else:
            self._intake.tolerate(Slip.OTHER_ENCAPSULATION, f"audio in {form}, not in {self._form}")

    def _answer_in_kind(self) -> None:
        if (found := self._intake.found) is None:
            return
        # Who leaves out the header that he asked for still waits for one.
        form = self._form if found.encapsulation == Encapsulation.SLN else found.encapsulation
        payload_type = found.payload_type
        if payload_type is None:
            payload_type = 0 if found.encoding == "ulaw" else self.dialect.payload_type
        self._outlet.change(form, found.encoding, payload_type)

    def _hung_up(self) -> list[Event]:
        self._move("hangup")
        self._end_reason, self._ended = EndReason.STOPPED, True
        return [Ended(EndReason.STOPPED)]

    def _give_up_frame(self) -> Rejected:
        missing, self._reader = self._reader.missing, FrameReader()
        return self._rejected(Skip(RejectReason.BAD_PACKET, f"a frame ended {missing} bytes too early"))

    def _rejected(self, skip: Skip) -> Rejected:
        self.rejected[skip.reason] += 1
        return Rejected(skip.reason, skip.detail)

    def _why(self, close_code: int) -> EndReason:
        if close_code not in INNOCENT_CLOSE_CODES:
            return EndReason.REFUSED
        # Without a close code is how VoIPBIN ends a call: after audio it is a goodbye.
        said_goodbye = close_code != 1006 or (self.side is Side.CLIENT and self._heard)
        return EndReason.STOPPED if said_goodbye else EndReason.DROPPED

    def _cut_short(self) -> list[Rejected]:
        return [self._give_up_frame()] if self._reader.missing else []

    def _move(self, kind: str) -> None:
        self.state = _TRANSITIONS[self.state][kind]
        self._deadline_ns = None  # it is for the opening only

    # Out

    def send(self, event: Event) -> None:
        """Queue the messages of an event.

        Args:
            event: a `Media`, whose payload counts; or an `RtpMedia`, which is sent with the numbers that it has.

        Raises:
            LocalProtocolError: the event is not legal here and now, or its values are not; nothing is queued.
            CodecError: not a whole number of samples; nothing is queued.
        """
        if not isinstance(event, Media) or type(event) not in PACKERS:
            raise LocalProtocolError(f"{type(event).__name__} is no event to send")
        if event.media_format != self.media_format:
            raise LocalProtocolError(f"the stream carries {self.media_format}, got {event.media_format}")
        self._send(event)

    def send_audio(self, samples: Buffer, /) -> None:
        """Queue s16 samples as messages of 20 ms, the last one as long as it is.

        Args:
            samples: n samples, s16, native byte order; n is at least 1.

        Raises:
            LocalProtocolError: no audio can be sent now, or there is none; nothing is queued.
            CodecError: not a whole number of samples; nothing is queued.
        """
        self._send(Media(self._encode(samples)))

    def send_payload(self, payload: Buffer, /) -> None:
        """Queue audio that is coded as `media_format` says as messages of 20 ms, the last one as long as it is.

        Args:
            payload: n codewords, or 2*n bytes where a sample has two; n is at least 1.

        Raises:
            LocalProtocolError: as `send_audio`; nothing is queued.
            CodecError: not a whole number of samples; nothing is queued.
        """
        self._send(Media(bytes(payload)))

    def _send(self, event: Media) -> None:
        if not self.may_send_media:
            raise LocalProtocolError("nothing can be sent: the encapsulation in the URL is none that is known here")
        if self.state is not State.OPEN:
            raise LocalProtocolError(f"no audio can be sent now, the stream is {self.state.value}")
        if not event.payload:
            raise LocalProtocolError("audio needs at least one sample, got none")
        _, pack = PACKERS[type(event)]
        self._queue += [(message, False) for message in pack(event, self._outlet)]

    def skip_audio(self, duration_ms: int) -> None:
        """Let time pass that no audio is sent for: the timestamps of what follows are later by that much.

        Sequence numbers run on; the next packet has the marker. What is no RTP has no timestamps.
        """
        self._outlet.skip(duration_ms)

    def send_mark(self, name: str) -> None:
        """Raise LocalProtocolError: there are no marks."""
        raise LocalProtocolError("VoIPBIN has no marks")

    def send_clear(self) -> None:
        """Raise LocalProtocolError: there is no clear."""
        raise LocalProtocolError("VoIPBIN has no clear")

    def close(self, goodbye: Goodbye = GOODBYE) -> None:
        """Take note that we hang up, for which there is no message; what still comes in is ignored."""
        self._move("close")
        if self._end_reason is None:
            self._end_reason = EndReason.CLOSED

    def data_to_send(self) -> list[tuple[bytes, bool]]:
        """Hand over the queued messages, in order, as (data, text) pairs; text is always False."""
        queue, self._queue = self._queue, []
        return queue

    def next_deadline_ns(self) -> int | None:
        """Return until when a client waits for a first message before it sends; None when nothing is due."""
        return self._deadline_ns

    def handle_timeout(self, now_ns: int) -> list[Event]:
        """Open the stream when a client has waited long enough, a server rejects what is asked; return the events."""
        if self._deadline_ns is None or now_ns < self._deadline_ns:
            return []
        if self.state is State.OPENING:
            self._move("timeout")
            return []
        self._deadline_ns = None
        return [self._rejected(_unknown_encapsulation())]


def _unknown_encapsulation() -> Skip:
    return Skip(RejectReason.WRONG_FORMAT, "the encapsulation in the URL is none that is known here")


def _wrong_frame(kind: int, length: int) -> Skip:
    if kind in FORMATS:
        return Skip(RejectReason.WRONG_FORMAT, f"the stream has 8000 Hz, got audio of kind 0x{kind:02x}")
    if kind in set(Kind):
        return Skip(RejectReason.NOT_ALLOWED, f"a frame of kind 0x{kind:02x} is not sent in VoIPBIN")
    return Skip(RejectReason.UNKNOWN_KIND, f"kind 0x{kind:02x} with {length} bytes is none that is known here")
