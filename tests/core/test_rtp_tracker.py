"""One source as its receiver sees it: RFC 3550 appendix A.1, A.3, A.8."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire import rtp

# The RFC's algorithm, run by hand and by an independent program:
# sequence numbers, accepted, base, highest, wrap-arounds, received, expected.
TRACES = {
    "wrap-around and reordering": (
        [65533, 65534, 65535, 0, 1, 3, 2, 4], [0, 1, 1, 1, 1, 1, 1, 1], 65534, 4, 1, 7, 7,
    ),
    "a jump that two packets confirm": ([10, 11, 5000, 12, 5001, 5002], [0, 1, 0, 1, 1, 1], 5001, 5002, 0, 2, 2),
    "a gap on probation": ([10, 12, 13, 14], [0, 0, 1, 1], 13, 14, 0, 2, 2),
    "a restart": ([1, 2, 3, 60000, 60001, 60002], [0, 1, 1, 0, 1, 1], 60001, 60002, 0, 2, 2),
}  # fmt: skip


@pytest.mark.parametrize("name", TRACES)
def test_the_traces(name: str) -> None:
    numbers, accepted, base, highest, wraps, received, expected = TRACES[name]
    tracker = rtp.SequenceTracker()
    assert [tracker.update(number) for number in numbers] == [bool(flag) for flag in accepted]
    assert tracker.base_sequence_number == base
    assert tracker.extended_sequence_number == wraps * 65536 + highest
    assert tracker.rollover_count == wraps
    assert (tracker.received, tracker.expected, tracker.lost) == (received, expected, expected - received)


def test_nothing_is_expected_before_two_packets_in_a_row() -> None:
    tracker = rtp.SequenceTracker()
    assert (tracker.expected, tracker.received, tracker.lost) == (0, 0, 0)
    for number in (0, 40000, 7, 5, 65535, 1):
        assert tracker.update(number) is False
        assert (tracker.expected, tracker.received, tracker.lost) == (0, 0, 0)
    assert tracker.report() == (0, 0, 1, 0)


@pytest.mark.parametrize(
    ("step", "accepted"), [(1, True), (2999, True), (3000, False), (-1, True), (-99, True), (-100, False), (0, True)]
)
@pytest.mark.parametrize("start", [0, 50, 30000, 65500, 65534])
def test_how_far_a_packet_may_be_away(start: int, step: int, accepted: bool) -> None:
    tracker = rtp.SequenceTracker()
    tracker.update((start - 1) % 65536)
    assert tracker.update(start)
    assert tracker.update((start + step) % 65536) is accepted


class Model:
    """The same in other words: the highest number without wrap-around, and how far from it a packet is."""

    def __init__(self) -> None:
        self.first = self.highest = 0
        self.counted = 0
        self.before: int | None = None
        self.confirms: int | None = None

    def accepts(self, number: int) -> bool:
        if not self.counted:
            in_sequence = self.before is not None and number == (self.before + 1) % 65536
            self.before = number
            if in_sequence:
                self.begin(number)
            return in_sequence
        distance = (number - self.highest + 99) % 65536 - 99
        if distance >= 3000 and number == self.confirms:
            self.begin(number)
        elif distance >= 3000:
            self.confirms = (number + 1) % 65536
            return False
        else:
            self.highest = max(self.highest, self.highest + distance)
            self.counted += 1
        return True

    def begin(self, number: int) -> None:
        self.first = self.highest = number
        self.counted, self.confirms = 1, None


def walk(noise: random.Random, length: int) -> list[int]:
    """Loss, repetition, reordering, jumps and restarts."""
    number, numbers = noise.choice([0, 65500, noise.randrange(65536)]), []
    for _ in range(length):
        step = noise.choices(
            [1, noise.randint(2, 6), -noise.randint(0, 110), noise.randint(2900, 3100), noise.randrange(65536)],
            [40, 3, 3, 1, 1],
        )[0]
        number = (number + step) % 65536
        numbers.append(number)
    return numbers


@pytest.mark.parametrize("seed", range(10))
def test_random_traces_equal_a_model(seed: int) -> None:
    noise = random.Random(seed)
    for _ in range(100):
        tracker, model = rtp.SequenceTracker(), Model()
        for number in walk(noise, 60):
            assert tracker.update(number) is model.accepts(number)
            expected = model.highest - model.first + 1 if model.counted else 0
            assert (tracker.expected, tracker.received, tracker.lost) == (
                expected, model.counted, expected - model.counted,
            )  # fmt: skip
            if model.counted:
                assert tracker.extended_sequence_number == model.highest
                assert tracker.rollover_count == model.highest // 65536


def test_a_long_call_wraps_many_times() -> None:
    tracker = rtp.SequenceTracker()
    tracker.update(0)
    for number in range(1, 10_000_000, 2500):
        assert tracker.update(number % 65536)
        assert (tracker.extended_sequence_number, tracker.rollover_count) == (number, number // 65536)
        assert tracker.expected == number


def test_after_a_jump_at_most_two_packets_are_lost() -> None:
    tracker = rtp.SequenceTracker()
    for number in range(10):
        tracker.update(number)
    assert [tracker.update(number) for number in range(20_000, 20_005)] == [False, True, True, True, True]


# RFC 3550 A.8 in integers, timestamps 160 apart, how late each packet is; jitter after each. Run independently.
LATE = [0, 0, 40, 0, 80, 0, 0, 160, 0, 0]
JITTER = [0, 0, 2, 4, 9, 13, 13, 22, 30, 28]
JITTER_IN_FLOAT = [0, 0, 2.5, 4.8438, 9.541, 13.9447, 13.0732, 22.2561, 30.8651, 28.936]


@pytest.mark.parametrize("start", [0, 2**32 - 500])
@pytest.mark.parametrize("clock", [0, 2**32 - 700, 2**63, -(10**30)])
def test_the_jitter_trace(start: int, clock: int) -> None:
    tracker = rtp.SequenceTracker()
    jitters = []
    for i, late in enumerate(LATE):
        tracker.update_jitter((start + 160 * i) % 2**32, clock + 160 * i + late)
        jitters.append(tracker.jitter)
    assert jitters == JITTER
    assert all(abs(ours - exact) < 1 for ours, exact in zip(jitters, JITTER_IN_FLOAT, strict=True))
    assert tracker.report().jitter == 462 >> 4


def test_a_new_timeline_is_no_jitter() -> None:
    tracker = rtp.SequenceTracker()
    tracker.update_jitter(0, 0)
    tracker.update_jitter(160, 160 + 480_000)
    assert tracker.jitter == 30_000
    tracker.update_jitter(320, 320 + 2 * 480_000 + 1)
    assert tracker.jitter == 30_000
    tracker.update_jitter(480 + 2**31, 480)
    assert tracker.jitter == 30_000
    tracker.update_jitter(640 + 2**31, 640)
    assert tracker.jitter < 30_000


def test_after_a_resynchronisation_the_old_transit_time_counts_no_more() -> None:
    tracker = rtp.SequenceTracker()
    for number in (1, 2):
        tracker.update(number)
    tracker.update_jitter(0, 0)
    for number in (9000, 9001):
        tracker.update(number)
    tracker.update_jitter(0, 5000)
    assert tracker.jitter == 0


# RFC 3550 A.3: expected and received in the interval, fraction of 256.
FRACTIONS = [(100, 99, 2), (50, 45, 25), (256, 128, 128), (250, 250, 0), (10, 12, 0)]


@pytest.mark.parametrize(("expected", "received", "fraction"), FRACTIONS)
def test_the_fraction_lost_in_an_interval(expected: int, received: int, fraction: int) -> None:
    tracker = rtp.SequenceTracker()
    for number in (0, 1, 2):
        tracker.update(number)
    tracker.report()
    numbers = [*range(3, 2 + min(expected, received)), 2 + expected]
    for number in numbers + [2 + expected] * (received - len(numbers)):
        assert tracker.update(number)
    report = tracker.report()
    assert (report.fraction_lost, report.cumulative_lost) == (fraction, expected - received)
    assert report.highest_sequence_number == 2 + expected
    assert tracker.report().fraction_lost == 0


def test_the_cumulative_loss_is_kept_to_24_bits() -> None:
    tracker = rtp.SequenceTracker()
    tracker.update(0)
    tracker.update(1)
    number = 1
    while tracker.lost <= 0x7FFFFF:
        number += 2999
        assert tracker.update(number % 65536)
    assert tracker.report().cumulative_lost == 0x7FFFFF


@pytest.mark.parametrize(
    ("number", "error"), [(-1, ValueError), (65536, ValueError), (1.0, TypeError), ("1", TypeError)]
)
def test_what_is_no_sequence_number(number: object, error: type) -> None:
    tracker = rtp.SequenceTracker()
    with pytest.raises(error):
        tracker.update(number)
    assert [tracker.update(n) for n in (65535, 0)] == [False, True]


@pytest.mark.parametrize("arguments", [(1.5, 0), (0, 1.5), (None, 0), (0, "0"), (-1, 0), (2**32, 0)])
def test_what_is_no_timing(arguments: tuple) -> None:
    tracker = rtp.SequenceTracker()
    with pytest.raises((TypeError, ValueError)):
        tracker.update_jitter(*arguments)
    tracker.update_jitter(0, 10_000)
    assert tracker.jitter == 0


@given(st.lists(st.tuples(st.integers(0, 65535), st.integers(0, 2**32 - 1), st.integers()), max_size=50))
def test_no_input_breaks_the_report(steps: list[tuple[int, int, int]]) -> None:
    tracker = rtp.SequenceTracker()
    for number, timestamp, arrival in steps:
        if tracker.update(number):
            tracker.update_jitter(timestamp, arrival)
        report = tracker.report()
        assert 0 <= report.fraction_lost <= 255
        assert -0x800000 <= report.cumulative_lost <= 0x7FFFFF
        assert 0 <= report.jitter <= 480_000
