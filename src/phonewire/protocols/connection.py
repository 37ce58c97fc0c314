"""The shape that every protocol engine has: sides, states, and the events that all protocols share.

An engine is a pure function of (state, input): no socket, no clock, no logging, no randomness of its own. It takes
whole messages and hands back events, takes events and hands back messages. What a peer does wrong comes back as a
`Rejected` event where the protocol can go on, and as `RemoteProtocolError` where it can not.
"""

from __future__ import annotations

from collections import Counter
from enum import Enum, StrEnum
from typing import Any, Protocol

import msgspec

from phonewire._typing import Buffer, Encoding

__all__ = [
    "EndReason",
    "Ended",
    "MediaConnection",
    "MediaFormat",
    "RejectReason",
    "Rejected",
    "Side",
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
    BAD_LENGTH = "bad_length"  # audio that is not a whole number of samples
    EMPTY_PAYLOAD = "empty_payload"
    WRONG_MESSAGE_TYPE = "wrong_message_type"  # binary where text is meant, or text where binary is
    OUT_OF_ORDER = "out_of_order"  # legal, but not in this state: media before start, a second start, media after stop
    WRONG_STREAM = "wrong_stream"  # names another stream than the one that started here
    NOT_ALLOWED = "not_allowed"  # the dialect does not let this side send it


class EndReason(StrEnum):
    """How a stream ended."""

    STOPPED = "stopped"  # the peer said goodbye as its protocol has it
    COMPLETED = "completed"  # the consumer had enough audio and closed: success
    CLOSED = "closed"  # we closed
    DROPPED = "dropped"  # the connection ended without a goodbye
    FAILED = "failed"  # the peer broke the protocol and had to be cut off


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
    """How audio is coded on the wire."""

    encoding: Encoding = "ulaw"
    sample_rate_hz: int = 8000
    channels: int = 1

    @property
    def group_bytes(self) -> int:
        """Bytes of one sample of every channel: the smallest piece that audio can be cut into."""
        return self.channels * (1 if self.encoding in ("ulaw", "alaw") else 2)

    @property
    def bytes_per_ms(self) -> int:
        """Bytes of one millisecond of audio, all channels."""
        return self.sample_rate_hz * self.group_bytes // 1000


class MediaConnection(Protocol):
    """What the call layer needs of an engine; every ``protocols.NAME.Connection`` satisfies it."""

    state: State
    media_format: MediaFormat
    rejected: Counter[RejectReason]
    may_send_media: bool

    def receive(self, data: bytes, *, text: bool, now_ns: int = 0) -> list[Any]:
        """Take one whole message and return its events; replies that the protocol owes are queued."""

    def receive_eof(self) -> list[Any]:
        """Take the end of the connection and return the events that it means; calling it again returns none."""

    def send(self, event: Any) -> None:
        """Queue the message of an event, or raise LocalProtocolError and queue nothing."""

    def send_audio(self, samples: Buffer, /) -> None:
        """Queue s16 samples in native byte order as one media message."""

    def send_payload(self, payload: Buffer, /) -> None:
        """Queue audio that is already coded as on the wire as one media message."""

    def close(self) -> None:
        """Say that we close now: what still comes in is ignored, and the end is `EndReason.CLOSED`."""

    def data_to_send(self) -> list[tuple[bytes, bool]]:
        """Hand over what is queued, in order, as (data, text) pairs; the queue is empty afterwards."""

    def next_deadline_ns(self) -> int | None:
        """Return when `handle_timeout` is due, or None."""

    def handle_timeout(self, now_ns: int) -> list[Any]:
        """Do what is due at *now_ns* and return its events."""
