"""Where audio belongs in a recording; positions in samples at 8 kHz, time given by the test."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire.aio.timeline import SENT, Gap, Timeline

MS = 8  # samples
NS = 1_000_000
FRAME = 160


class Line:
    """A timeline and a clock that the test sets."""

    def __init__(self, *tracks):
        self.timeline = Timeline(8000, tracks or (None,))
        self.now_ms = 50_000

    def heard(self, media_ms, track=None, length=FRAME):
        return self.timeline.heard(track, media_ms * MS, length, self.now_ms * NS)

    def sent(self, played_ms, length=FRAME):
        return self.timeline.sent(length, played_ms * NS)


def test_frames_in_a_row_lie_in_a_row():
    line = Line()
    assert [line.heard(ms) for ms in (3000, 3020, 3040)] == [(0, None), (160, None), (320, None)]
    assert line.timeline.head == line.timeline.settled == 480


def test_what_arrives_late_lies_where_its_timestamp_says():
    line = Line()
    positions = []
    for ms, arrives in ((0, 50_000), (20, 53_000), (40, 53_000), (60, 53_000), (80, 53_001)):
        line.now_ms = arrives
        positions.append(line.heard(ms)[0] // MS)
    assert positions == [0, 20, 40, 60, 80]


@pytest.mark.parametrize("missing", [20, 40, 1000, 5000])
def test_a_gap_is_as_long_as_the_timestamps_say(missing):
    line = Line()
    line.heard(0)
    time = (20 + missing) * MS
    assert line.heard(20 + missing) == (time, Gap(None, 160, missing * MS, missing * MS, time))
    assert line.heard(40 + missing) == ((40 + missing) * MS, None)


@pytest.mark.parametrize("off", [-10, -3, 1, 10])
def test_timestamps_that_are_a_little_off_are_no_gap_and_never_add_up(off):
    line = Line()
    for n in range(100):
        assert line.heard(n * 20 + (off if n % 2 else 0)) == (n * FRAME, None)


def test_whole_milliseconds_of_a_rate_that_does_not_divide_are_no_gap():
    timeline = Timeline(11_025, (None,))
    for n in range(2000):
        media_ms = n * 220 * 1000 // 11_025
        assert timeline.heard(None, media_ms * 11_025 // 1000, 220, 0) == (n * 220, None)


def test_more_than_five_seconds_is_cut_and_said():
    line = Line()
    line.heard(0)
    line.now_ms += 60_000
    position, gap = line.heard(60_020)
    assert position == 160 + 5000 * MS
    assert gap == Gap(None, 160, 60_000 * MS, 5000 * MS, 60_020 * MS)
    assert gap.is_jump
    assert line.heard(60_040) == (position + 160, None)


def test_timestamps_that_go_back_lose_nothing():
    line = Line()
    line.heard(90_000)
    position, gap = line.heard(0)
    assert (position, gap) == (160, Gap(None, 160, -90_020 * MS, 0, 0))
    assert gap.is_jump
    assert line.heard(20) == (320, None)


def test_hostile_timestamps_make_no_more_silence_than_time_has_passed():
    line = Line()
    line.heard(0)
    for n in range(1000):
        line.now_ms += 1
        line.heard(10**15 if n % 2 else 0, length=8)
    assert line.timeline.head <= (5000 + 1000 + 1000 + 20) * MS


def test_two_tracks_of_one_clock_stay_together():
    line = Line("inbound", "outbound")
    assert line.heard(100, "inbound") == (0, None)
    assert line.heard(100, "outbound") == (0, None)
    assert line.heard(120, "inbound") == (160, None)
    assert line.heard(60_120, "outbound")[0] == 320 + 5000 * MS  # a pause of both
    assert line.heard(60_120, "inbound")[0] == 320 + 5000 * MS
    assert line.heard(60_140, "inbound") == (480 + 5000 * MS, None)


def test_a_track_that_began_before_the_recording_is_cut_at_its_beginning():
    line = Line("inbound", "outbound")
    line.heard(1020, "inbound")
    assert line.heard(1000, "outbound", length=320) == (-160, None)
    assert line.heard(1040, "outbound") == (160, None)


def test_settled_waits_for_the_slowest_track_but_not_for_ever():
    line = Line("inbound", "outbound")
    for ms in range(0, 5000, 20):
        line.heard(ms, "inbound")
    assert line.timeline.settled == 0
    line.heard(0, "outbound")
    assert line.timeline.settled == 160
    for ms in range(5000, 8000, 20):
        line.heard(ms, "inbound")
    assert line.timeline.settled == 3000 * MS


# What this side says.


def test_what_is_said_lies_where_the_far_end_hears_it():
    line = Line(None, SENT)
    line.heard(0)  # arrived when it was over: 50,000 ms is 20 ms into the recording
    assert line.sent(50_100)[0] == 120 * MS
    assert line.sent(50_120) == (140 * MS, None)
    assert line.sent(50_500) == (520 * MS, None)  # a pause in what is said is no gap


def test_a_frame_that_travelled_faster_corrects_the_clock():
    line = Line(None, SENT)
    line.now_ms = 50_300  # the first frame was 300 ms on its way
    line.heard(0)
    line.now_ms = 50_000 + 20
    line.heard(20)
    assert line.sent(50_100)[0] == 120 * MS


def test_we_may_speak_first():
    line = Line(None, SENT)
    assert line.sent(50_000)[0] == 0
    line.now_ms = 51_000
    assert line.heard(777_000) == (980 * MS, None)
    assert line.heard(777_020) == (1000 * MS, None)


def test_what_is_said_in_a_row_lies_in_a_row():
    line = Line(None, SENT)
    line.heard(0)
    first, _ = line.sent(50_000)
    assert line.sent(50_009)[0] == first + FRAME  # the model of the far end was corrected by 11 ms
    assert line.sent(50_029)[0] == first + 2 * FRAME


def test_a_long_pause_of_both_sides_is_cut_once_for_both():
    line = Line(None, SENT)
    line.heard(0)
    position, gap = line.sent(110_000)
    assert position == 160 + 5000 * MS
    assert gap == Gap(SENT, 160, 60_000 * MS, 5000 * MS, None)
    line.now_ms = 110_000 + 20
    assert line.heard(60_020)[0] == position  # at the same instant, by its own clock


def test_what_is_said_follows_a_jump_of_the_far_end():
    line = Line(None, SENT)
    line.heard(0)
    position, _ = line.heard(36_000_000)  # ten hours, in no time
    assert line.sent(50_000)[0] == position + FRAME


@given(
    st.lists(
        st.tuples(
            st.booleans(), st.integers(-(10**9), 10**12), st.integers(1, 1000), st.integers(0, 10**6), st.booleans()
        ),
        max_size=60,
    )
)
def test_whatever_comes_a_track_never_overlaps_itself_and_silence_is_bounded(pieces):
    line = Line("a", SENT)
    ends, heard, began = {}, 0, line.now_ms
    for is_sent, media_ms, length, passed_ms, follows in pieces:
        line.now_ms += passed_ms
        track = SENT if is_sent else "a"
        if is_sent:
            position, _ = line.sent(line.now_ms, length)
        else:
            position, gap = line.heard(media_ms if not follows else 0, "a", length)
            assert gap is None or gap.filled >= 0
        assert position >= ends.get(track, -(10**18))
        ends[track] = position + length
        heard += length
    assert line.timeline.head <= heard + (line.now_ms - began + 5000) * MS
    assert line.timeline.settled <= line.timeline.head
