"""The jitter buffer: from packets as the network delivers them to frames in time.

No input or output, no clock: time is an argument, in nanoseconds of one monotonic clock.
"""

from __future__ import annotations

from phonewire.jitter.buffer import JitterBuffer
from phonewire.jitter.frame import Frame, FrameKind, Jump
from phonewire.jitter.stats import JitterStats

__all__ = ["Frame", "FrameKind", "JitterBuffer", "JitterStats", "Jump"]
