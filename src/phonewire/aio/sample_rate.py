"""Audio of several channels from one sample rate to another, and from one number of channels to another."""

from __future__ import annotations

import math

from phonewire import pcm
from phonewire.errors import CodecError

__all__ = ["RESAMPLED_HZ", "ChannelResampler", "check_rate", "rechannel"]

#: Rates between which `phonewire.pcm.Resampler` converts.
RESAMPLED_HZ = (8000, 16000, 24000, 48000)


def check_rate(rate_hz: int, own_hz: int) -> None:
    """Raise ValueError unless audio can be converted between *rate_hz* and the call's own rate."""
    if rate_hz != own_hz and not {rate_hz, own_hz} <= set(RESAMPLED_HZ):
        rates = ", ".join(map(str, RESAMPLED_HZ))
        raise ValueError(f"the call has {own_hz} Hz, and audio is converted between {rates} Hz, got {rate_hz} Hz")


class ChannelResampler:
    """A streaming resampler for interleaved channels: N ms in give N ms out, at a constant delay.

    Args:
        from_hz: rate of what comes in.
        to_hz: rate of what goes out.
        channels: of both.

    Raises:
        ValueError: there is no conversion between these rates.
    """

    def __init__(self, from_hz: int, to_hz: int, channels: int) -> None:
        self._channels = [pcm.Resampler(from_hz, to_hz) for _ in range(channels)]

    def resample(self, samples: bytes) -> bytes:
        """Convert whole sample groups, s16 in native byte order."""
        if len(self._channels) == 1:
            return self._channels[0].resample(samples)
        split = pcm.deinterleave(samples, len(self._channels))
        return pcm.interleave([each.resample(part) for each, part in zip(self._channels, split, strict=True)])

    def flush(self) -> bytes:
        """End the stream: return what is still inside the filter, and be ready for another one."""
        return pcm.interleave([each.flush() for each in self._channels])


def rechannel(samples: bytes, channels: int, wanted: int) -> bytes:
    """Make *wanted* channels of interleaved s16 samples: one is repeated, several become their mean.

    Raises:
        CodecError: neither number is 1.
    """
    if channels == wanted:
        return samples
    if channels == 1:
        return pcm.interleave([samples] * wanted)
    if wanted == 1:
        share_db = -20 * math.log10(channels)
        return pcm.mix([pcm.gain(part, share_db) for part in pcm.deinterleave(samples, channels)])
    raise CodecError(f"the call has {wanted} channels, the audio {channels}")
