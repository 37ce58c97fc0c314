"""Audio that goes to its reader as it comes, in both backends: who gets what, what is dropped, and what is counted."""

from types import SimpleNamespace
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st


class Audio(NamedTuple):
    payload: bytes


class Future:
    """What a reader waits for."""

    def __init__(self, done: bool = False) -> None:
        self._done = done
        self.results: list[object] = []

    def done(self) -> bool:
        return self._done

    def set_result(self, result: object) -> None:
        self.results.append(result)


def read(data: bytes) -> Audio | None:
    return Audio(data[1:]) if data[:1] == b"a" else None


def read_other(data: bytes) -> Audio | None:
    return Audio(data[1:].lower()) if data[:1] == b"o" else None


class Heard:
    """A hearing with one who reads and somebody who takes the rest."""

    def __init__(self, backend: SimpleNamespace, limit: int = 100, lossless: bool = False) -> None:
        self.hearing = backend.hearing.Hearing()
        self.backlog = backend.hearing.Backlog(limit, lossless)
        self.rest: list[tuple[bytes, bool]] = []
        self.hearing.otherwise = self.otherwise

    def otherwise(self, data: bytes, text: bool) -> bool:
        self.rest.append((data, text))
        return len(self.rest) % 2 == 0

    def open(self) -> "Heard":
        self.hearing.open((read, read_other), self.backlog)
        return self

    @property
    def state(self) -> tuple:
        it = self.backlog
        return list(it.items), it.full, it.dropped, self.rest, self.hearing.frames, self.hearing.bytes


def test_audio_goes_to_the_reader_and_is_counted(backend: SimpleNamespace) -> None:
    heard = Heard(backend).open()
    assert heard.hearing.take(b"aBC", True)
    assert heard.hearing.take(b"oDEF", True)
    assert heard.state == ([(Audio(b"BC"), 2), (Audio(b"def"), 3)], False, 0, [], 2, 5)


def test_everything_else_goes_its_own_way(backend: SimpleNamespace) -> None:
    heard = Heard(backend)
    assert not heard.hearing.take(b"aBC", True), "it begins closed"
    heard.open()
    assert heard.hearing.is_open
    assert heard.hearing.take(b"xyz", True), "what is returned is what the other returns"
    assert not heard.hearing.take(b"aBC", False)
    heard.hearing.close()
    assert not heard.hearing.is_open
    heard.hearing.take(b"aBC", True)
    assert heard.state == ([], False, 0, [(b"aBC", True), (b"xyz", True), (b"aBC", False), (b"aBC", True)], 0, 0)


def test_what_a_reader_raises_is_raised(backend: SimpleNamespace) -> None:
    heard = Heard(backend)
    heard.hearing.open((lambda data: 1 // 0,), heard.backlog)
    with pytest.raises(ZeroDivisionError):
        heard.hearing.take(b"aBC", True)


def test_it_needs_somebody_to_hand_on_to(backend: SimpleNamespace) -> None:
    hearing = backend.hearing.Hearing()
    with pytest.raises((AttributeError, TypeError)):
        hearing.take(b"aBC", True)


def test_who_waits_is_woken_once(backend: SimpleNamespace) -> None:
    backlog = backend.hearing.Backlog(100, False)
    backlog.reader = first = Future()
    backlog.publish("one", 1)
    backlog.publish("two", 1)
    assert (first.results, backlog.reader) == ([None], None)
    backlog.reader = cancelled = Future(done=True)
    backlog.wake()
    backlog.wake()
    assert (cancelled.results, backlog.reader) == ([], None)
    assert [backlog.take(), backlog.take()] == ["one", "two"]
    with pytest.raises(IndexError):
        backlog.take()


def test_the_oldest_is_dropped_but_never_the_last(backend: SimpleNamespace) -> None:
    backlog = backend.hearing.Backlog(10, False)
    for number in range(6):
        backlog.publish(number, 4)
    assert ([item for item, _ in backlog.items], backlog.dropped, backlog.full) == ([4, 5], 4, False)
    backlog.publish("long", 50)
    assert ([item for item, _ in backlog.items], backlog.dropped) == (["long"], 6)


def test_what_must_not_be_lost_fills_up_until_half_is_read(backend: SimpleNamespace) -> None:
    backlog = backend.hearing.Backlog(10, True)
    for number in range(5):
        backlog.publish(number, 4)
    assert (backlog.full, backlog.dropped, len(backlog.items)) == (True, 0, 5)
    seen = []
    while backlog.items:
        backlog.take()
        seen.append(backlog.full)
    assert seen == [True, True, True, False, False]


def test_a_subclass_says_what_happens_when_there_is_room(backend: SimpleNamespace) -> None:
    class Told(backend.hearing.Backlog):
        told = 0

        def make_room(self) -> None:
            super().make_room()
            self.told += 1

    backlog = Told(1, True)
    backlog.publish("long", 5)
    assert (backlog.full, backlog.told) == (True, 0)
    backlog.take()
    assert (backlog.full, backlog.told) == (False, 1)


STEP = st.one_of(
    st.tuples(st.just("take"), st.sampled_from([b"a", b"a12", b"o12345", b"x", b""]), st.booleans()),
    st.tuples(st.sampled_from(["read", "open", "close", "wait", "lossless"]), st.none(), st.booleans()),
)


@given(st.lists(STEP, max_size=60), st.integers(0, 20), st.booleans())
def test_both_go_the_same_way(
    native: SimpleNamespace, pure: SimpleNamespace, steps: list, limit: int, lossless
) -> None:
    both = [Heard(backend, limit, lossless).open() for backend in (native, pure)]
    for step in steps:
        ours, twin = (act(each, *step) for each in both)
        assert ours == twin
        assert both[0].state == both[1].state


def act(heard: Heard, what: str, data: bytes | None, flag: bool) -> object:
    if what == "take":
        return heard.hearing.take(data, flag)
    if what == "read":
        return heard.backlog.take() if heard.backlog.items else None
    if what == "wait":
        heard.backlog.reader = waits = Future(done=flag)
        heard.backlog.publish("item", 3)
        return waits.results
    if what == "lossless":
        heard.backlog.lossless = flag
    elif what == "open":
        heard.open()
    else:
        heard.hearing.close()
    return None
