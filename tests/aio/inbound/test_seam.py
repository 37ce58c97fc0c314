"""Timestamps over several connections: no clock, no network."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire.aio.inbound.seam import Seam
from phonewire.protocols.connection import Media, MediaFormat

MS = 1_000_000


def frame(timestamp_ms=None, ms=20):
    return Media(bytes(8 * ms), None, timestamp_ms)


class Line:
    """A seam, what was told of it, and what came out of it."""

    def __init__(self, wire=None):
        self.told, self.came = [], []
        self.seam = Seam(wire or MediaFormat(), self.told.append)

    def hear(self, media, now_ms):
        self.came += self.seam.join(media, round(now_ms * MS))

    def tear(self):
        self.came += self.seam.tear()

    def places(self):
        self.came += self.seam.settle()
        return [media.timestamp_ms for media in self.came]

    def gaps(self):
        return [(event.timestamp_ms, event.gap_ms) for event in self.told]


def speak(line, began_ms, arrivals_ms, own_ms=0, told=False):
    """Say frames of 20 ms from *began_ms* on; each comes so much later than it was complete."""
    for number, late_ms in enumerate(arrivals_ms):
        at_ms = own_ms + 20 * number
        line.hear(frame(at_ms if told else None), began_ms + 20 * (number + 1) + late_ms)


@pytest.mark.parametrize("told", [True, False])
def test_a_gap_is_what_was_missed(told):
    line = Line()
    for began_ms in (0, 500, 1000):  # each connection counts from its own beginning
        speak(line, began_ms, [7] * 10, told=told)
        line.tear()
    assert line.places() == [began_ms + 20 * n for began_ms in (0, 500, 1000) for n in range(10)]
    assert line.gaps() == [(500, 300), (1000, 300)]


def test_the_first_100_ms_wait_for_each_other():
    line = Line()
    speak(line, 0, [0])
    line.tear()
    for number in range(5):
        assert len(line.came) == 1
        speak(line, 100 + 20 * number, [0])
    assert len(line.came) == 6
    assert line.places() == [0, 100, 120, 140, 160, 180]


def test_one_long_message_waits_for_nobody():
    line = Line()
    speak(line, 0, [0])
    line.tear()
    line.hear(frame(ms=100), 220)
    assert len(line.came) == 2
    assert line.gaps() == [(120, 100)]


@pytest.mark.parametrize("last_late_ms", [0, 15, 60, 700])
@pytest.mark.parametrize("first_late_ms", [0, 15, 60, 700])
def test_what_was_held_up_around_a_break_does_not_change_the_gap(last_late_ms, first_late_ms):
    """The frames behind the first come at once with it, as they do when a process or a network stands still."""
    line = Line()
    speak(line, 0, [5] * 20 + [5 + last_late_ms])
    line.tear()
    speak(line, 2000, [5 + max(first_late_ms - 20 * n, 0) for n in range(50)])
    assert line.gaps() == [(2000, 2000 - 21 * 20)]


@pytest.mark.parametrize("seed", range(10))
def test_a_gap_is_exact_to_a_frame_when_everything_stands_still_now_and_then(seed):
    chance, line, truth, began_ms = random.Random(seed), Line(), [], 0
    stalls = [(at_ms, at_ms + chance.uniform(0, 80)) for at_ms in range(0, 100_000, 200)]

    def late_ms(at_ms):
        start_ms, end_ms = stalls[at_ms // 200]
        return max(end_ms - at_ms, 0) if start_ms <= at_ms else 0

    for _ in range(20):
        frames = chance.randrange(10, 150)
        speak(line, began_ms, [late_ms(began_ms + 20 * n + 20) for n in range(frames)])
        line.tear()
        truth.append(20 * chance.randrange(5, 50) + chance.randrange(20))
        began_ms += 20 * frames + truth[-1]
    assert len(line.gaps()) == 19
    assert max(abs(gap_ms - ms) for (_, gap_ms), ms in zip(line.gaps(), truth, strict=False)) <= 20


def test_a_pause_is_not_taken_for_a_delay():
    line = Line()
    speak(line, 0, [0] * 10)
    speak(line, 5000, [0] * 10)  # without timestamps the line does not know of the pause
    line.tear()
    speak(line, 5500, [0] * 5)
    assert line.gaps() == [(700, 300)]


def test_audio_that_always_comes_faster_than_it_is_spoken_waits_for_1_s_of_it():
    line = Line()
    speak(line, 0, [0])
    line.tear()
    speak(line, 5000, [-20 * n for n in range(49)])
    assert len(line.came) == 1
    line.hear(frame(), 5020)
    assert len(line.came) == 51


def test_a_far_end_that_does_not_begin_at_zero():
    line = Line()
    speak(line, 0, [0], own_ms=1000, told=True)
    line.tear()
    speak(line, 120, [0, 0], own_ms=99_000, told=True)
    assert line.places() == [1000, 1120, 1140]
    assert line.gaps() == [(1120, 100)]


def test_two_breaks_in_a_row_are_one_gap():
    line = Line()
    speak(line, 0, [0])
    line.tear()
    line.tear()
    speak(line, 220, [0])
    assert line.places() == [0, 220]
    assert line.gaps() == [(220, 200)]


def test_what_waits_when_the_connection_breaks_is_not_lost():
    line = Line()
    speak(line, 0, [0])
    line.tear()
    speak(line, 100, [0, 0])
    line.tear()
    speak(line, 500, [0])
    assert line.places() == [0, 100, 120, 500]
    assert line.gaps() == [(100, 80), (500, 360)]


def test_a_break_before_the_first_audio_misses_nothing():
    line = Line()
    line.tear()
    speak(line, 5000, [0])
    assert line.places() == [0]
    assert line.gaps() == [(0, 0)]


def test_audio_that_comes_at_once_is_no_gap_below_zero():
    line = Line()
    line.hear(frame(0), 0)
    line.tear()
    line.hear(frame(0, ms=200), 10)
    assert line.places() == [0, 20]
    assert line.gaps() == [(20, 0)]


@given(
    st.lists(
        st.tuples(st.booleans(), st.none() | st.integers(0, 10**6), st.integers(1, 2000), st.integers(0, 10_000)),
        max_size=50,
    )
)
def test_nothing_is_lost_and_the_line_never_goes_back_where_connections_meet(pieces):
    line, said, now_ms = Line(MediaFormat("s16le", 16_000)), [], 0
    for tears, timestamp_ms, size, passed_ms in pieces:
        now_ms += passed_ms
        if tears:
            line.tear()
        said.append(Media(bytes(2 * size), None, timestamp_ms))
        line.hear(said[-1], now_ms)
        assert sum(len(media.payload) for media in said[len(line.came) :]) < 1000 * 32, "little waits"
    places = line.places()
    assert line.came == said
    firsts, end_ms = dict(reversed(line.gaps())), 0
    for place_ms, media in zip(places, said, strict=True):
        if place_ms in firsts and place_ms >= end_ms:
            assert 0 <= firsts[place_ms] <= now_ms + 2000
        end_ms = max(end_ms, place_ms + len(media.payload) // 32)
