"""G.711 (PCMU and PCMA): 16-bit linear samples to 8-bit codewords and back.

Samples are s16 in native byte order. Functions take any C-contiguous buffer of bytes or, for samples, of native 16-bit
integers; they return new bytes and have an ``_into`` twin that writes to the caller's buffer.

Both laws complement what they transmit, so that silence is not zero: see `ULAW_SILENCE` and `ALAW_SILENCE`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from phonewire._backend import NATIVE

if TYPE_CHECKING or not NATIVE:
    from phonewire._pure.g711 import (
        alaw_decode,
        alaw_decode_into,
        alaw_encode,
        alaw_encode_into,
        alaw_to_ulaw,
        alaw_to_ulaw_into,
        split_stereo,
        ulaw_decode,
        ulaw_decode_into,
        ulaw_encode,
        ulaw_encode_into,
        ulaw_to_alaw,
        ulaw_to_alaw_into,
    )
else:
    from phonewire._native.g711 import (
        alaw_decode,
        alaw_decode_into,
        alaw_encode,
        alaw_encode_into,
        alaw_to_ulaw,
        alaw_to_ulaw_into,
        split_stereo,
        ulaw_decode,
        ulaw_decode_into,
        ulaw_encode,
        ulaw_encode_into,
        ulaw_to_alaw,
        ulaw_to_alaw_into,
    )

__all__ = [
    "ALAW_SILENCE",
    "ULAW_SILENCE",
    "alaw_decode",
    "alaw_decode_into",
    "alaw_encode",
    "alaw_encode_into",
    "alaw_to_ulaw",
    "alaw_to_ulaw_into",
    "split_stereo",
    "ulaw_decode",
    "ulaw_decode_into",
    "ulaw_encode",
    "ulaw_encode_into",
    "ulaw_to_alaw",
    "ulaw_to_alaw_into",
]

#: The codeword of positive zero; decoders give 0 for it. (0x7F is negative zero.)
ULAW_SILENCE: Final = 0xFF

#: The codeword of the smallest positive level; A-law has no zero and decodes it to 8.
ALAW_SILENCE: Final = 0xD5
