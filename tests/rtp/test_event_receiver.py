"""Keys out of telephone-event packets, whatever is lost: RFC 4733 section 2.5.2."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire.errors import PacketError
from phonewire.rtp import telephone_event
from phonewire.rtp.event_receiver import EventEnd, EventReceiver, EventStart
from phonewire.rtp.event_sender import event_packets
from phonewire.rtp.telephone_event import TelephoneEvent

MS = 1_000_000


class Line:
    """A receiver with a clock that stands 20 ms later at each packet."""

    def __init__(self) -> None:
        self.receiver = EventReceiver()
        self.now_ns = 0
        self.changes: list = []

    def packet(self, payload: bytes, timestamp: int, ssrc: int = 1) -> list:
        self.now_ns += 20 * MS
        changes = self.receiver.receive(payload, ssrc=ssrc, timestamp=timestamp, now_ns=self.now_ns)
        self.changes += changes
        return changes

    def report(self, event: int, duration: int, timestamp: int, *, end: bool = False, ssrc: int = 1) -> list:
        return self.packet(telephone_event.pack([TelephoneEvent(event, duration, end)]), timestamp, ssrc)

    def silence(self) -> list:
        self.now_ns += 10_000 * MS
        changes = self.receiver.handle_timeout(self.now_ns)
        self.changes += changes
        return changes


KEY = event_packets(5, 800, timestamp=1000, samples_per_packet=160)


def test_one_key_from_beginning_to_end() -> None:
    line = Line()
    assert line.packet(*KEY[0][:2]) == [EventStart(5, 1000, -10)]
    assert [line.packet(*packet[:2]) for packet in KEY[1:4]] == [[], [], []]
    assert line.packet(*KEY[4][:2]) == [EventEnd(5, 1000, 800, confirmed=True)]
    assert [line.packet(*packet[:2]) for packet in KEY[5:]] == [[], []]
    assert line.silence() == []


@pytest.mark.parametrize("arrived", list(itertools.product([False, True], repeat=len(KEY))))
def test_whatever_is_lost_there_is_one_key(arrived: tuple[bool, ...]) -> None:
    line = Line()
    for packet in itertools.compress(KEY, arrived):
        line.packet(*packet[:2])
    line.silence()
    if not any(arrived):
        assert line.changes == []
        return
    confirmed = any(arrived[4:])
    duration = 800 if confirmed else 160 * max(i + 1 for i in range(4) if arrived[i])
    assert line.changes == [EventStart(5, 1000, -10), EventEnd(5, 1000, duration, confirmed=confirmed)]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_the_order_and_the_repetitions_there_is_one_key(seed: int) -> None:
    line = Line()
    for packet in random.Random(seed).choices(KEY, k=15):
        line.packet(*packet[:2])
    line.silence()
    assert [type(change) for change in line.changes] == [EventStart, EventEnd]


def test_the_same_key_twice_is_two_keys() -> None:
    line = Line()
    for timestamp in (1000, 3400):
        for packet in event_packets(5, 800, timestamp=timestamp, samples_per_packet=160):
            line.packet(packet.payload, packet.timestamp)
    assert line.changes == [
        EventStart(5, 1000, -10), EventEnd(5, 1000, 800, confirmed=True),
        EventStart(5, 3400, -10), EventEnd(5, 3400, 800, confirmed=True),
    ]  # fmt: skip


def test_the_next_key_ends_the_one_before() -> None:
    line = Line()
    line.report(1, 160, 1000)
    assert line.report(2, 160, 3000) == [EventEnd(1, 1000, 160, confirmed=False), EventStart(2, 3000, -10)]
    assert line.report(1, 800, 1000, end=True) == []  # too late
    assert line.report(2, 800, 3000, end=True) == [EventEnd(2, 3000, 800, confirmed=True)]


def test_silence_ends_a_key_at_its_deadline_and_not_before() -> None:
    line = Line()
    assert line.receiver.next_deadline_ns() is None
    line.report(7, 160, 1000)
    line.report(7, 320, 1000)
    assert line.receiver.next_deadline_ns() == line.now_ns + 150 * MS
    assert line.receiver.handle_timeout(line.now_ns + 150 * MS - 1) == []
    assert line.receiver.handle_timeout(line.now_ns + 150 * MS) == [EventEnd(7, 1000, 320, confirmed=False)]
    assert line.receiver.next_deadline_ns() is None
    assert line.receiver.handle_timeout(line.now_ns + 999 * MS) == []
    assert line.report(7, 800, 1000, end=True) == []  # a straggler is no second key


def test_a_late_report_makes_a_key_no_shorter() -> None:
    line = Line()
    line.report(7, 480, 1000)
    line.report(7, 320, 1000)
    assert line.silence() == [EventEnd(7, 1000, 480, confirmed=False)]


def test_the_timeout_is_an_argument() -> None:
    receiver = EventReceiver(timeout_ms=60)
    receiver.receive(KEY[0].payload, ssrc=1, timestamp=1000, now_ns=5)
    assert receiver.next_deadline_ns() == 60 * MS + 5


@pytest.mark.parametrize("start", [1000, 2**32 - 0x8000])
@pytest.mark.parametrize("lost", [None, 200, 409, 410, 411, 819])
def test_a_key_held_over_segments_is_one_key(start: int, lost: int | None) -> None:
    line = Line()
    packets = event_packets(5, 150_000, timestamp=start, samples_per_packet=160)
    for i, packet in enumerate(packets):
        if i != lost:
            line.packet(packet.payload, packet.timestamp)
    assert line.changes == [EventStart(5, start, -10), EventEnd(5, start, 150_000, confirmed=True)]


def test_a_key_believed_lost_goes_on_in_its_next_segment_without_being_a_second_key() -> None:
    line = Line()
    line.report(5, 160, 1000)
    line.silence()
    assert line.report(5, 160, 1000 + 65535) == []
    assert line.report(5, 320, 1000 + 65535, end=True) == []


def test_the_same_key_65535_units_after_an_end_is_a_second_key() -> None:
    line = Line()
    line.report(5, 160, 1000, end=True)
    assert line.report(5, 160, 1000 + 65535) == [EventStart(5, 1000 + 65535, -10)]


def test_timestamps_wrap_around() -> None:
    line = Line()
    line.report(1, 800, 2**32 - 400, end=True)
    assert line.report(2, 160, 1000) == [EventStart(2, 1000, -10)]
    assert line.report(1, 800, 2**32 - 400, end=True) == []


def test_a_sender_may_begin_anew_with_its_timestamps() -> None:
    line = Line()
    line.report(1, 800, 500_000, end=True)
    assert line.report(2, 160, 500_000 - 131_070) == []
    assert line.report(2, 160, 500_000 - 131_071) == [EventStart(2, 368_929, -10)]


def test_another_source_is_another_stream() -> None:
    line = Line()
    line.report(1, 160, 1000, ssrc=1)
    assert line.report(1, 160, 1000, ssrc=2) == [EventEnd(1, 1000, 160, confirmed=False), EventStart(1, 1000, -10)]


def test_several_events_in_a_packet_follow_each_other() -> None:
    line = Line()
    payload = telephone_event.pack([TelephoneEvent(1, 400, end=True), TelephoneEvent(2, 160)])
    assert line.packet(payload, 2**32 - 100) == [
        EventStart(1, 2**32 - 100, -10), EventEnd(1, 2**32 - 100, 400, confirmed=True), EventStart(2, 300, -10),
    ]  # fmt: skip
    assert line.packet(payload, 2**32 - 100) == []
    assert line.report(2, 320, 300, end=True) == [EventEnd(2, 300, 320, confirmed=True)]


def test_another_event_at_the_same_time_is_not_believed() -> None:
    line = Line()
    line.report(1, 160, 1000)
    assert line.report(2, 320, 1000, end=True) == []
    assert line.report(1, 320, 1000, end=True) == [EventEnd(1, 1000, 320, confirmed=True)]


def test_a_malformed_packet_changes_nothing() -> None:
    line = Line()
    line.report(1, 160, 1000)
    deadline = line.receiver.next_deadline_ns()
    with pytest.raises(PacketError):
        line.packet(b"\x01\x0a\x01", 1000)
    with pytest.raises(PacketError):
        line.packet(b"", 9000, ssrc=5)
    assert line.receiver.next_deadline_ns() == deadline
    assert line.report(1, 320, 1000, end=True) == [EventEnd(1, 1000, 320, confirmed=True)]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3), st.sampled_from([0, 160, 320, 65535]), st.booleans(),
            st.sampled_from([0, 160, 1000, 65535, 65695, 131070, 2**31, 2**32 - 160]), st.integers(1, 2),
        ),
        max_size=30,
    )
)  # fmt: skip
def test_whatever_comes_starts_and_ends_alternate(packets: list) -> None:
    line = Line()
    for event, duration, end, timestamp, ssrc in packets:
        line.report(event, duration, timestamp, end=end, ssrc=ssrc)
    line.silence()
    starts, ends = line.changes[::2], line.changes[1::2]
    assert all(isinstance(change, EventStart) for change in starts)
    assert all(isinstance(change, EventEnd) for change in ends)
    assert [(s.event, s.timestamp) for s in starts] == [(e.event, e.timestamp) for e in ends]
