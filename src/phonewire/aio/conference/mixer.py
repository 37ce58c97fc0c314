"""One tick of a conference: what each leg says added up, and taken away from what it hears.

No input or output, no clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from phonewire import pcm
from phonewire.aio.conference.inlet import Inlet

__all__ = ["Mixed", "mix"]


class Mixed(NamedTuple):
    """What is heard in a tick: s16 samples in native byte order.

    Attributes:
        others: by inlet, of those that say something, the sum of all others.
        everything: the sum of all: what everybody else hears.
    """

    others: dict[Inlet, bytes]
    everything: bytes


def mix(inlets: Iterable[Inlet], silence: bytes) -> Mixed:
    """Take the frame that is due of each leg, and return what is heard.

    Args:
        inlets: of the legs that may speak.
        silence: a frame of it.

    Returns:
        Sums of 32 bits, each clipped once to 16, as `phonewire.pcm.mix_minus` does it.
    """
    spoken = {inlet: frame for inlet in inlets if (frame := inlet.next()) is not None}
    # Who says nothing hears all: one more leg that is silent, rather than another pass over everything.
    *others, everything = pcm.mix_minus([*spoken.values(), silence])
    return Mixed(dict(zip(spoken, others, strict=True)), everything)
