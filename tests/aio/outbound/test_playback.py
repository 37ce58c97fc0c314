"""What a far end says of its playing, at moments chosen one by one; `tests/faults` has whole calls."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire.aio.outbound.far_end import FarEnd
from phonewire.aio.outbound.playback import Playback

MS = 1_000_000


class Model:
    """A far end as this side sees it, in milliseconds."""

    def __init__(self):
        self.far_end = FarEnd(0)
        self.playback = Playback(self.far_end)

    def send(self, size_ms, now_ms):
        quiet_at_ns = self.far_end.quiet_at_ns
        self.far_end.send(size_ms * MS, now_ms * MS)
        self.playback.sent(now_ms * MS, quiet_at_ns)

    def clear(self, now_ms):
        played_ns = self.far_end.clear(now_ms * MS)
        self.playback.cleared(now_ms * MS)
        return played_ns / MS

    def started(self, at_ms):
        self.playback.started(None if at_ms is None else at_ms * MS)

    def completed(self, at_ms):
        self.playback.completed(at_ms * MS)

    def played(self, now_ms):
        return self.far_end.played_ns(now_ms * MS) / MS


@pytest.fixture
def model():
    return Model()


def test_without_a_word_it_plays_what_it_is_sent(model):
    model.send(200, 0)
    assert [model.played(at) for at in (0, 50, 200, 300)] == [0, 50, 200, 200]


def test_a_late_beginning_counts_from_there_and_is_expected_the_next_time(model):
    model.send(400, 0)
    model.started(150)
    assert [model.played(at) for at in (100, 150, 250, 550)] == [0, 0, 100, 400]
    model.completed(550)
    model.send(400, 1000)
    assert [model.played(at) for at in (1100, 1150, 1250)] == [400, 400, 500]


def test_a_beginning_of_which_nobody_can_tell_the_time_changes_nothing(model):
    model.send(400, 0)
    model.started(None)
    assert model.played(100) == 100
    assert model.playback.begun


def test_words_about_what_was_dropped_change_nothing(model):
    model.send(400, 0)
    assert model.clear(100) == 100
    model.send(400, 200)
    model.started(10)  # they crossed the barge-in
    model.completed(100)
    assert [model.played(at) for at in (200, 300, 600)] == [100, 200, 500]


def test_an_end_before_the_end_is_that_of_a_message(model):
    """The second message was held up on its way, by a network that this side knows nothing of."""
    model.send(200, 0)
    model.send(200, 100)
    model.started(0)
    model.completed(205)
    assert model.played(205) == 200
    model.started(500)
    assert [model.played(at) for at in (500, 600, 700)] == [200, 300, 400]
    assert model.playback.delay_ns == 0, "that is no delay of the far end's own"


@given(st.lists(st.tuples(st.sampled_from(["send", "clear", "started", "completed"]), st.integers(-300, 300))))
def test_whatever_it_says_the_count_stays_within_what_was_sent(steps):
    model, now_ms = Model(), 1000
    for what, number in steps:
        now_ms += abs(number)
        if what == "send":
            model.send(20 + abs(number), now_ms)
        elif what == "clear":
            model.clear(now_ms)
        else:
            getattr(model, what)(now_ms + number)
        assert 0 <= model.played(now_ms) <= model.far_end.sent_ns / MS
        assert model.far_end.quiet_at_ns <= (now_ms + 40_000) * MS
