"""Types shared by every layer; no code."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Literal, TypeAlias

if sys.version_info >= (3, 12):
    from collections.abc import Buffer
else:
    from typing_extensions import Buffer

__all__ = ["Buffer", "Encoding", "MediaFramer", "UlawFamily"]

#: How audio is coded on a wire: G.711 codewords, or linear samples with the byte order in the name.
Encoding = Literal["ulaw", "alaw", "s16le", "s16be"]

#: From a piece of audio to the message that carries it.
MediaFramer: TypeAlias = Callable[[bytes], bytes]

#: Which µ-law encoder: ITU-T G.191, or CPython's former ``audioop`` (508 of 65,536 samples differ by one codeword).
UlawFamily = Literal["itu", "audioop"]
