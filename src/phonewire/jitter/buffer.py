"""A jitter buffer: packets in as the network delivers them, frames out in time."""

from __future__ import annotations

from bisect import insort

import msgspec

from phonewire.jitter.concealment import Concealer
from phonewire.jitter.frame import Frame, FrameKind, Jump
from phonewire.jitter.pauses import Pauses
from phonewire.jitter.source import Arrival, Packet, Source
from phonewire.jitter.stats import JitterStats
from phonewire.jitter.transit import TransitHistory
from phonewire.protocols.connection import MediaFormat

__all__ = ["JitterBuffer"]

MAX_PACKETS = 200  # 4 s
MAX_BYTES = 65_536
_MAX_PAYLOAD_MS = 200  # RFC 3551 section 4.2: what receivers should accept

_MS = 1_000_000
_HISTORY_MS = 2000  # what was longer ago says nothing about the network
_EXCESS_NS = 5 * _MS  # so much more than a frame too long, and the delay may shrink
_FAR_TOO_LONG_NS = 200 * _MS  # so much longer than it should be, the delay is worse than a gap
_PATIENCE_NS = 500 * _MS  # between two frames dropped for that
_STALL_NS = 100 * _MS  # the caller has slept: time that is longer ago is not made up for
_FILL_NS = 5_000 * _MS  # more silence than this is no pause but an end


class JitterBuffer:
    """Puts packets in order, waits for as many as is worth the delay, and stands in for those that do not come.

    The delay follows the network: it is what 95 % of the packets of the last 2 s needed. It grows where nothing is
    there to be played, so that growing is no loss by itself; it shrinks where packets are lost and in pauses of speech,
    and by a frame each half second where it is 200 ms too long. After 5 s without packets no more silence is made.

    It keeps at most 200 packets and 64 KiB: newer packets push out the oldest.

    Args:
        media_format: how payloads are coded.
        ptime_ms: audio of a packet, as far as known; that of a frame that is made here.

    Raises:
        ValueError: *ptime_ms* is not 1 to 200.

    Example::

        buffer = JitterBuffer(MediaFormat("ulaw", 8000))
        for packet in received:                       # as they come
            buffer.put(
                packet.payload,
                sequence_number=packet.sequence_number,
                timestamp=packet.timestamp,
                ssrc=packet.ssrc,
                now_ns=time.monotonic_ns(),
            )
        while (frame := buffer.pop(time.monotonic_ns())) is not None:  # every 20 ms
            play(frame.payload)

    Source: our own; the share and the history are those of WebRTC's NetEq.
    """

    def __init__(self, media_format: MediaFormat, *, ptime_ms: int = 20) -> None:
        if not 1 <= ptime_ms <= _MAX_PAYLOAD_MS:
            raise ValueError(f"ptime_ms is 1 to {_MAX_PAYLOAD_MS}, got {ptime_ms}")
        self._stats = JitterStats()
        self._bytes_per_ms = media_format.bytes_per_ms
        self._group_bytes = media_format.group_bytes
        self._frame_bytes = ptime_ms * self._bytes_per_ms
        self._frame_ns = ptime_ms * _MS
        self._transits = TransitHistory(_HISTORY_MS // ptime_ms)
        self._source = Source(media_format, self._transits, self._stats)
        self._concealer = Concealer(media_format)
        self._pauses = Pauses(media_format)
        self._waiting: dict[int, Packet] = {}  # by order
        self._orders: list[int] = []  # of what waits, sorted
        self._size = 0  # bytes that wait
        self._last = -1  # order of the last packet whose turn is over
        self._playing = False
        self._due_ns = 0  # when the next frame is due
        self._media_ns = 0  # which media time is due then; the difference is the delay
        self._shrunk_ns = 0  # when a frame was dropped last
        self._starved_ns = 0  # how much was made here since the last packet
        self._jump_ms = 0  # of timestamps, since the last packet played
        self._paused_ns: int | None = None  # since when there is nothing to play
        self._position_ns = 0  # of the next frame on the line of all frames

    def put(self, payload: bytes, *, sequence_number: int, timestamp: int, now_ns: int, ssrc: int = 0) -> bool:
        """Take a packet.

        Args:
            payload: n codewords or 2*n bytes, up to 200 ms of audio.
            sequence_number: of its header.
            timestamp: of its header, in samples of a channel.
            now_ns: when it came.
            ssrc: of its header.

        Returns:
            Whether it waits to be played now. The first of a source is held until a second confirms it; duplicates, and
            what comes too late, is malformed or belongs to no stream are counted in `stats` and forgotten.

        Raises:
            ValueError: *sequence_number* is not 0 to 65535; nothing was taken.
            TypeError: a number is no integer.
        """
        if not 0 < len(payload) <= _MAX_PAYLOAD_MS * self._bytes_per_ms or len(payload) % self._group_bytes:
            self._stats.refused += 1
            return False
        accepted = False
        for packet in self._source.accept(Arrival(payload, sequence_number, timestamp, ssrc, now_ns)):
            accepted = self._keep(packet)
        return accepted

    def pop(self, now_ns: int) -> Frame | None:
        """Return the frame that is due, None when none is.

        Call it until it returns None, every ptime or more often; a frame that is due up to half a ptime later is
        returned at once. After a stall of the caller, frames that are due are returned, one each call.

        Args:
            now_ns: of the clock that `put` has.
        """
        if not self._playing and not self._begin(now_ns):
            return None
        if now_ns < self._due_ns - self._frame_ns // 2:
            return None
        packet = self._next()
        return self._conceal(now_ns) if packet is None else self._play(packet)

    def flush(self) -> list[Frame]:
        """Return what waits, in order and at once: nothing more comes."""
        self._source.refuse_held()
        frames = []
        while self._orders:
            frames.append(self._play(self._take()))
        self._playing = False
        return frames

    @property
    def idle(self) -> bool:
        """Whether `pop` has nothing to return before the next packet comes."""
        return not self._playing and not self._orders

    def stats(self) -> JitterStats:
        """Return what has been counted so far."""
        stats, transits = self._stats, self._transits
        stats.target_ms = (transits.target_ns - transits.fastest_ns) // _MS
        stats.jitter_ms = self._source.jitter_ms
        return msgspec.structs.replace(stats)

    # In

    def _keep(self, packet: Packet) -> bool:
        order, orders = packet.order, self._orders
        if order <= self._last:
            self._stats.late += 1
            return False
        self._waiting[order] = packet
        insort(orders, order)
        self._size += len(packet.payload)
        while self._size > MAX_BYTES or len(orders) > MAX_PACKETS:
            self._stats.pushed_out += 1
            self._stats.dropped_ms += self._duration_ns(self._take().payload) // _MS
        return order > self._last

    def _take(self) -> Packet:
        """Remove the first packet: its turn is over."""
        order = self._orders.pop(0)
        packet = self._waiting.pop(order)
        self._size -= len(packet.payload)
        self._stats.lost += order - self._last - 1
        self._last = order
        self._jump_ms += packet.jump_ms
        return packet

    # Out

    def _begin(self, now_ns: int) -> bool:
        """Begin to play when the first packet has waited long enough."""
        if not self._orders:
            return False
        first = self._waiting[self._orders[0]]
        if now_ns - first.media_ns < self._transits.target_ns:
            return False
        self._playing = True
        self._media_ns = first.media_ns
        self._due_ns = now_ns
        self._starved_ns = 0
        return True

    def _next(self) -> Packet | None:
        """Return the packet whose turn it is, None when it is not there.

        This is where the delay changes: `_media_ns` goes ahead when it shrinks and back when it grows.
        """
        target_ns, frame_ns = self._transits.target_ns, self._frame_ns
        while self._orders:
            packet = self._waiting[self._orders[0]]
            excess_ns = self._due_ns - self._media_ns - target_ns
            missing_ns = packet.media_ns - self._media_ns
            if missing_ns > frame_ns // 2:
                if excess_ns < frame_ns + _EXCESS_NS:
                    return None
                self._media_ns += min(missing_ns, excess_ns // frame_ns * frame_ns)
                continue
            self._take()
            if missing_ns < -frame_ns // 2:
                if self._due_ns - packet.media_ns > target_ns + _FAR_TOO_LONG_NS:
                    self._stats.late += 1
                    self._stats.lost += 1
                    continue
            elif excess_ns >= frame_ns + _EXCESS_NS and self._may_drop(packet, excess_ns):
                self._drop(packet)
                continue
            return packet
        return None

    def _may_drop(self, packet: Packet, excess_ns: int) -> bool:
        if self._pauses.has(packet.payload):
            return True
        return excess_ns >= _FAR_TOO_LONG_NS and self._due_ns - self._shrunk_ns >= _PATIENCE_NS

    def _drop(self, packet: Packet) -> None:
        duration_ns = self._duration_ns(packet.payload)
        self._media_ns = packet.media_ns + duration_ns
        self._shrunk_ns = self._due_ns
        self._stats.dropped += 1
        self._stats.dropped_ms += duration_ns // _MS

    def _play(self, packet: Packet) -> Frame:
        payload, stats = packet.payload, self._stats
        stats.played += 1
        stats.delay_ms = (self._due_ns - packet.media_ns - self._transits.fastest_ns) // _MS
        jump = Jump(self._jump_ms, 0) if self._jump_ms else None
        if self._paused_ns is not None:
            missing_ns = self._due_ns - self._paused_ns
            self._position_ns += missing_ns
            jump = Jump((missing_ns + _FILL_NS) // _MS, _FILL_NS // _MS)
            self._paused_ns = None
        self._jump_ms = self._starved_ns = 0
        self._concealer.heard(payload)
        duration_ns = self._duration_ns(payload)
        self._media_ns = packet.media_ns + duration_ns
        return self._frame(payload, duration_ns, FrameKind.RECEIVED, jump)

    def _conceal(self, now_ns: int) -> Frame | None:
        """Stand in for a packet that is not there; where the delay should be longer, wait for it at the same time."""
        if self._starved_ns >= _FILL_NS:
            self._playing, self._paused_ns = False, self._due_ns
            return None
        if now_ns - self._due_ns > _STALL_NS:
            self._due_ns = now_ns
        if self._due_ns - self._media_ns >= self._transits.target_ns:
            self._media_ns += self._frame_ns
        self._starved_ns += self._frame_ns
        self._stats.concealed_ms += self._frame_ns // _MS
        return self._frame(self._concealer.conceal(self._frame_bytes), self._frame_ns, FrameKind.CONCEALED, None)

    def _frame(self, payload: bytes, duration_ns: int, kind: FrameKind, jump: Jump | None) -> Frame:
        position_ns = self._position_ns
        self._position_ns += duration_ns
        self._due_ns += duration_ns
        return Frame(payload, kind, position_ns // _MS, jump)

    def _duration_ns(self, payload: bytes) -> int:
        return len(payload) * _MS // self._bytes_per_ms
