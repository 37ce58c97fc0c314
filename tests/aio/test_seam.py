"""Timestamps over several connections: no clock, no network."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire.aio.seam import Seam
from phonewire.protocols.connection import Media, MediaFormat

MS = 1_000_000


def frame(timestamp_ms=None, ms=20):
    return Media(bytes(8 * ms), None, timestamp_ms)


def place(seam, media, now_ms):
    return seam.join(media, now_ms * MS), media.timestamp_ms


@pytest.mark.parametrize("told", [True, False])
def test_a_gap_is_what_was_missed(told):
    seam, places = Seam(MediaFormat()), []
    for connection_ms in (0, 500, 1000):  # each counts from its own beginning
        frames = [(frame(own_ms if told else None), 7 + connection_ms + own_ms) for own_ms in (0, 20, 40)]
        places += [place(seam, media, now_ms) for media, now_ms in frames]
        seam.tear()
    # Frames of 20 ms at 7, 27, 47; then at 507: what was said from 47 to 487 is missing.
    assert places == [
        (None, 0), (None, 20), (None, 40), (440, 500), (None, 520), (None, 540), (440, 1000), (None, 1020), (None, 1040)
    ]  # fmt: skip


def test_a_far_end_that_does_not_begin_at_zero():
    seam = Seam(MediaFormat())
    assert place(seam, frame(1000), 0) == (None, 1000)
    seam.tear()
    assert place(seam, frame(99_000), 120) == (100, 1120)
    assert place(seam, frame(99_020), 140) == (None, 1140)


def test_two_breaks_in_a_row_are_one_gap():
    seam = Seam(MediaFormat())
    place(seam, frame(0), 0)
    seam.tear()
    seam.tear()
    assert place(seam, frame(0), 220) == (200, 220)


def test_a_break_before_the_first_audio_misses_nothing():
    seam = Seam(MediaFormat())
    seam.tear()
    assert place(seam, frame(0), 5000) == (0, 0)


def test_audio_that_comes_at_once_is_no_gap_below_zero():
    seam = Seam(MediaFormat())
    place(seam, frame(0), 0)
    seam.tear()
    assert place(seam, frame(0, ms=200), 10) == (0, 20)


@given(
    st.lists(
        st.tuples(st.booleans(), st.none() | st.integers(0, 10**6), st.integers(1, 2000), st.integers(0, 10_000)),
        max_size=50,
    )
)
def test_the_line_never_goes_back_where_connections_meet(pieces):
    seam, end_ms, now_ms = Seam(MediaFormat("s16le", 16_000)), 0, 0
    for tears, timestamp_ms, size, passed_ms in pieces:
        now_ms += passed_ms
        if tears:
            seam.tear()
        media = Media(bytes(2 * size), None, timestamp_ms)
        gap_ms = seam.join(media, now_ms * MS)
        if gap_ms is not None:
            assert media.timestamp_ms == end_ms + gap_ms
            assert 0 <= gap_ms <= now_ms
        end_ms = max(end_ms, media.timestamp_ms + 2 * size // 32)
