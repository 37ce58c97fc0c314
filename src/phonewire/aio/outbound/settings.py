"""How a call sends its audio, and what a write does when too much of it waits."""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

from phonewire.aio.pacing import PTIME_MS
from phonewire.protocols.connection import MessageRate

__all__ = ["OutboundSettings", "QueuePolicy", "check_queue"]

#: What a write does when the queue is full.
QueuePolicy = Literal["wait", "drop-oldest", "raise"]


def check_queue(queue_ms: int, queue_policy: str) -> None:
    """Raise ValueError unless this is a size and a policy of a queue."""
    if queue_policy not in get_args(QueuePolicy):
        raise ValueError(f"queue_policy is one of {', '.join(get_args(QueuePolicy))}, got {queue_policy!r}")
    if queue_ms < PTIME_MS:
        raise ValueError(f"queue_ms is at least {PTIME_MS}, got {queue_ms}")


class OutboundSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a call sends its audio.

    Attributes:
        paced: send at real-time speed; otherwise as fast as the socket takes it.
        lead_ms: how far ahead of real time to send, for a far end that buffers.
        queue_ms: audio that may wait here.
        queue_policy: what a write does when more would: wait, drop the oldest audio that waits, or raise.
        frame_size: bytes of one media message.
        pad: fill the last frame up with silence; otherwise it is as long as it is.
        continuous: send silence while there is nothing to say, because the far end waits for audio.
        message_rate: how many messages the far end takes; None for any number.
    """

    paced: bool = True
    lead_ms: int = 0
    queue_ms: int = 2000
    queue_policy: QueuePolicy = "wait"
    frame_size: int
    pad: bool = True
    continuous: bool = False
    message_rate: MessageRate | None = None
