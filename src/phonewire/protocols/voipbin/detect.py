"""Which encapsulation a message has, whatever was asked for: what ``auto`` goes by.

The published clients send audio without the header that they asked for, so a header has to be told from audio that
looks like one. Where both could be meant, sizes decide: VoIPBIN sends 20 ms, which are 160 codewords or 320 bytes of
samples, and a header other than the one that was asked for counts only before just as much.
"""

from __future__ import annotations

from phonewire import rtp
from phonewire.errors import PacketError
from phonewire.protocols.audiosocket import FORMATS, HEADER_SIZE, Kind
from phonewire.protocols.connection import RejectReason, Skip
from phonewire.protocols.voipbin.dialects import Encapsulation

__all__ = ["MAX_FRAMES", "Detector"]

#: AudioSocket frames of one message: over a minute, in frames of 20 ms.
MAX_FRAMES = 4096

_FRAME_SIZES = (160, 320)

# No packet is longer than an Ethernet frame; what is longer without being a packet of the stream is a prompt in one
# message.
_MAX_PACKET_SIZE = 1500

# A frame of AudioSocket that comes in several messages, before any came whole, has at most 200 ms.
_MAX_FIRST_PAYLOAD_SIZE = 3200

_SLIN = bytes([Kind.SLIN])
_KINDS = frozenset(Kind)
_AUDIO_KINDS = frozenset(FORMATS)


class Detector:
    """Judges message by message.

    Args:
        asked: the encapsulation in the URL.
        payload_types: of RTP that are taken.
    """

    def __init__(self, asked: str, payload_types: frozenset[int]) -> None:
        self._asked = asked
        self._payload_types = payload_types
        self._ssrc: bytes | None = None  # of the last message that was RTP
        self._framed = False  # AudioSocket's frames have come
        self._bare = False  # audio without a header has come

    def judge(self, data: bytes, missing: int) -> Encapsulation:
        """Return the encapsulation of a message; SLN for audio without a header.

        Args:
            data: the message.
            missing: bytes that an AudioSocket frame of earlier messages still lacks.

        Raises:
            Skip: it is nothing that is known.
        """
        if missing or self._is_audiosocket(data):
            self._framed = True
            return Encapsulation.AUDIOSOCKET
        if self._is_rtp(data):
            self._ssrc = data[8:12]
            return Encapsulation.RTP
        if self._is_bare(len(data)):
            self._bare = True
            return Encapsulation.SLN
        if self._asked == Encapsulation.RTP:
            return Encapsulation.RTP  # whose parser says what is wrong with it
        raise Skip(RejectReason.BAD_PACKET, f"{len(data)} bytes are neither a frame nor audio of a known size")

    def begins_anew(self, data: bytes) -> bool:
        """Whether a message is just one frame of 20 ms, whatever an earlier frame still lacks."""
        return data[:1] == _SLIN and _is_whole(data) and len(data) - HEADER_SIZE in _FRAME_SIZES

    def _is_audiosocket(self, data: bytes) -> bool:
        if self._asked != Encapsulation.AUDIOSOCKET or self._bare:
            return self.begins_anew(data)
        if _is_whole(data):
            return data[0] in _KINDS or self._framed
        return self._is_part(data)

    def _is_part(self, data: bytes) -> bool:
        """Whether a message holds several frames, or the beginning of one whose end is to come."""
        start, size = 0, len(data)
        # Silence without a header would be a row of hangups.
        kinds = _KINDS if self._framed and size not in _FRAME_SIZES else _AUDIO_KINDS
        for _ in range(MAX_FRAMES):
            if start >= size:
                return size > 0
            if data[start] not in kinds:
                return False
            if start + HEADER_SIZE > size:
                return True
            end = start + HEADER_SIZE + int.from_bytes(data[start + 1 : start + 3], "big")
            if end > size:
                return self._framed or _may_begin(size, end - start - HEADER_SIZE)
            start = end
        return True  # and too many: who reads them gives up

    def _is_rtp(self, data: bytes) -> bool:
        if len(data) < 12 or data[0] >> 6 != 2 or data[1] & 0x7F not in self._payload_types:
            return False
        if self._ssrc == data[8:12]:
            return True
        try:
            payload_size = len(rtp.parse(data).payload)
        except PacketError:
            return False
        if payload_size in _FRAME_SIZES:
            return True
        plausible = len(data) <= _MAX_PACKET_SIZE and len(data) not in _FRAME_SIZES
        return self._asked == Encapsulation.RTP and not self._bare and plausible

    def _is_bare(self, size: int) -> bool:
        if self._asked == Encapsulation.SLN or size in _FRAME_SIZES:
            return True
        return size > 0 and (self._bare or size > _MAX_PACKET_SIZE)


def _is_whole(data: bytes) -> bool:
    """Whether a message is one frame by its length."""
    return len(data) >= HEADER_SIZE and int.from_bytes(data[1:HEADER_SIZE], "big") == len(data) - HEADER_SIZE


def _may_begin(size: int, length: int) -> bool:
    """Whether a message can be the first part of the first frame, which says that it has *length* bytes."""
    if size in _FRAME_SIZES:
        return length in _FRAME_SIZES
    return length <= _MAX_FIRST_PAYLOAD_SIZE and length % 2 == 0
