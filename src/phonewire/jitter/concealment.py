"""What stands in for audio that is not there: the last packet again, fading, then silence."""

from __future__ import annotations

import math

from phonewire import g711, pcm
from phonewire.protocols.connection import MediaFormat
from phonewire.protocols.payload import decoder, encoder

__all__ = ["Concealer"]

# ITU-T G.711 appendix I: whole for 10 ms, then 20 % less each 10 ms, and silence after 60 ms.
_STEP_MS = 10
_GAINS_DB = [20 * math.log10(gain) for gain in (1.0, 0.8, 0.6, 0.4, 0.2)]
_SILENCE = {"ulaw": g711.ULAW_SILENCE, "alaw": g711.ALAW_SILENCE, "s16le": 0, "s16be": 0}


class Concealer:
    """Makes audio out of what was heard last.

    Args:
        media_format: how payloads are coded.
    """

    def __init__(self, media_format: MediaFormat) -> None:
        self._decode = decoder(media_format.encoding)
        self._encode = encoder(media_format.encoding)
        self._silence = bytes([_SILENCE[media_format.encoding]])
        self._step_bytes = _STEP_MS * media_format.bytes_per_ms
        self._last = b""
        self._made_bytes = 0  # since the last packet

    def heard(self, payload: bytes) -> None:
        """Take note of the bytes of a frame that is played, to repeat it."""
        self._last = payload
        self._made_bytes = 0

    def conceal(self, size: int) -> bytes:
        """Return *size* bytes that follow what was heard or made last."""
        audio = b"".join(self._step(begin) for begin in range(0, size, self._step_bytes))[:size]
        self._made_bytes += size
        return audio

    def _step(self, begin: int) -> bytes:
        begin += self._made_bytes
        number = begin // self._step_bytes
        if number >= len(_GAINS_DB) or not self._last:
            return self._silence * self._step_bytes
        begin %= len(self._last)
        repeats = -(-(begin + self._step_bytes) // len(self._last))
        piece = (self._last * repeats)[begin : begin + self._step_bytes]
        return self._encode(pcm.gain(self._decode(piece), _GAINS_DB[number])) if number else piece
