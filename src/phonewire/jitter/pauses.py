"""Where audio can be left out and nobody misses it."""

from __future__ import annotations

from phonewire import pcm
from phonewire.protocols.connection import MediaFormat
from phonewire.protocols.payload import decoder

__all__ = ["Pauses"]

_SILENT_DBFS = -50.0
_BELOW_SPEECH_DB = 20.0  # what is heard between words is a tenth of them, on a noisy line, too
_FORGET_DB = 0.1  # a frame, 5 dB a second: who speaks more softly now has pauses, too


class Pauses:
    """Tells pauses from speech, in packets that follow each other.

    Args:
        media_format: how payloads are coded.
    """

    def __init__(self, media_format: MediaFormat) -> None:
        self._decode = decoder(media_format.encoding)
        self._loudest_dbfs = _SILENT_DBFS

    def has(self, payload: bytes) -> bool:
        """Whether *payload*, bytes of a frame, is of a pause: silent, or much softer than what was before."""
        peak_dbfs = pcm.level(self._decode(payload)).peak_dbfs
        self._loudest_dbfs = max(peak_dbfs, self._loudest_dbfs - _FORGET_DB)
        return peak_dbfs < max(_SILENT_DBFS, self._loudest_dbfs - _BELOW_SPEECH_DB)
