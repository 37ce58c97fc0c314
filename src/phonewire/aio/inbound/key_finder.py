"""Keys that a caller presses, found in the audio of a call whose protocol does not tell them."""

from __future__ import annotations

from collections.abc import Callable

from phonewire import dtmf, pcm
from phonewire.aio.events import DtmfInAudio
from phonewire.aio.sample_rate import RESAMPLED_HZ
from phonewire.protocols.connection import Media, MediaFormat

__all__ = ["KeyFinder", "check_key_finder"]

# A key that is pressed before and after such a gap is pressed twice, though no pause was heard.
_GAP_MS = 100


def check_key_finder(media_format: MediaFormat) -> None:
    """Raise ValueError unless keys can be found in such audio."""
    if media_format.sample_rate_hz not in RESAMPLED_HZ:
        rates = ", ".join(map(str, RESAMPLED_HZ))
        raise ValueError(f"dtmf_in_audio is for {rates} Hz, got {media_format.sample_rate_hz} Hz")


class KeyFinder:
    """Listens to a call, to each track by itself.

    Args:
        wire: how audio is coded.
        tell: takes each key, when it is known to be over.

    Raises:
        ValueError: keys cannot be found in such audio.
    """

    def __init__(self, wire: MediaFormat, tell: Callable[[DtmfInAudio], None]) -> None:
        check_key_finder(wire)
        self._wire = wire
        self._tell = tell
        self._ears: dict[str | None, _Ear] = {}

    def heard(self, media: Media) -> None:
        """Take a piece of what the far end said."""
        ear = self._ears.get(media.track)
        if ear is None:
            ear = self._ears[media.track] = _Ear(media.track, self._wire)
        for key in ear.hear(media):
            self._tell(key)

    def end(self) -> None:
        """Tell the keys that were pressed when the call ended."""
        for ear in self._ears.values():
            for key in ear.finish():
                self._tell(key)


class _Ear:
    """Listens to one track, to each channel by itself."""

    def __init__(self, track: str | None, wire: MediaFormat) -> None:
        self._track = track
        self._wire = wire
        self._detectors = [dtmf.Detector(wire.sample_rate_hz) for _ in range(wire.channels)]
        self._heard_bytes = 0  # since the detectors began
        self._begun_ms = 0  # on the far end's line: when that was

    def hear(self, media: Media) -> list[DtmfInAudio]:
        keys = self._align(media.timestamp_ms) if media.timestamp_ms is not None else []
        self._heard_bytes += len(media.payload)
        pieces = [media.pcm] if self._wire.channels == 1 else pcm.deinterleave(media.pcm, self._wire.channels)
        for detector, samples in zip(self._detectors, pieces, strict=True):
            keys += map(self._key, detector.detect(samples))
        return keys

    def finish(self) -> list[DtmfInAudio]:
        keys = [self._key(press) for detector in self._detectors for press in detector.flush()]
        self._begun_ms += self._wire.ms_of(self._heard_bytes)
        self._heard_bytes = 0
        return keys

    def _align(self, timestamp_ms: int) -> list[DtmfInAudio]:
        expected_ms = self._begun_ms + self._wire.ms_of(self._heard_bytes)
        keys = self.finish() if abs(timestamp_ms - expected_ms) > _GAP_MS else []
        self._begun_ms = timestamp_ms - self._wire.ms_of(self._heard_bytes)
        return keys

    def _key(self, press: dtmf.Press) -> DtmfInAudio:
        return DtmfInAudio(press.digit, self._track, self._begun_ms + press.start_ms, press.duration_ms)
