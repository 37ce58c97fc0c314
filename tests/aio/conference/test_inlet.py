"""What a leg says, brought to the ticks: whole, in order, bounded, whatever the pattern in which it comes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire.aio.conference.inlet import Inlet
from phonewire.aio.conference.mixer import mix
from phonewire.protocols.connection import Media, MediaFormat

FRAME = 160  # samples
WIRE = MediaFormat("s16le")


def frames(count, first=1):
    """Return frames of which each is full of its number, loud enough not to be taken for quiet."""
    return [np.full(FRAME, 1000 + number, np.int16).tobytes() for number in range(first, first + count)]


def media(audio):
    return Media(audio, None, None, WIRE)


def numbers(taken):
    return [None if frame is None else int(np.frombuffer(frame, np.int16)[0]) - 1000 for frame in taken]


def test_what_comes_in_time_is_mixed_one_tick_later():
    inlet = Inlet(WIRE, 8000, 200)
    taken = []
    for frame in frames(5):
        inlet.take(media(frame))
        taken.append(inlet.next())
    assert numbers(taken) == [None, 1, 2, 3, 4]
    assert inlet.stats().waiting_ms == 20


def test_what_is_up_to_20_ms_late_is_in_time():
    inlet = Inlet(WIRE, 8000, 200)
    one, two, three, four = frames(4)
    taken = []
    for pieces in ([one], [], [two, three], [four]):
        for piece in pieces:
            inlet.take(media(piece))
        taken.append(inlet.next())
    assert numbers(taken) == [None, 1, 2, 3]
    assert inlet.stats().missing_ms == 0


def test_what_is_later_is_heard_later_and_the_gap_is_counted():
    inlet = Inlet(WIRE, 8000, 200)
    one, two, three = frames(3)
    taken = []
    for pieces in ([one], [], [], [], [two, three], []):
        for piece in pieces:
            inlet.take(media(piece))
        taken.append(inlet.next())
    assert numbers(taken) == [None, 1, None, None, 2, 3]
    assert inlet.stats().missing_ms == 40


def test_who_pauses_begins_anew_and_misses_nothing():
    inlet = Inlet(WIRE, 8000, 200)
    for frame in frames(2):
        inlet.take(media(frame))
    assert numbers(inlet.next() for _ in range(100))[:3] == [1, 2, None]
    inlet.take(media(frames(1)[0]))
    assert numbers(inlet.next() for _ in range(2)) == [None, 1]
    assert inlet.stats().missing_ms == 0


def test_a_burst_loses_its_beginning():
    inlet = Inlet(WIRE, 8000, 200)
    for frame in frames(15):
        inlet.take(media(frame))
    assert numbers(inlet.next() for _ in range(10)) == list(range(6, 16))
    assert inlet.stats().dropped_ms == 100


def test_a_message_longer_than_all_that_may_wait_loses_its_beginning():
    inlet = Inlet(WIRE, 8000, 200)
    inlet.take(media(b"".join(frames(1000))))
    assert numbers(inlet.next() for _ in range(10)) == list(range(991, 1001))
    stats = inlet.stats()
    assert (stats.dropped_ms, stats.mixed_ms) == (990 * 20, 200)


def test_the_delay_becomes_shorter_where_it_is_quiet():
    inlet = Inlet(WIRE, 8000, 200)
    for frame in frames(6):
        inlet.take(media(frame))
    taken = []
    for frame in frames(100, first=7):
        inlet.take(media(frame))
        taken.append(inlet.next())
    assert numbers(taken) == list(range(1, 101))  # nobody who speaks is cut
    assert inlet.stats().waiting_ms == 120
    for _ in range(70):
        inlet.take(media(bytes(2 * FRAME)))
        inlet.next()
    stats = inlet.stats()
    assert (stats.waiting_ms, stats.skipped_ms) == (20, 100)


def test_who_is_muted_says_nothing_and_is_heard_again_without_a_delay():
    inlet = Inlet(WIRE, 8000, 200)
    taken = []
    for number, frame in enumerate(frames(6)):
        inlet.muted = number in (2, 3)
        inlet.take(media(frame))
        taken.append(inlet.next())
    assert numbers(taken) == [None, 1, None, None, 4, 5]


@pytest.mark.parametrize("rate_hz", [8000, 16000, 24000, 48000])
@pytest.mark.parametrize("mixed_hz", [8000, 16000, 24000, 48000])
def test_every_rate_is_mixed_at_every_rate(rate_hz, mixed_hz):
    wire = MediaFormat("s16le", rate_hz)
    inlet = Inlet(wire, mixed_hz, 200)
    tone = (8000 * np.sin(2 * np.pi * 440 * np.arange(rate_hz) / rate_hz)).astype(np.int16)
    step = rate_hz // 50
    mixed = []
    for start in range(0, rate_hz, step):
        inlet.take(Media(tone[start : start + step].tobytes(), None, None, wire))
        mixed.append(inlet.next())
    assert mixed.pop(0) is None
    assert {len(frame) for frame in mixed} == {2 * mixed_hz // 50}
    heard = np.frombuffer(b"".join(mixed[5:]), np.int16).astype(float)
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
    assert np.argmax(spectrum) * mixed_hz / len(heard) == pytest.approx(440, abs=2)
    assert np.abs(heard).max() == pytest.approx(8000, rel=0.03)


SIZES = st.lists(st.integers(0, 700), max_size=40)


@given(st.lists(SIZES, max_size=60))
def test_any_pattern_gives_whole_frames_in_order_of_which_none_is_lost_uncounted(pattern):
    inlet = Inlet(WIRE, 8000, 200)
    said = np.arange(1, 1 + sum(map(sum, pattern)), dtype=np.int64)
    at, heard = 0, []
    for pieces in pattern:
        for size in pieces:
            samples = (said[at : at + size] % 20_000 + 200).astype(np.int16)
            inlet.take(media(samples.tobytes()))
            at += size
        assert inlet.stats().waiting_ms <= 200
        if (frame := inlet.next()) is not None:
            assert len(frame) == 2 * FRAME
            heard.append(np.frombuffer(frame, np.int16))
    stats = inlet.stats()
    joined = np.concatenate([*heard, np.zeros(0, np.int16)])
    steps = np.diff(joined.astype(np.int64) - 200) % 20_000
    jumps = steps[steps != 1]
    assert stats.mixed_ms == 20 * len(heard)
    assert len(jumps) <= (stats.dropped_ms + stats.skipped_ms) // 20
    assert len(said) // FRAME * 20 == stats.mixed_ms + stats.dropped_ms + stats.skipped_ms + stats.waiting_ms


@given(st.lists(st.one_of(st.none(), st.integers(0, 2**32)), max_size=12))
def test_each_hears_the_sum_of_all_others_clipped_once(seeds):
    inlets = [Inlet(WIRE, 8000, 200) for _ in seeds]
    said = np.zeros((len(seeds), FRAME), np.int64)
    for index, (seed, inlet) in enumerate(zip(seeds, inlets, strict=True)):
        if seed is not None:
            said[index] = np.random.default_rng(seed).integers(-32768, 32768, FRAME)
            inlet.take(media(said[index].astype(np.int16).tobytes()))
            inlet.next()
    mixed = mix(inlets, bytes(2 * FRAME))
    total = said.sum(axis=0)
    assert np.array_equal(np.frombuffer(mixed.everything, np.int16), total.clip(-32768, 32767))
    assert list(mixed.others) == [inlet for inlet, seed in zip(inlets, seeds, strict=True) if seed is not None]
    for inlet, own in zip(inlets, said, strict=True):
        if inlet in mixed.others:
            others = np.frombuffer(mixed.others[inlet], np.int16)
            assert np.array_equal(others, (total - own).clip(-32768, 32767))
