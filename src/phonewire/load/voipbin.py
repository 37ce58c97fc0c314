"""The client of a VoIPBIN call: RTP packets of 16-bit samples in binary messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from struct import Struct

from phonewire import g711
from phonewire.emulators.asterisk_frames import little_endian
from phonewire.emulators.voipbin_gateway import rtp_payload
from phonewire.load.stamp import FRAME_BYTES, FRAME_MS, HEAD_BYTES, TONE, Voice
from phonewire.load.websocket import BINARY, header

__all__ = ["VoipbinScript", "heads_of_samples", "samples_of"]

_HEADER = Struct(">BBHII")
_PAYLOAD_TYPE = 96
_FRAME_SAMPLE_BYTES = 2 * FRAME_BYTES
_PACKET = header(BINARY, _HEADER.size + _FRAME_SAMPLE_BYTES)


@lru_cache(maxsize=8192)
def samples_of(codewords: bytes) -> bytes:
    """Return codewords as s16le samples, which encode to the same codewords again."""
    return little_endian(g711.ulaw_decode(codewords))


_TONE = samples_of(TONE[HEAD_BYTES:])


def heads_of_samples(audio: bytes) -> Iterable[bytes]:
    """Return the first six codewords of each 20 ms of s16le samples."""
    places = range(0, len(audio), _FRAME_SAMPLE_BYTES)
    return [g711.ulaw_encode(little_endian(audio[place : place + 2 * HEAD_BYTES])) for place in places]


class VoipbinScript:
    """One client of a call, as VoIPBIN's documents have it.

    Args:
        voice: what it says.
        call_id: is in the URL.
    """

    period_ms = FRAME_MS
    ready = True

    def __init__(self, voice: Voice, call_id: str) -> None:
        self.headers: Mapping[str, str] = {}
        self._voice = voice

    def open(self) -> bytes:
        """Return nothing: the URL says it all."""
        return b""

    def frame(self, number: int) -> bytes:
        """Return a packet of 20 ms; timestamps count bytes, as VoIPBIN's do."""
        sequence_number, timestamp = (number + 1) % 2**16, (number + 1) * _FRAME_SAMPLE_BYTES % 2**32
        rtp = _HEADER.pack(0x80, _PAYLOAD_TYPE, sequence_number, timestamp, 0)
        return b"".join((_PACKET, rtp, samples_of(self._voice.head(number)), _TONE))

    def read(self, data: bytes, text: bool) -> Iterable[bytes]:
        """Take a packet, whose size tells how its audio is coded; return the first six codewords of each frame."""
        payload = None if text else rtp_payload(data)
        if payload is None:
            return ()
        if len(payload) == FRAME_BYTES:
            return (payload[:HEAD_BYTES],)
        return heads_of_samples(payload)

    def replies(self) -> bytes:
        """Return nothing: a call has audio only."""
        return b""

    def close(self) -> bytes:
        """Return nothing: the end of the connection is the goodbye."""
        return b""
