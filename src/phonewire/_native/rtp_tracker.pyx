# cython: language_level=3
"""What a receiver knows of an RTP source, kept by the compiled core; see `phonewire._pure.rtp_tracker`."""

from cython cimport auto_pickle, final

from phonewire._native.kernels cimport K
from phonewire._native.rtp cimport pw_rtp_report, pw_rtp_tracker
from phonewire._native.rtp_pack cimport number

from phonewire._native import document
from phonewire._pure.rtp_tracker import ReceptionReport

__all__ = ["SequenceTracker"]


cdef extern from "Python.h":
    unsigned long long PyLong_AsUnsignedLongLongMask(object) except? 0xFFFFFFFFFFFFFFFF


@final
@auto_pickle(False)
cdef class SequenceTracker:
    """SequenceTracker()\n--\n
    Follows the sequence numbers of one source: which packets are valid, how many are lost, how much they jitter.

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
    cdef pw_rtp_tracker _tracker  # all zero: nothing has come yet

    def __cinit__(self):
        pass

    @property
    def base_sequence_number(self):
        return self._tracker.base

    @property
    def extended_sequence_number(self):
        return self._tracker.cycles + self._tracker.max

    @property
    def rollover_count(self):
        return self._tracker.cycles >> 16

    @property
    def received(self):
        return self._tracker.received

    @property
    def expected(self):
        return K.rtp_expected(&self._tracker)

    @property
    def lost(self):
        return K.rtp_expected(&self._tracker) - <long long>self._tracker.received

    @property
    def jitter(self):
        return self._tracker.jitter >> 4

    def update(self, sequence_number, /):
        return K.rtp_track(&self._tracker, number("sequence_number", sequence_number, 0xFFFF)) != 0

    def update_jitter(self, timestamp, arrival, /):
        cdef unsigned long long ticks = PyLong_AsUnsignedLongLongMask(arrival)
        K.rtp_track_jitter(&self._tracker, number("timestamp", timestamp, 0xFFFFFFFF), ticks & 0xFFFFFFFF)

    def report(self):
        cdef pw_rtp_report report
        K.rtp_report_interval(&self._tracker, &report)
        return ReceptionReport(
            report.fraction_lost, report.cumulative_lost, report.highest_sequence_number, report.jitter
        )


document(globals())
