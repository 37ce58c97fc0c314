"""What a call has said since it was last asked: kept as it comes, decoded when somebody asks."""

from __future__ import annotations

from collections import deque

from phonewire import pcm
from phonewire.aio.call.call import Call
from phonewire.aio.timeline import SENT
from phonewire.protocols.connection import Media
from phonewire.protocols.payload import decoder

__all__ = ["Overheard"]

_MOST_MS = 1000  # that is kept of a track: late audio is worse than lost
_AHEAD_PIECES = 64  # sent and not played yet: more than any far end buffers is a call without pacing


class Overheard:
    """Overhears a call, until `stop`.

    What this side says is there when the far end plays it, so that both sides are heard as they answer each other.

    Args:
        call: the call.

    Attributes:
        tracks: whose audio there is: the far end's by their names, ours last, as `SENT`.
    """

    def __init__(self, call: Call) -> None:
        self._call = call
        wire = call.media_format
        self.tracks: tuple[str | None, ...] = call.tracks + ((SENT,) if call.may_send else ())
        self._most_bytes = wire.size_of(_MOST_MS)
        self._kept = {track: bytearray() for track in self.tracks}
        self._ahead: deque[tuple[int, bytes]] = deque()
        self._decode = decoder(wire.encoding)
        call.ears.add(self)

    def stop(self) -> None:
        """Overhear it no more."""
        self._call.ears.remove(self)

    def heard(self, media: Media) -> None:
        """Take a piece of what the far end said; never waits."""
        self._keep(media.track, media.payload)

    def sent(self, payload: bytes, played_ns: int) -> None:
        """Take a piece of what this side said and when the far end plays it; of nothing, when it stopped playing."""
        if payload:
            self._ahead.append((played_ns, payload))
            if len(self._ahead) > _AHEAD_PIECES:
                self._keep(SENT, self._ahead.popleft()[1])
        else:
            while self._ahead and self._ahead[-1][0] >= played_ns:
                self._ahead.pop()

    def take(self, now_ns: int) -> list[bytes]:
        """Return what has been said since the last time: for each of `tracks` samples, s16 in native byte order.

        Args:
            now_ns: the present, on the clock of the event loop.
        """
        while self._ahead and self._ahead[0][0] <= now_ns:
            self._keep(SENT, self._ahead.popleft()[1])
        taken = [self._samples(bytes(kept)) for kept in self._kept.values()]
        for kept in self._kept.values():
            kept.clear()
        return taken

    def _keep(self, track: str | None, payload: bytes) -> None:
        kept = self._kept.get(track)
        if kept is not None:
            kept += payload
            if len(kept) > self._most_bytes:
                del kept[: -self._most_bytes]

    def _samples(self, payload: bytes) -> bytes:
        samples, channels = self._decode(payload), self._call.media_format.channels
        return samples if channels == 1 else pcm.mix(pcm.deinterleave(samples, channels))
