"""What a leg hears, as its call has it: converted to the call's sample rate, and coded."""

from __future__ import annotations

from phonewire.aio.sample_rate import ChannelResampler
from phonewire.protocols.connection import MediaFormat
from phonewire.protocols.payload import encoder, whole_samples

__all__ = ["Voice"]


class Voice:
    """One stream of the conference's samples on its way to those who hear the same.

    Args:
        rate_hz: that is mixed at.
        wire: how the call has audio; one channel.

    Attributes:
        has_memory: what comes out depends on what went in before, so that each frame of one stream has to go through.
    """

    def __init__(self, rate_hz: int, wire: MediaFormat) -> None:
        encode = encoder(wire.encoding)
        self._encode = None if encode is whole_samples else encode  # which only makes a copy
        self.has_memory = wire.sample_rate_hz != rate_hz
        self._resampler = ChannelResampler(rate_hz, wire.sample_rate_hz, 1) if self.has_memory else None

    def code(self, samples: bytes) -> bytes:
        """Return the payload of a frame."""
        if self._resampler is not None:
            samples = self._resampler.resample(samples)
        return samples if self._encode is None else self._encode(samples)
