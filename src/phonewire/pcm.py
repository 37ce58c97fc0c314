"""Linear PCM: mixing, gain, channels, byte order, level, and conversion between sample rates.

Samples are s16 in native byte order unless a function says otherwise. Functions take any C-contiguous buffer of bytes
or of native 16-bit integers. What returns new bytes has an ``_into`` twin that writes to the caller's buffer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from phonewire._backend import NATIVE

if TYPE_CHECKING or not NATIVE:
    from phonewire._pure.interleaving import deinterleave, interleave, interleave_into
    from phonewire._pure.mixing import mix, mix_into, mix_minus
    from phonewire._pure.pcm import Level, byteswap, byteswap_into, gain, gain_into, level
    from phonewire._pure.resample import Resampler
else:
    from phonewire._native.interleaving import deinterleave, interleave, interleave_into
    from phonewire._native.mixing import mix, mix_into, mix_minus
    from phonewire._native.pcm import Level, byteswap, byteswap_into, gain, gain_into, level
    from phonewire._native.resample import Resampler

__all__ = [
    "Level",
    "Resampler",
    "byteswap",
    "byteswap_into",
    "deinterleave",
    "gain",
    "gain_into",
    "interleave",
    "interleave_into",
    "level",
    "mix",
    "mix_into",
    "mix_minus",
]
