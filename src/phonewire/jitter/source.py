"""Which packets belong to a stream, in which order, and when they were due: RFC 3550 A.1, and one timeline for all."""

from __future__ import annotations

import msgspec

from phonewire.jitter.stats import JitterStats
from phonewire.jitter.transit import TransitHistory
from phonewire.protocols.connection import MediaFormat
from phonewire.rtp import SequenceTracker

__all__ = ["Arrival", "Packet", "Source"]

_NS = 1_000_000_000
_JUMP_NS = _NS  # timestamps that are off by more belong to a new timeline: no network delays by so much and goes on
_SEEN = (1 << 128) - 1  # duplicates are known among so many packets: RFC 3550 takes none that is 100 behind


class Packet(msgspec.Struct, gc=False):
    """What a jitter buffer keeps of a packet.

    Attributes:
        order: its number in the stream, without wrap-around and over restarts.
        media_ns: when it would have come, had all packets been equally long under way.
        payload: as on the wire.
        jump_ms: how far its timestamp is from where it should be; 0 when it is on the timeline.
    """

    order: int
    media_ns: int
    payload: bytes
    jump_ms: int


class Arrival(msgspec.Struct, gc=False):
    """A packet as it comes.

    Attributes:
        payload: as on the wire.
        sequence_number: of the header.
        timestamp: of the header.
        ssrc: of the header.
        now_ns: when it came.
    """

    payload: bytes
    sequence_number: int
    timestamp: int
    ssrc: int
    now_ns: int


class Source:
    """Follows who is sending, and puts packets in order and on one timeline.

    A packet that nothing vouches for yet is held until the next one does, or does not.

    Sources that change, restarts and timestamps that jump do not break the timeline: what comes next is taken for as
    long under way as what came last.

    Args:
        media_format: how payloads are coded.
        transits: learns from every packet.
        stats: counts what is refused, repeated and out of order.
    """

    def __init__(self, media_format: MediaFormat, transits: TransitHistory, stats: JitterStats) -> None:
        self._rate_hz = media_format.sample_rate_hz
        self._transits = transits
        self._stats = stats
        self._ssrc: int | None = None
        self._tracker = SequenceTracker()
        self._held: Arrival | None = None
        self._rival_ssrc: int | None = None
        self._rival = SequenceTracker()
        self._offset = 0  # from extended sequence numbers to order
        self._first = 0  # order of the first packet since the last restart
        self._highest = -1
        self._seen = 0  # bit n: the packet n before the highest has come
        self._timestamp = 0  # of the last packet
        self._ticks = 0  # the same without wrap-around
        self._shift_ns = 0  # from these to the timeline

    @property
    def jitter_ms(self) -> float:
        """Interarrival jitter, RFC 3550 A.8."""
        return self._tracker.jitter * 1000 / self._rate_hz

    def accept(self, arrival: Arrival) -> list[Packet]:
        """Take a packet.

        Returns:
            What belongs to the stream: nothing, the packet, or the one before as well, which it confirms.

        Raises:
            ValueError: the sequence number is out of range.
            TypeError: a field is no integer.
        """
        ssrc = arrival.ssrc
        tracker = self._tracker if ssrc == self._ssrc else self._tracker_of(ssrc)
        if not tracker.update(arrival.sequence_number):
            self.refuse_held()
            self._held = arrival
            return []
        self._rival_ssrc = None  # who wants to be heard instead has to begin again
        self._tracker, self._ssrc = tracker, ssrc
        if tracker.received == 1:
            return self._restart(arrival)
        self.refuse_held()
        packet = self._place(arrival)
        return [] if packet is None else [packet]

    def refuse_held(self) -> None:
        """Give up the packet that waits for another to confirm it."""
        self._stats.refused += self._held is not None
        self._held = None

    def _tracker_of(self, ssrc: int) -> SequenceTracker:
        """Return the tracker of a source that is not the one that is heard."""
        if ssrc != self._rival_ssrc:
            self._rival_ssrc, self._rival = ssrc, SequenceTracker()
        return self._rival

    def _restart(self, arrival: Arrival) -> list[Packet]:
        """Begin a sequence behind everything that has come, with the packet that was held until now."""
        arrivals, held = [arrival], self._held
        if held is not None and held.ssrc == arrival.ssrc and _follows(arrival, held):
            arrivals, self._held = [held, arrival], None
        self.refuse_held()
        self._stats.restarts += self._highest >= 0
        self._first = self._highest + 1
        self._offset = self._highest + len(arrivals) - self._tracker.extended_sequence_number
        self._timestamp, self._ticks = arrivals[0].timestamp, 0
        self._shift_ns = arrivals[0].now_ns - self._transits.last_ns  # as long under way as the last
        return [packet for each in arrivals if (packet := self._place(each)) is not None]

    def _place(self, arrival: Arrival) -> Packet | None:
        """Return a packet of the stream with its place; None when its place is taken."""
        stats = self._stats
        stats.received += 1
        extended = self._tracker.extended_sequence_number
        behind = (extended - arrival.sequence_number) & 0xFFFF
        order = self._offset + extended - behind
        ahead = order - self._highest
        if ahead > 0:
            self._seen = (self._seen << ahead | 1) & _SEEN if ahead < 128 else 1
            self._highest = order
        elif order < self._first:
            stats.late += 1
            return None
        elif self._seen >> -ahead & 1:
            stats.duplicate += 1
            return None
        else:
            stats.reordered += 1
            self._seen |= 1 << -ahead
        media_ns, jump_ms = self._time(arrival)
        return Packet(order, media_ns, arrival.payload, jump_ms)

    def _time(self, arrival: Arrival) -> tuple[int, int]:
        """Return a packet's media time, and how far its timestamp jumped."""
        timestamp, now_ns = arrival.timestamp, arrival.now_ns
        self._ticks += ((timestamp - self._timestamp + 0x80000000) & 0xFFFFFFFF) - 0x80000000
        self._timestamp = timestamp
        rate_hz = self._rate_hz
        media_ns = self._ticks * _NS // rate_hz + self._shift_ns
        jump_ns = media_ns - now_ns + self._transits.last_ns
        if -_JUMP_NS <= jump_ns <= _JUMP_NS:
            jump_ns = 0
        else:
            self._stats.jumps += 1
            self._shift_ns -= jump_ns
            media_ns -= jump_ns
        self._transits.add(now_ns - media_ns)
        self._tracker.update_jitter(media_ns * rate_hz // _NS & 0xFFFFFFFF, now_ns * rate_hz // _NS)
        return media_ns, jump_ns // 1_000_000


def _follows(arrival: Arrival, held: Arrival) -> bool:
    return (held.sequence_number + 1) & 0xFFFF == arrival.sequence_number
