"""What happens on a stream."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

import msgspec

from phonewire._typing import Encoding
from phonewire.protocols.connection import Ended, Media, Rejected, RtpMedia

__all__ = ["Detected", "Event", "Media", "RtpMedia", "Slip", "Tolerated"]


class Slip(StrEnum):
    """What a peer does that the documents do not have, and that was understood all the same."""

    HEADERLESS = "headerless"  # audio without the header of the encapsulation that was asked for
    OTHER_ENCAPSULATION = "other_encapsulation"  # the header of another one
    ZEROS = "zeros"  # 172 zero bytes, the size of an RTP packet: 20 ms of silence
    LONG_MESSAGE = "long_message"  # over 200 ms of audio, the most that RFC 3551 section 4.2 has a receiver take


class Tolerated(msgspec.Struct, frozen=True):
    """A slip of the peer was met for the first time; `Connection.tolerated` counts it from then on.

    Attributes:
        slip: one of `Slip`.
        detail: for people.
    """

    slip: Slip
    detail: str


class Detected(msgspec.Struct, frozen=True):
    """What the peer's audio turned out to be; once for each form that it takes.

    Attributes:
        encapsulation: ``rtp``, ``audiosocket``, or ``sln`` for audio without a header.
        encoding: how the audio is coded.
        payload_type: of RTP; None elsewhere.
    """

    encapsulation: str
    encoding: Encoding
    payload_type: int | None = None


#: What `Connection.receive` hands back and `Connection.send` takes.
Event: TypeAlias = Media | RtpMedia | Detected | Tolerated | Rejected | Ended
