"""What VoIPBIN's gateway makes of messages and of Asterisk's audio: coding, header, and silence about errors.

Made of nothing but the definition, not of the protocol engine, which is tested against it.

Source: VoIPBIN, ``streamhandler`` and ``mediastream_tutorial.rst``; Asterisk, ``res_audiosocket.c``. All read 2026-11.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from struct import Struct

from phonewire import g711
from phonewire.emulators.asterisk_frames import (
    HANGUP,
    SLIN,
    AsteriskFrames,
    BadFrameError,
    frame,
    little_endian,
    sample_rate_hz,
)

__all__ = ["WIRES", "Dropped", "Gateway", "HangupError", "Wire", "rtp_payload"]

_RATE_HZ = 8000
_MAX_FRAME_PAYLOAD = 65_535
_RTP_HEADER = Struct(">BBHII")
_RTP_HEADER_SIZE = 12


class Dropped(StrEnum):
    """Why a message of the client went nowhere. The client is not told."""

    EARLY = "early"  # Asterisk had not dialled the gateway yet
    TEXT = "text"
    ENCAPSULATION = "encapsulation"  # the one in the URL is none
    BAD_PACKET = "bad_packet"
    PAYLOAD_TYPE = "payload_type"
    EMPTY = "empty"
    SAMPLE_RATE = "sample_rate"  # AudioSocket audio that is not of 8 kHz


class HangupError(Exception):
    """The gateway's leg is over, and with it the client's connection."""


@dataclass(frozen=True)
class Wire:
    """One reading of VoIPBIN.

    Attributes:
        payload_type: of RTP, the only one that is sent and taken.
        ulaw_to_client, ulaw_to_server: the encapsulations in which audio is µ-law; in others it is linear.
    """

    payload_type: int
    ulaw_to_client: frozenset[str]
    ulaw_to_server: frozenset[str]


_NONE, _ALL = frozenset[str](), frozenset({"rtp", "sln", "audiosocket"})

#: By name, as `phonewire.connect` has them.
WIRES = {
    "tutorial": Wire(0, frozenset({"rtp"}), frozenset({"rtp"})),
    "documented": Wire(96, _NONE, _NONE),
    "deployed": Wire(96, _ALL, _NONE),
}


class Gateway:
    """The gateway of one connection.

    Args:
        encapsulation: as the client's URL has it, whatever it is.
        wire: one of `WIRES`.
        dropped: counts what goes nowhere.
    """

    def __init__(self, encapsulation: str, wire: Wire, dropped: Counter[Dropped]) -> None:
        self._dropped = dropped
        self._encapsulation = encapsulation
        to_client, to_server = encapsulation in wire.ulaw_to_client, encapsulation in wire.ulaw_to_server
        self._encode: Callable[[bytes], bytes] = g711.ulaw_encode if to_client else little_endian
        self._decode: Callable[[bytes], bytes] = g711.ulaw_decode if to_server else little_endian
        self._stream = AsteriskFrames()
        self._sequence_number = 0
        self._timestamp = 0

    def to_client(self, samples: bytes, payload_type: int) -> bytes | None:
        """Return the message for a frame of Asterisk's; None where nothing flows.

        Args:
            samples: s16, native byte order.
            payload_type: of RTP.
        """
        payload = self._encode(samples)
        match self._encapsulation:
            case "rtp":
                return self._rtp_header(payload_type, len(payload)) + payload
            case "sln":
                return payload
            case "audiosocket":
                return frame(SLIN, payload)
        return None

    def to_phone(self, message: bytes | str, payload_type: int) -> Iterator[bytes]:
        """Yield the frames that Asterisk gets of a message, as s16 samples in native byte order.

        Args:
            message: of the client.
            payload_type: of RTP, the only one that is taken.

        Raises:
            HangupError: it brings the gateway's leg down; frames before it were yielded.
        """
        if isinstance(message, str):
            self._drop(Dropped.TEXT)
        elif self._encapsulation == "audiosocket":
            yield from self._to_asterisk(message)
        elif self._encapsulation in ("rtp", "sln"):
            payload = self._payload(message, payload_type) if self._encapsulation == "rtp" else message
            if payload is not None:
                yield from self._as_frame(payload)
        else:
            self._drop(Dropped.ENCAPSULATION)

    def _rtp_header(self, payload_type: int, size: int) -> bytes:
        # Numbers begin at 1; timestamps with the first payload's size, and they count bytes. There is no SSRC.
        self._sequence_number = (self._sequence_number + 1) % 2**16
        self._timestamp = (self._timestamp + size) % 2**32
        return _RTP_HEADER.pack(0x80, payload_type, self._sequence_number, self._timestamp, 0)

    def _as_frame(self, payload: bytes) -> Iterator[bytes]:
        """Make a whole message one frame, however long it is."""
        if len(payload) > _MAX_FRAME_PAYLOAD:
            raise HangupError("the gateway ends where the length of a frame has no room")
        if payload:
            yield self._decode(payload)
        else:
            self._drop(Dropped.EMPTY)

    def _payload(self, packet: bytes, payload_type: int) -> bytes | None:
        """Return the payload of an RTP packet; None, and a count, for another."""
        payload = rtp_payload(packet)
        if payload is None:
            self._drop(Dropped.BAD_PACKET)
        elif packet[1] & 0x7F != payload_type:
            self._drop(Dropped.PAYLOAD_TYPE)
            return None
        return payload

    def _to_asterisk(self, data: bytes) -> Iterator[bytes]:
        """Write bytes to Asterisk as they are, which reads frames and gives up at the first that is none."""
        try:
            for kind, samples in self._stream.read(data):
                if kind == HANGUP:
                    raise HangupError("the client has hung up")
                if sample_rate_hz(kind) == _RATE_HZ:
                    yield self._decode(samples)
                else:
                    self._drop(Dropped.SAMPLE_RATE)
        except BadFrameError as error:
            raise HangupError(str(error)) from None

    def _drop(self, why: Dropped) -> None:
        self._dropped[why] += 1


def rtp_payload(packet: bytes) -> bytes | None:
    """Return the payload of a packet as pion/rtp, which does not look at the version, has it; None when it has none."""
    size = len(packet)
    if size < _RTP_HEADER_SIZE:
        return None
    start = _RTP_HEADER_SIZE + 4 * (packet[0] & 0x0F)
    if packet[0] & 0x10:
        if size < start + 4:
            return None
        start += 4 + 4 * int.from_bytes(packet[start + 2 : start + 4], "big")
    padding = packet[-1] if packet[0] & 0x20 else 0
    if start > size - padding or (packet[0] & 0x20 and not padding):
        return None
    return packet[start : size - padding]
