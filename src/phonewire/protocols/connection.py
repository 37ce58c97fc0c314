"""The shape that every protocol engine has: sides, states, and the events that all protocols share.

An engine is a pure function of (state, input): no socket, no clock, no logging, no randomness of its own. It takes
whole messages and hands back events, takes events and hands back messages. What a peer does wrong comes back as a
`Rejected` event where the protocol can go on, and as `RemoteProtocolError` where it can not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from enum import Enum, StrEnum
from typing import Any, Literal, Protocol

import msgspec

from phonewire._bounds import check_above_0
from phonewire._typing import Buffer, Encoding, MediaFramer
from phonewire.protocols.payload import DECODERS

__all__ = [
    "GOODBYE",
    "INNOCENT_CLOSE_CODES",
    "Clear",
    "Dialect",
    "Dtmf",
    "EndReason",
    "Ended",
    "Goodbye",
    "Mark",
    "Media",
    "MediaConnection",
    "MediaFormat",
    "MessageRate",
    "NoShortcuts",
    "NoTimers",
    "PlaybackCompleted",
    "PlaybackStarted",
    "RejectReason",
    "Rejected",
    "RtpMedia",
    "Side",
    "Skip",
    "State",
]


class Side(Enum):
    """Which end of the WebSocket or TCP connection this engine is."""

    SERVER = "server"
    CLIENT = "client"


class State(Enum):
    """Where a connection stands; only the engine's transition table moves it."""

    OPENING = "opening"  # the connection is up, the stream has not been announced
    OPEN = "open"  # media may flow
    CLOSING = "closing"  # a goodbye was said, the connection is still up
    CLOSED = "closed"  # nothing more comes or goes


class RejectReason(StrEnum):
    """Why a message of the peer was skipped; the call went on."""

    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    UNKNOWN_EVENT = "unknown_event"
    BAD_FIELD = "bad_field"  # a field is missing, of the wrong type, or not of a safe alphabet
    BAD_BASE64 = "bad_base64"
    BAD_LENGTH = "bad_length"  # audio that is not a whole number of samples, or a message of another size than its kind
    BAD_PACKET = "bad_packet"  # RTP or AudioSocket bytes that are malformed or end too early
    EMPTY_PAYLOAD = "empty_payload"
    UNKNOWN_KIND = "unknown_kind"  # an AudioSocket kind that is none known here
    WRONG_FORMAT = "wrong_format"  # audio of another coding or rate than the stream has
    WRONG_MESSAGE_TYPE = "wrong_message_type"  # binary where text is meant, or text where binary is
    OUT_OF_ORDER = "out_of_order"  # legal, but not in this state: media before start, a second start, media after stop
    WRONG_STREAM = "wrong_stream"  # names another stream than the one that started here
    TOO_LONG = "too_long"  # over the limit of a message; ends the call, except where a length tells what to skip
    BAD_WEBSOCKET = "bad_websocket"  # breaks RFC 6455, or text that is not UTF-8; ends the call
    NOT_ALLOWED = "not_allowed"  # the dialect does not let this side send it


class EndReason(StrEnum):
    """How a stream ended."""

    STOPPED = "stopped"  # the peer said goodbye as its protocol has it
    COMPLETED = "completed"  # the consumer had enough audio and closed: success
    CLOSED = "closed"  # we closed
    DROPPED = "dropped"  # the connection ended without a goodbye
    REFUSED = "refused"  # the peer closed because of what came: a policy, a limit, an error of its own
    FAILED = "failed"  # the peer broke the protocol and had to be cut off, or this side failed: `CallStats.faults`


class Rejected(msgspec.Struct, frozen=True):
    """A message of the peer was skipped and counted; the call goes on.

    Attributes:
        reason: one of `RejectReason`, for programs.
        detail: for people; never contains the peer's bytes.
    """

    reason: RejectReason
    detail: str


class Ended(msgspec.Struct, frozen=True):
    """The stream is over: exactly one for every connection; only `Rejected` can follow, for what still comes in."""

    reason: EndReason


class MediaFormat(msgspec.Struct, frozen=True):
    """How audio is coded on the wire.

    Attributes:
        encoding: ``"ulaw"`` or ``"alaw"``, a byte a sample; ``"s16le"`` or ``"s16be"``, two.
        sample_rate_hz: samples of each channel in a second.
        channels: their samples lie side by side.

    Raises:
        ValueError: a number is not above 0.
    """

    encoding: Encoding = "ulaw"
    sample_rate_hz: int = 8000
    channels: int = 1

    def __post_init__(self) -> None:
        check_above_0("MediaFormat.", sample_rate_hz=self.sample_rate_hz, channels=self.channels)

    @property
    def group_bytes(self) -> int:
        """Bytes of one sample of every channel: the smallest piece that audio can be cut into."""
        return self.channels * (1 if self.encoding in ("ulaw", "alaw") else 2)

    @property
    def bytes_per_ms(self) -> int:
        """Bytes of one millisecond of audio, all channels; at 44.1 kHz, which has no such number, a little less."""
        return self.sample_rate_hz * self.group_bytes // 1000

    def size_of(self, duration_ms: int) -> int:
        """Return how many bytes so much audio has: whole samples of every channel."""
        return duration_ms * self.sample_rate_hz // 1000 * self.group_bytes

    def ms_of(self, size: int) -> int:
        """Return how many milliseconds *size* bytes of audio last."""
        return size // self.group_bytes * 1000 // self.sample_rate_hz

    def ns_of(self, size: int) -> int:
        """Return how many nanoseconds *size* bytes of audio last."""
        return size // self.group_bytes * 1_000_000_000 // self.sample_rate_hz


class Media(msgspec.Struct, gc=False, eq=False):
    """A piece of audio; what the protocols' own media events have in common.

    Attributes:
        payload: n codewords or 2*n bytes, as on the wire.
        track: whose voice it is, as the platform calls it; None where it has no tracks.
        timestamp_ms: milliseconds from the start of the stream to the first sample; None where it does not tell.
        media_format: how the payload is coded.
    """

    payload: bytes
    track: str | None = None
    timestamp_ms: int | None = None
    media_format: MediaFormat = MediaFormat()
    _pcm: bytes | None = None

    @property
    def pcm(self) -> bytes:
        """The samples, s16 in native byte order; decoded on first access and kept."""
        pcm = self._pcm
        if pcm is None:
            pcm = self._pcm = DECODERS[self.media_format.encoding](self.payload)
        return pcm

    def __eq__(self, other: object) -> bool:
        """Compare all but the samples, which follow from the payload whether they were decoded yet or not."""
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__struct_fields__ if name != "_pcm")

    def __ne__(self, other: object) -> bool:
        """Say the opposite of ``==``: what msgspec puts here with ``eq=False`` would compare identities."""
        return not self == other

    __hash__ = None  # type: ignore[assignment]


class RtpMedia(Media, gc=False, eq=False):
    """A piece of audio that came in an RTP packet, with what a jitter buffer needs of the header.

    Attributes:
        sequence_number: 0 to 65535; wraps around.
        timestamp: in samples, 0 to 2**32 - 1; wraps around. As on the wire, but for peers that count otherwise.
        ssrc: synchronization source, 0 to 2**32 - 1.
        marker: whether this is the first packet of a talkspurt.
    """

    sequence_number: int = 0
    timestamp: int = 0
    ssrc: int = 0
    marker: bool = False


class Dtmf(msgspec.Struct, frozen=True):
    """The far end pressed a key: one of ``0123456789*#ABCD``."""

    digit: str


class Mark(msgspec.Struct, frozen=True):
    """To a far end that plays audio: say when this has been played. Back from it: it has been, or was cleared."""

    name: str


class Clear(msgspec.Struct, frozen=True):
    """To a far end that plays audio: drop what is queued; pending marks come back at once."""


class PlaybackStarted(msgspec.Struct, frozen=True):
    """The far end plays what it was sent: before this it had nothing to play."""


class PlaybackCompleted(msgspec.Struct, frozen=True):
    """The far end has played all that it was sent, or has dropped it because of a `Clear`."""


class Goodbye(msgspec.Struct, frozen=True, kw_only=True):
    """What a side says when it closes; a protocol without words for a part of it leaves that out.

    Attributes:
        reason: the job is done, something went wrong here, or who has dialled is not authentic.
        info: for people.
        output_variables: for the flow that the call came from.
    """

    reason: Literal["completed", "error", "unauthorized"] = "completed"
    info: str = ""
    output_variables: Mapping[str, str] = {}


#: The job is done, and nothing more is to be said.
GOODBYE = Goodbye()


class MessageRate(msgspec.Struct, frozen=True, kw_only=True):
    """How many messages a far end takes; more than that it answers with an error.

    Attributes:
        per_s: messages of every kind in a second, in the long run.
        burst: messages that may come at once, when there were none for a while. Five of them are kept for what cannot
            wait: answers to pings, a barge-in, the goodbye.
        batch_ms: audio that is put into one message where there is as much; less goes when it has waited as long.
        message_bytes: of audio in one message, at most.

    Raises:
        ValueError: one of them is too small, or *batch_ms* has no room in *message_bytes*.
    """

    per_s: float = 5.0
    burst: int = 25
    batch_ms: int = 200
    message_bytes: int = 64_000

    def __post_init__(self) -> None:
        check_above_0(per_s=self.per_s)
        for name, least in (("burst", 6), ("batch_ms", 20), ("message_bytes", 320)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} is at least {least}, got {getattr(self, name)}")
        if self.batch_ms * 32 > self.message_bytes:  # 16 bytes are 1 ms of s16 at 8 kHz, and two may go together
            raise ValueError(f"batch_ms is at most {self.message_bytes // 32} in {self.message_bytes} bytes")


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """What the call layer needs to know of a platform's form of a protocol; each protocol adds what its engine does.

    Attributes:
        name: its key among the dialects of its protocol.
        lead_ms: how far ahead of real time audio is sent, because the far end buffers it.
        paced: audio is sent in real time; otherwise as fast as the socket takes it.
        piece_size: bytes of audio in a message, the last piece as long as it is; None: whole frames of 20 ms.
        continuous: the far end waits for audio: silence is sent every 20 ms while there is nothing to say.
        may_reconnect: a client whose connection broke may take up the call again over another one.
        answered: a client's call begins when the server has said how audio is carried.
        client_closes: a server says goodbye and leaves it to the client to close the connection.
        spread: what clients send faster than it is spoken is heard in time by the server.
        message_rate: how many messages the client takes; None for any number.
        output_variables: a server's goodbye takes them.
    """

    name: str
    lead_ms: int = 0
    paced: bool = True
    piece_size: int | None = None
    continuous: bool = False
    may_reconnect: bool = False
    answered: bool = False
    client_closes: bool = False
    spread: bool = False
    message_rate: MessageRate | None = None
    output_variables: bool = False


class Skip(Exception):  # noqa: N818 - not an error: it never leaves the engine
    """What came is skipped; the connection turns this into a `Rejected` event."""

    def __init__(self, reason: RejectReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


#: WebSocket close codes that say nothing against us: normal, going away, none given, and no goodbye at all.
INNOCENT_CLOSE_CODES = frozenset({1000, 1001, 1005, 1006})


class MediaConnection(Protocol):
    """What the call layer needs of an engine; every ``protocols.NAME.Connection`` satisfies it."""

    side: Side
    state: State
    media_format: MediaFormat
    tracks: tuple[str | None, ...]  # that the far end sends; known once the stream has started
    rejected: Counter[RejectReason]
    tolerated: Counter[Any]  # by a StrEnum of the protocol's
    may_send_media: bool
    may_mark: bool
    paused: bool  # the client has said that it sends no audio for a while
    may_clear: bool

    @property
    def silenced(self) -> bool:
        """Whether no audio may be sent now, because the stream is paused."""

    @property
    def dialect(self) -> Dialect:
        """The platform's form of the protocol."""

    @property
    def call_id(self) -> str:
        """The platform's id of the call; known once the stream has started."""

    @property
    def parameters(self) -> dict[str, str]:
        """What the platform passed along with the start of the stream."""

    @property
    def drift_us(self) -> int:
        """What the far end says of its media time, less what is counted here."""

    @property
    def rtt_us(self) -> int | None:
        """How long a question and its answer took between the two ends, as one of them has measured; None before."""

    def connected(self, now_ns: int) -> None:
        """Take note that the connection is up; some protocols begin with that."""

    def receive(self, data: bytes, *, text: bool, now_ns: int = 0) -> list[Any]:
        """Take one whole message and return its events; replies that the protocol owes are queued.

        Where all of them are audio and the stream was open, there is no reply, and neither state nor timers have moved:
        who calls this for every message relies on that.
        """

    def media_readers(self) -> tuple[Callable[[bytes], Media | None], ...]:
        """Return what makes the event of a text message of audio, for a caller who has no need of `receive`.

        Each takes messages of one form, and returns None for others. All that `receive` would do besides is nothing, as
        long as the stream is open and no other message has come. Empty where there is more to do.
        """

    def receive_eof(self, close_code: int = 1006) -> list[Any]:
        """Take the end of the connection and return the events that it means; calling it again returns none."""

    def fail(self, reason: RejectReason) -> None:
        """Take note that the transport cut the peer off; the end is `EndReason.FAILED`."""

    def send(self, event: Any) -> None:
        """Queue the message of an event, or raise LocalProtocolError and queue nothing."""

    def send_audio(self, samples: Buffer, /) -> None:
        """Queue s16 samples in native byte order as one media message."""

    def send_payload(self, payload: Buffer, /) -> None:
        """Queue audio that is already coded as on the wire as one media message."""

    def media_framers(self, size: int) -> tuple[MediaFramer, int, MediaFramer] | None:
        """Return what makes messages of audio whose size never changes, for a caller who sends them himself.

        Args:
            size: bytes of a payload.

        Returns:
            From a payload to its message, bytes of as many s16 samples, and from these to the message; all text. None
            where there is more to it, and `send_payload` is to be called. Good for as long as the stream is open.
        """

    def skip_audio(self, duration_ms: int) -> None:
        """Let time pass that no audio is sent for: the timestamps of what follows are later by that much."""

    def send_mark(self, name: str) -> None:
        """Queue a mark, which comes back when the audio before it has been played."""

    def send_clear(self) -> None:
        """Queue what makes the far end drop the audio that it has not played."""

    def close(self, goodbye: Goodbye = GOODBYE) -> None:
        """Queue the goodbye that the protocol has; what still comes in is ignored; the end is `EndReason.CLOSED`."""

    def data_to_send(self) -> list[tuple[bytes, bool]]:
        """Hand over what is queued, in order, as (data, text) pairs; the queue is empty afterwards."""

    def next_deadline_ns(self) -> int | None:
        """Return when `handle_timeout` is due, or None."""

    def handle_timeout(self, now_ns: int) -> list[Any]:
        """Do what is due at *now_ns* and return its events."""


class NoTimers:
    """What an engine without a sense of time does with it."""

    def connected(self, now_ns: int) -> None:
        """Do nothing: the stream begins with a message."""

    def next_deadline_ns(self) -> int | None:
        """Return None: the protocol has no timers."""
        return None

    def handle_timeout(self, now_ns: int) -> list[Any]:
        """Return nothing: the protocol has no timers."""
        return []


class NoShortcuts:
    """What an engine says whose messages are more than their audio."""

    def media_readers(self) -> tuple[Callable[[bytes], Media | None], ...]:
        """Return nothing: a message has to be received."""
        return ()

    def media_framers(self, size: int) -> None:
        """Return None: a message has to be sent."""
