"""Twilio's playout buffer against a model that plays one sample after the other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire.emulators.playout import Playout, ReturnedMark

SAMPLE_NS = 125_000  # 8 kHz


def names(marks):
    return [mark.name for mark in marks]


def test_hears_a_sample_when_it_has_been_played_and_not_before():
    playout = Playout()
    playout.queue(b"abc", 1000)
    for now_ns, heard in [
        (1000, b""),
        (1000 + SAMPLE_NS - 1, b""),
        (1000 + SAMPLE_NS, b"a"),
        (1000 + 3 * SAMPLE_NS - 1, b"ab"),
        (1000 + 3 * SAMPLE_NS, b"abc"),
        (1000 + 99 * SAMPLE_NS, b"abc"),
    ]:
        assert playout.advance(now_ns) == []
        assert playout.heard == heard
        assert playout.queued_bytes == 3 - len(heard)
    assert playout.heard_ms == 0.375


def test_audio_that_comes_in_time_plays_without_a_gap():
    playout = Playout()
    playout.queue(b"ab", 0)
    playout.queue(b"cd", 2 * SAMPLE_NS - 1)
    playout.advance(4 * SAMPLE_NS)
    assert playout.heard == b"abcd"


def test_audio_that_comes_late_starts_when_it_comes():
    playout = Playout()
    playout.queue(b"ab", 0)
    playout.queue(b"cd", 10 * SAMPLE_NS + 7)
    playout.advance(12 * SAMPLE_NS + 6)
    assert playout.heard == b"abc"
    playout.advance(12 * SAMPLE_NS + 7)
    assert playout.heard == b"abcd"


def test_a_mark_comes_back_when_all_before_it_was_heard():
    playout = Playout()
    playout.queue(b"ab", 0)
    playout.mark("first")
    playout.queue(b"c", 0)
    playout.mark("second")
    playout.mark("third")
    assert playout.next_deadline_ns() == 2 * SAMPLE_NS
    assert playout.advance(2 * SAMPLE_NS - 1) == []
    assert playout.advance(2 * SAMPLE_NS) == [ReturnedMark("first", 2, played=True)]
    assert playout.next_deadline_ns() == 3 * SAMPLE_NS
    assert names(playout.advance(9 * SAMPLE_NS)) == ["second", "third"]
    assert playout.next_deadline_ns() is None


def test_a_mark_on_an_empty_queue_is_due_at_once():
    playout = Playout()
    playout.mark("never anything")
    assert playout.next_deadline_ns() <= 0
    assert playout.advance(0) == [ReturnedMark("never anything", 0, played=True)]
    playout.queue(b"ab", 0)
    playout.advance(2 * SAMPLE_NS)
    playout.mark("drained")
    assert playout.next_deadline_ns() == 2 * SAMPLE_NS
    assert names(playout.advance(2 * SAMPLE_NS)) == ["drained"]


def test_clear_drops_the_queue_and_brings_every_mark_back_at_once():
    playout = Playout()
    playout.queue(b"abcd", 0)
    playout.mark("one")
    playout.queue(b"efgh", 0)
    playout.mark("two")
    assert playout.clear(5 * SAMPLE_NS) == [
        ReturnedMark("one", 4, played=True),
        ReturnedMark("two", 5, played=False),
    ]
    assert playout.advance(100 * SAMPLE_NS) == []
    assert playout.heard == b"abcde"
    assert (playout.queued_bytes, playout.next_deadline_ns()) == (0, None)


def test_audio_after_a_clear_plays_from_its_own_arrival():
    playout = Playout()
    playout.queue(b"abcd", 0)
    playout.clear(SAMPLE_NS + 5)
    playout.queue(b"xy", SAMPLE_NS + 6)
    playout.mark("end")
    assert playout.next_deadline_ns() == 3 * SAMPLE_NS + 6
    assert names(playout.advance(3 * SAMPLE_NS + 6)) == ["end"]
    assert playout.heard == b"axy"


def test_clear_of_nothing_returns_nothing():
    assert Playout().clear(5) == []


def test_reading_the_clock_twice_changes_nothing():
    playout = Playout()
    playout.queue(b"abcd", 0)
    playout.advance(SAMPLE_NS)
    playout.advance(SAMPLE_NS)
    assert playout.heard == b"a"


def test_deadlines_are_rounded_up_at_odd_rates():
    playout = Playout(bytes_per_s=3)
    playout.queue(b"abc", 0)
    playout.mark("end")
    playout.queue(b"d", 0)
    playout.mark("later")
    assert names(playout.advance(1_000_000_000)) == ["end"]
    assert playout.next_deadline_ns() == 1_333_333_334
    assert playout.advance(1_333_333_333) == []
    assert names(playout.advance(1_333_333_334)) == ["later"]


def test_ten_minutes_are_buffered_and_the_rest_is_counted():
    playout = Playout()
    minute = bytes(60 * 8000)
    for _ in range(11):
        playout.queue(minute, 0)
    playout.queue(b"x", 0)
    assert (playout.queued_bytes, playout.dropped_bytes) == (10 * len(minute), len(minute) + 1)
    playout.queue(b"xyz", 2 * SAMPLE_NS)
    assert (playout.queued_bytes, playout.dropped_bytes) == (10 * len(minute), len(minute) + 2)


def test_marks_are_bounded():
    playout = Playout()
    playout.queue(b"a", 0)
    for _ in range(10_005):
        playout.mark("x")
    assert playout.dropped_marks == 5
    assert len(playout.advance(SAMPLE_NS)) == 10_000


class OneSampleAfterTheOther:
    """The same, as naive as can be: time goes in steps of a fifth of a sample."""

    STEP_NS = SAMPLE_NS // 5

    def __init__(self):
        self.step = 0
        self.items = []  # codewords (int) and marks (str)
        self.left = 0  # steps until the sample that plays now is over
        self.heard = []
        self.marks = []

    def run(self, steps):
        for _ in range(steps):
            self.step += 1
            if self.left:
                self.left -= 1
                if not self.left:
                    self.heard.append(self.items.pop(0))
            self.settle()

    def settle(self):
        while self.items and isinstance(self.items[0], str):
            self.marks.append((self.items.pop(0), True, len(self.heard)))
        if self.items and not self.left:
            self.left = 5

    def put(self, items):
        self.items += items
        self.settle()

    def clear(self):
        self.marks += [(item, False, len(self.heard)) for item in self.items if isinstance(item, str)]
        self.items, self.left = [], 0


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.integers(0, 60)),
        st.tuples(st.just("queue"), st.binary(max_size=8)),
        st.tuples(st.just("mark"), st.sampled_from("xyz")),
        st.tuples(st.just("clear"), st.none()),
        st.tuples(st.just("look"), st.none()),
    ),
    max_size=40,
)


@pytest.mark.parametrize("look_always", [True, False])
@given(operations=OPERATIONS)
def test_agrees_with_the_model(look_always, operations):
    playout, model = Playout(), OneSampleAfterTheOther()
    marks = []
    for name, argument in [*operations, ("wait", 2000)]:
        now_ns = model.step * model.STEP_NS
        if name == "wait":
            model.run(argument)
        elif name == "queue":
            playout.queue(argument, now_ns)
            model.put(list(argument))
        elif name == "mark":
            playout.mark(argument)
            model.put([argument])
        elif name == "clear":
            marks += playout.clear(now_ns)
            model.clear()
        if name == "look" or look_always:
            now_ns = model.step * model.STEP_NS
            deadline_ns = playout.next_deadline_ns()
            reached = playout.advance(now_ns)
            # A deadline is neither early nor late.
            assert bool(reached) == (deadline_ns is not None and deadline_ns <= now_ns)
            marks += reached
            assert list(playout.heard) == model.heard
    marks += playout.advance(model.step * model.STEP_NS)
    assert list(playout.heard) == model.heard
    assert [(mark.name, mark.played, mark.heard_bytes) for mark in marks] == model.marks
