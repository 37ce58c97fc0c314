"""Frames that tell of whom they are and which: so they are known again when a server sends them back.

A frame is 160 µ-law codewords. Six of them are two numbers of three digits to the base of 100, the call's and the
frame's; the rest is a tone. All are such that they survive a server that decodes and encodes them.
"""

from __future__ import annotations

import math
from array import array
from functools import lru_cache

from phonewire import g711

__all__ = ["FRAME_BYTES", "FRAME_MS", "HEAD_BYTES", "MOST", "TONE", "Voice", "read_head"]

FRAME_BYTES = 160
FRAME_MS = 20
HEAD_BYTES = 6
#: How many calls, and how many frames of one, there are numbers for.
MOST = 100**3

# µ-law has two zeros, 0xFF and 0x7F, and only the first comes out of an encoder.
_ZERO = 0x80
_TONE_HZ, _LOUDNESS = 500, 4000


def _tone() -> bytes:
    turns = (_TONE_HZ * index / 8000 for index in range(FRAME_BYTES))
    return g711.ulaw_encode(array("h", [round(_LOUDNESS * math.sin(2 * math.pi * turn)) for turn in turns]))


#: A frame without numbers.
TONE = _tone()


@lru_cache(maxsize=8192)
def _digits(number: int) -> bytes:
    """Return a number as three codewords."""
    high, low = divmod(number, 100)
    return bytes([_ZERO + high // 100, _ZERO + high % 100, _ZERO + low])


class Voice:
    """What one call says.

    Args:
        call: its number, below `MOST`.
        stamped: whether frames have numbers; without them all are the same.
    """

    def __init__(self, call: int, *, stamped: bool) -> None:
        self._call = _digits(call) if stamped else None

    def head(self, number: int) -> bytes:
        """Return the first six codewords of a frame; what follows is that of `TONE`."""
        return TONE[:HEAD_BYTES] if self._call is None else self._call + _digits(number)


def read_head(codewords: bytes) -> tuple[int, int] | None:
    """Return the numbers of call and frame that six codewords are, None when they are none."""
    if len(codewords) != HEAD_BYTES:
        return None
    a, b, c, d, e, f = codewords
    if min(codewords) < _ZERO or max(codewords) >= _ZERO + 100:
        return None
    # 10,101 is 111 to the base of 100: the zero of each digit.
    return a * 10_000 + b * 100 + c - 10_101 * _ZERO, d * 10_000 + e * 100 + f - 10_101 * _ZERO
