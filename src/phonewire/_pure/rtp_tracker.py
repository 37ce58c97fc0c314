"""What a receiver knows of an RTP source, in plain Python: RFC 3550 appendix A.1, A.3 and A.8."""

from __future__ import annotations

from operator import index
from typing import Final, NamedTuple, final

from phonewire._pure.rtp_pack import U16, U32, field

__all__ = ["SequenceTracker"]

MAX_DROPOUT: Final = 3000
MAX_MISORDER: Final = 100
MIN_SEQUENTIAL: Final = 2
# A transit time that changes by more is a new timeline and no jitter: MAX_DROPOUT packets of 20 ms at 8 kHz.
_MAX_TRANSIT_CHANGE = MAX_DROPOUT * 160
_MOD = 1 << 16


class ReceptionReport(NamedTuple):
    """What an RTCP report block says of a source (RFC 3550 section 6.4.1).

    Attributes:
        fraction_lost: of 256 packets expected since the last report, how many are lost; 0 where duplicates outweigh.
        cumulative_lost: packets lost since the beginning; negative with duplicates, kept to 24 bits.
        highest_sequence_number: extended by the number of wrap-arounds, modulo 2**32.
        jitter: in timestamp units.
    """

    fraction_lost: int
    cumulative_lost: int
    highest_sequence_number: int
    jitter: int


@final
class SequenceTracker:
    """Follows the sequence numbers of one source: which packets are valid, how many are lost, how much they jitter.

    Attributes:
        base_sequence_number: the first that counts; the second in a row, since the first is on probation.
        extended_sequence_number: the highest, plus 65536 for each wrap-around.
        rollover_count: wrap-arounds.
        received: valid packets, late ones and duplicates included.
        expected: packets from the base to the highest; 0 during probation.
        lost: expected less received; negative with duplicates.
        jitter: interarrival jitter in timestamp units, rounded down.

    Source: RFC 3550 appendix A.1, A.3 and A.8.
    """

    def __init__(self) -> None:
        self._started = False
        self._probation = self._base = self._max = self._cycles = self._received = 0
        self._received_prior = self._expected_prior = self._jitter = 0
        self._bad: int | None = None  # the sequence number that would confirm a jump
        self._transit: int | None = None

    @property
    def base_sequence_number(self) -> int:
        return self._base

    @property
    def extended_sequence_number(self) -> int:
        return self._cycles + self._max

    @property
    def rollover_count(self) -> int:
        return self._cycles // _MOD

    @property
    def received(self) -> int:
        return self._received

    @property
    def expected(self) -> int:
        return self._cycles + self._max - self._base + 1 if self._started and not self._probation else 0

    @property
    def lost(self) -> int:
        return self.expected - self._received

    @property
    def jitter(self) -> int:
        return self._jitter >> 4

    def _start_sequence(self, sequence_number: int) -> None:
        self._base = self._max = sequence_number
        self._cycles = self._received = self._received_prior = self._expected_prior = 0
        self._bad = self._transit = None  # the old timeline says nothing about the new one

    def _probe(self, sequence_number: int) -> bool:
        in_sequence = sequence_number == (self._max + 1) % _MOD
        self._probation = self._probation - 1 if in_sequence else MIN_SEQUENTIAL - 1
        self._max = sequence_number
        if self._probation:
            return False
        self._start_sequence(sequence_number)
        self._received = 1
        return True

    def update(self, sequence_number: int, /) -> bool:
        """Take the sequence number of the next packet that arrived.

        Args:
            sequence_number: 0 to 65535.

        Returns:
            Whether the packet is valid. The first of a source never is, nor the first after a jump by more than 3000
            forward or 100 back: a second in sequence must confirm it. A late packet or a duplicate is.

        Raises:
            ValueError: *sequence_number* is out of range; nothing is counted.
            TypeError: *sequence_number* is no integer; nothing is counted.

        Source: RFC 3550 appendix A.1.
        """
        number = field("sequence_number", sequence_number, U16)
        if not self._started:
            self._started, self._probation = True, MIN_SEQUENTIAL
            self._start_sequence(number)
            self._max = (number - 1) % _MOD
        if self._probation:
            return self._probe(number)
        step = (number - self._max) % _MOD
        if step < MAX_DROPOUT:
            if number < self._max:
                self._cycles += _MOD
            self._max = number
        elif step <= _MOD - MAX_MISORDER:
            if number != self._bad:
                self._bad = (number + 1) % _MOD
                return False
            self._start_sequence(number)
        self._received += 1
        return True

    def update_jitter(self, timestamp: int, arrival: int, /) -> None:
        """Take the timing of a valid packet. Leave out packets that share a timestamp, such as telephone-events.

        Args:
            timestamp: of the packet, 0 to 2**32 - 1.
            arrival: when it came, in units of the same clock from any origin; only differences count, modulo 2**32.

        Raises:
            ValueError: *timestamp* is out of range; nothing is counted.
            TypeError: an argument is no integer; nothing is counted.

        A change of transit time by more than 480,000 units is taken for a new timeline: the jitter stays.

        Source: RFC 3550 appendix A.8, the variant in integers.
        """
        transit = (index(arrival) - field("timestamp", timestamp, U32)) & U32
        if self._transit is not None:
            change = (transit - self._transit) & U32
            distance = min(change, U32 + 1 - change)  # either way round the clock
            if distance <= _MAX_TRANSIT_CHANGE:
                self._jitter += distance - ((self._jitter + 8) >> 4)
        self._transit = transit

    def report(self) -> ReceptionReport:
        """Return the reception report since the last one, and begin the next interval.

        Returns:
            The four fields of an RTCP report block.

        Source: RFC 3550 appendix A.3 and section 6.4.1.
        """
        expected = self.expected
        interval = expected - self._expected_prior
        lost = interval - (self._received - self._received_prior)
        self._expected_prior, self._received_prior = expected, self._received
        return ReceptionReport(
            (lost << 8) // interval if interval and lost > 0 else 0,
            min(max(self.lost, -0x800000), 0x7FFFFF),
            self.extended_sequence_number & U32,
            self.jitter,
        )
