"""How much of what waits goes into the next message, where the far end counts messages."""

from __future__ import annotations

from phonewire.aio.outbound.mark import Mark
from phonewire.aio.outbound.send_queue import SendQueue
from phonewire.aio.transports.message_budget import MessageBudget
from phonewire.protocols.connection import MediaFormat, MessageRate

__all__ = ["Batch"]


class Batch:
    """Makes one message of many frames.

    There is a message when so much audio waits as is wanted in one, when nothing more comes to it, or when it has
    waited as long as it would have lasted. It holds all that waits and that the far end's buffer is to hold, so that
    one that had to wait is longer. When few messages are left, all are twice as long, before one has to wait for so
    long that the far end runs dry.

    Args:
        wire: how audio is coded.
        rate: what the far end takes.
        lead_ms: that is in the far end's buffer when the next message comes.
        budget: of messages.

    Attributes:
        gathers: audio waits, and more is to come to it.
    """

    def __init__(self, wire: MediaFormat, rate: MessageRate, lead_ms: int, budget: MessageBudget) -> None:
        self._wire = wire
        self._budget = budget
        self._batch_ms = rate.batch_ms
        self._lead_ms = lead_ms
        self._most = rate.message_bytes
        self._wait_ns = rate.batch_ms * 1_000_000
        self._since_ns: int | None = None
        self.gathers = False

    def is_due(self, queue: SendQueue, now_ns: int) -> bool:
        """Say whether the next message may go."""
        if not queue.audio_bytes:
            self._since_ns = None
            self.gathers = False
            return False
        if self._since_ns is None:
            self._since_ns = now_ns
        self.gathers = not (
            queue.finished
            or queue.audio_bytes >= self._wire.size_of(self._wanted_ms)
            or now_ns - self._since_ns >= self._wait_ns
        )
        return not self.gathers and self._budget.allows_audio()

    def take(self, queue: SendQueue, buffered_ns: int) -> list[bytes | Mark]:
        """Return what the next message is made of, with the marks in it; all of it is still in the queue.

        Args:
            queue: has audio.
            buffered_ns: what the far end has still to play.
        """
        wanted_ms = self._wanted_ms
        room_ms = self._lead_ms + wanted_ms - buffered_ns // 1_000_000
        room = self._wire.size_of(max(room_ms, wanted_ms))
        items: list[bytes | Mark] = []
        size = 0
        for item in queue:
            if isinstance(item, bytes):
                size += len(item)
                if size > self._most or (items and size > room):
                    break
            items.append(item)
        self._since_ns = None
        return items

    @property
    def _wanted_ms(self) -> int:
        return 2 * self._batch_ms if self._budget.is_low else self._batch_ms
