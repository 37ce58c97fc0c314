"""Frames that go out at once, in both backends: what goes, what does not, and what is counted."""

import asyncio
import sys
import types
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

MS = 1_000_000
PAYLOAD, SAMPLES = b"\x7f" * 160, b"\x01\x02" * 160
MOST_BYTES = 1000


class Socket:
    """Takes messages; full, or closing, when a test says so."""

    def __init__(self) -> None:
        self.buffered_bytes = 0
        self.closing = False
        self.messages: list[bytes] = []

    def write(self, message: bytes, text: bool) -> bool:
        assert text
        if not self.closing:
            self.messages.append(message)
        return not self.closing


class Sending:
    """A sender with a clock that stands still, and what it sends to."""

    def __init__(self, backend: SimpleNamespace, lead_ms: int = 160) -> None:
        self.now_ns = 5 * MS
        self.schedule = backend.sending.Schedule(self.now_ns)
        self.sender = backend.sending.Sender(self.schedule, lead_ms * MS, MOST_BYTES, lambda: self.now_ns)
        self.socket = Socket()

    def open(self) -> "Sending":
        framers = (lambda audio: b"payload " + audio, len(SAMPLES), lambda audio: b"samples " + audio)
        self.sender.prepare(20 * MS, len(PAYLOAD), framers, self.socket)
        self.sender.open()
        return self

    @property
    def counts(self) -> tuple[int, int, int]:
        return self.sender.frames, self.sender.bytes, self.schedule.sent_ns // MS


@pytest.fixture
def sending(backend: SimpleNamespace) -> Sending:
    return Sending(backend).open()


def test_a_frame_goes_out_as_a_message_and_is_counted(sending: Sending) -> None:
    assert sending.sender.send_samples(SAMPLES)
    assert sending.sender.send_payload(PAYLOAD)
    assert sending.socket.messages == [b"samples " + SAMPLES, b"payload " + PAYLOAD]
    assert sending.counts == (2, 320, 40)
    assert (sending.schedule.idle_at_ns, sending.schedule.quiet_at_ns) == (45 * MS, 45 * MS)


def test_it_begins_closed_and_can_be_closed_again(backend: SimpleNamespace) -> None:
    sending = Sending(backend)
    assert not sending.sender.is_open
    assert not sending.sender.send_samples(SAMPLES)
    assert not sending.sender.send_payload(PAYLOAD)
    sending.open()
    assert sending.sender.is_open
    sending.sender.close()
    assert not sending.sender.is_open
    assert not sending.sender.send_samples(SAMPLES)
    assert not sending.sender.send_payload(PAYLOAD)
    assert (sending.socket.messages, sending.counts) == ([], (0, 0, 0))


@pytest.mark.parametrize(
    "audio", [b"", SAMPLES[:-1], SAMPLES + b"\0", bytearray(SAMPLES), memoryview(SAMPLES), "x" * 320, None, 320,
              b"RIFF" + SAMPLES[4:]]
)  # fmt: skip
def test_what_is_no_frame_is_left_alone(audio: object, sending: Sending) -> None:
    assert not sending.sender.send_samples(audio)
    assert not sending.sender.send_payload(audio)
    assert (sending.socket.messages, sending.counts) == ([], (0, 0, 0))


def test_frames_go_until_the_far_end_has_enough(sending: Sending) -> None:
    assert [sending.sender.send_payload(PAYLOAD) for _ in range(10)] == [True] * 9 + [False]  # 160 ms are not over yet
    sending.now_ns += 20 * MS
    assert [sending.sender.send_payload(PAYLOAD) for _ in range(2)] == [True, False]
    assert sending.counts == (10, 1600, 200)


def test_a_far_end_that_ran_empty_begins_anew(sending: Sending) -> None:
    sending.sender.send_payload(PAYLOAD)
    sending.now_ns += 1000 * MS
    sending.sender.send_payload(PAYLOAD)
    assert sending.schedule.idle_at_ns == sending.now_ns + 20 * MS
    assert sending.schedule.sent_ns == 40 * MS


@pytest.mark.parametrize(("full", "closing"), [(True, False), (False, True)])
def test_nothing_is_counted_where_nothing_is_written(full: bool, closing: bool, sending: Sending) -> None:
    sending.socket.buffered_bytes = MOST_BYTES if full else MOST_BYTES - 1
    sending.socket.closing = closing
    assert not sending.sender.send_samples(SAMPLES)
    assert (sending.socket.messages, sending.counts) == ([], (0, 0, 0))
    assert sending.schedule.idle_at_ns == 5 * MS
    sending.socket.buffered_bytes, sending.socket.closing = MOST_BYTES - 1, False
    assert sending.sender.send_samples(SAMPLES)


def test_what_the_socket_raises_is_raised(sending: Sending) -> None:
    sending.socket.buffered_bytes = "many"
    with pytest.raises(TypeError):
        sending.sender.send_samples(SAMPLES)
    assert sending.counts == (0, 0, 0)


def test_who_listens_is_told_of_payloads_and_samples_go_another_way(sending: Sending) -> None:
    told: list[tuple[bytes, int]] = []
    sending.sender.listeners.append(lambda payload, plays_ns: told.append((payload, plays_ns)))
    assert not sending.sender.send_samples(SAMPLES)
    assert sending.sender.send_payload(PAYLOAD)
    assert sending.sender.send_queued(PAYLOAD, 5 * MS)
    assert told == [(PAYLOAD, 5 * MS), (PAYLOAD, 25 * MS)]
    sending.sender.listeners.clear()
    assert sending.sender.send_samples(SAMPLES)
    assert len(told) == 2


def test_others_count_their_frames_here_too(sending: Sending) -> None:
    sending.sender.frames += 2
    sending.sender.bytes += 320
    sending.sender.send_payload(PAYLOAD)
    assert sending.counts == (3, 480, 20)


def test_a_frame_whose_turn_it_is_goes_also_while_it_is_shut(sending: Sending) -> None:
    sending.sender.close()
    assert sending.sender.is_ready
    assert sending.sender.send_queued(PAYLOAD, 5 * MS)
    assert (sending.socket.messages, sending.counts) == ([b"payload " + PAYLOAD], (1, 160, 20))
    assert sending.sender.send_queued(PAYLOAD, 25 * MS), "it comes just in time"
    assert not sending.sender.send_queued(PAYLOAD, 45 * MS + 1), "the far end has run dry, which others are told"
    assert not sending.sender.send_queued(PAYLOAD[1:], 6 * MS)
    sending.socket.closing = True
    assert not sending.sender.send_queued(PAYLOAD, 6 * MS)
    assert sending.counts == (2, 320, 40)


def test_it_cannot_be_opened_before_it_is_prepared(backend: SimpleNamespace) -> None:
    sending = Sending(backend)
    sending.sender.open()
    assert (sending.sender.is_ready, sending.sender.is_open) == (False, False)


def test_what_it_has_forgotten_it_needs_again(sending: Sending) -> None:
    sending.sender.forget()
    assert (sending.sender.is_ready, sending.sender.is_open) == (False, False)
    assert not sending.sender.send_queued(PAYLOAD, 5 * MS)
    assert not sending.sender.send_payload(PAYLOAD)
    sending.open()
    assert sending.sender.send_queued(PAYLOAD, 5 * MS)


STEPS = ["queued", "forget", "samples", "payload", "wait", "full", "closing", "shut"]
STEP = st.tuples(st.sampled_from(STEPS), st.integers(0, 200))


@given(st.lists(STEP, max_size=60))
def test_both_go_the_same_way(native: SimpleNamespace, pure: SimpleNamespace, steps: list[tuple[str, int]]) -> None:
    both = [Sending(backend).open() for backend in (native, pure)]
    for what, amount in steps:
        for each in both:
            act(each, what, amount)
        ours, twin = ((it.counts, it.socket.messages, it.schedule.idle_at_ns, it.schedule.quiet_at_ns) for it in both)
        assert ours == twin


def act(sending: Sending, what: str, amount: int) -> None:
    if what == "samples":
        sending.sender.send_samples(SAMPLES[amount % 3 :])
    elif what == "payload":
        sending.sender.send_payload(PAYLOAD)
    elif what == "queued":
        sending.sender.send_queued(PAYLOAD[amount % 2 :], sending.now_ns)
    elif what == "forget":
        sending.sender.forget()
    elif what == "wait":
        sending.now_ns += amount * MS
    elif what == "full":
        sending.socket.buffered_bytes = amount * 10
    elif what == "closing":
        sending.socket.closing = amount % 2 == 1
    elif amount % 2:
        sending.sender.close()
    else:
        sending.open()


def test_a_schedule_within_and_beyond_its_grace(backend: SimpleNamespace) -> None:
    schedule = backend.sending.Schedule(0)
    assert not schedule.send(20 * MS, 0)
    assert not schedule.send(20 * MS, 120 * MS, 100 * MS)
    assert (schedule.idle_at_ns, schedule.quiet_at_ns, schedule.sent_ns) == (40 * MS, 40 * MS, 40 * MS)
    assert schedule.send(20 * MS, 141 * MS, grace_ns=100 * MS)
    assert schedule.idle_at_ns == 161 * MS


# The first step of what nobody awaits


class Awaitable:
    """Waits for each of what it is given, as an iterator that is no coroutine."""

    def __init__(self, *waits_for: object) -> None:
        self._waits_for = waits_for

    def __await__(self) -> Iterator[object]:
        return iter(self._waits_for)


async def waiting(*waits_for: object, then: BaseException | None = None) -> str:
    for each in waits_for:
        await Awaitable(each)
    if then is not None:
        raise then
    return "what nobody asks for"


@pytest.mark.parametrize("make", [Awaitable, waiting])
def test_what_does_not_wait_is_over_at_once(make: Callable[..., Any], backend: SimpleNamespace) -> None:
    assert backend.sending.first_step(make()) is None


@pytest.mark.parametrize("make", [Awaitable, waiting])
def test_what_waits_is_left_where_it_waits(make: Callable[..., Any], backend: SimpleNamespace) -> None:
    steps, waits_for = backend.sending.first_step(make(None, "second"))
    assert waits_for is None
    assert list(types.coroutine(lambda: (yield from steps))()) == ["second"]


def test_what_it_raises_is_raised(backend: SimpleNamespace) -> None:
    for raised in (ZeroDivisionError, asyncio.CancelledError, KeyboardInterrupt):
        with pytest.raises(raised):
            backend.sending.first_step(waiting(then=raised()))
    with pytest.raises((TypeError, AttributeError)):
        backend.sending.first_step("nothing to wait for")


def test_nothing_is_kept_of_what_is_over(backend: SimpleNamespace) -> None:
    waits_for = object()
    before = sys.getrefcount(waits_for)
    for _ in range(100):
        steps, _ = backend.sending.first_step(waiting(waits_for))
        steps.close()
        backend.sending.first_step(waiting())
    del steps, _
    assert sys.getrefcount(waits_for) == before
