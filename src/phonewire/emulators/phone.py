"""A phone that plays each frame when it comes: what the far ends of AudioSocket and VoIPBIN have in common."""

from __future__ import annotations

import asyncio
import contextlib
from os import PathLike

from phonewire._typing import Buffer
from phonewire.emulators.microphone import Microphone
from phonewire.emulators.party import Party
from phonewire.emulators.speech import samples

__all__ = ["Phone"]


class Phone(Party):
    """A phone in a call; a base class.

    Args:
        sample_rate_hz: of what is said and heard.

    Attributes:
        said: the s16 samples that the phone said, silence included.
        frame_sizes: samples of each frame that the phone was given, which it plays as it is.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        super().__init__()
        self.said = bytearray()
        self.frame_sizes: list[int] = []
        self._sample_rate_hz = sample_rate_hz
        self._heard = bytearray()

    @property
    def heard(self) -> bytes:
        """The s16 samples that the phone has heard up to now, as they came, silence that was sent included."""
        return bytes(self._heard)

    async def listen(self, seconds: float) -> bytes:
        """Listen, and return the samples that the phone heard meanwhile.

        Args:
            seconds: or less when the call is over before.
        """
        before = len(self._heard)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._over.wait()
        return bytes(self._heard[before:])

    async def _speak_into(self, microphone: Microphone, source: str | PathLike[str] | Buffer) -> None:
        microphone.speak(samples(source, self._sample_rate_hz))
        while microphone and not self._over.is_set():
            await self._changed.wait()

    def _hear(self, frame: bytes) -> None:
        self._heard += frame
        self.frame_sizes.append(len(frame) // 2)
