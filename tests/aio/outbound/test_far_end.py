"""The model of the far end's playout buffer."""

from hypothesis import given
from hypothesis import strategies as st

from phonewire.aio.outbound.far_end import FarEnd

MS = 1_000_000


def test_audio_is_played_while_time_passes():
    far_end = FarEnd(0)
    far_end.send(100 * MS, 0)
    assert [far_end.played_ns(now * MS) // MS for now in (0, 40, 100, 500)] == [0, 40, 100, 100]


def test_playout_starts_anew_after_silence():
    far_end = FarEnd(0)
    assert not far_end.send(20 * MS, 0)
    assert far_end.send(20 * MS, 70 * MS), "the far end had run empty"
    assert far_end.played_ns(80 * MS) == 30 * MS


def test_within_the_grace_the_schedule_stays():
    far_end = FarEnd(0)
    far_end.send(20 * MS, 0)
    assert not far_end.send(20 * MS, 90 * MS, grace_ns=100 * MS)
    assert far_end.idle_at_ns == 40 * MS
    assert far_end.send(20 * MS, 141 * MS, grace_ns=100 * MS)
    assert far_end.idle_at_ns == 161 * MS


def test_a_mark_proves_that_more_was_played_than_the_model_thought():
    far_end = FarEnd(0)
    far_end.send(1000 * MS, 0)
    far_end.confirm(300 * MS, 250 * MS)
    assert far_end.played_ns(250 * MS) == 300 * MS


def test_a_late_mark_takes_nothing_back():
    far_end = FarEnd(0)
    far_end.send(1000 * MS, 0)
    far_end.confirm(100 * MS, 250 * MS)
    assert far_end.played_ns(250 * MS) == 250 * MS


def test_clear_forgets_what_was_not_played():
    far_end = FarEnd(0)
    far_end.send(1000 * MS, 0)
    assert far_end.clear(300 * MS) == 300 * MS
    assert far_end.played_ns(2000 * MS) == 300 * MS
    far_end.send(20 * MS, 2000 * MS)
    assert far_end.played_ns(2010 * MS) == 310 * MS


@given(st.lists(st.tuples(st.sampled_from(["send", "clear", "wait"]), st.integers(0, 200)), max_size=50))
def test_it_agrees_with_a_phone_that_plays_millisecond_by_millisecond(steps):
    now = queued = played = 0
    far_end = FarEnd(0)
    for what, amount in steps:
        if what == "send" and amount:
            far_end.send(amount * MS, now * MS)
            queued += amount
        elif what == "clear":
            assert far_end.clear(now * MS) == played * MS
            queued = 0
        else:
            heard = min(amount, queued)
            now, queued, played = now + amount, queued - heard, played + heard
        assert far_end.played_ns(now * MS) == played * MS
