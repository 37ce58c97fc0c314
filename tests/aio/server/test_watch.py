"""Calls that last too long or go quiet, on a clock that jumps."""

import asyncio

import pytest

from phonewire.aio.refusal import Refusal
from phonewire.aio.server.watch import Watch
from phonewire.protocols import twilio

FRAME = b"\xff" * 160


@pytest.fixture
def watched(virtual, on_the_phone):
    """Run *main(call, phone, watch)* and return what the watch ended, and when, in seconds since the start."""

    def run(main, most_s=None, idle_s=None, protocol="twilio", **options):
        ended = []

        async def on_a_call():
            loop = asyncio.get_running_loop()
            started_s = loop.time()

            def end(call, refusal, text):
                ended.append((refusal, text, loop.time() - started_s))

            async with on_the_phone(protocol) as (call, phone):
                watch = Watch(call, most_s, idle_s, end, **options)
                await main(call, phone, watch)
                watch.stop()
                await asyncio.sleep(0)
                assert not getattr(options.get("ask"), "waiting", 0)
                assert not [timer for timer in loop._scheduled if not timer.cancelled() and "Watch" in repr(timer)]

        virtual(on_a_call())
        return ended

    return run


async def quiet(call, phone, watch):
    await asyncio.sleep(100)


async def speaking(call, phone, watch):
    for _ in range(500):
        phone.say(FRAME)
        await asyncio.sleep(0.2)


def test_a_call_that_brings_no_media_is_ended_once(watched):
    ((refusal, text, after_s),) = watched(quiet, idle_s=30)
    assert refusal is Refusal.MEDIA_IDLE
    assert text == "no media for 30 s"
    assert 30 <= after_s <= 31


def test_media_keeps_a_call_alive_and_other_messages_do_not(watched):
    async def pressing(call, phone, watch):
        for _ in range(100):
            phone.send(twilio.Dtmf("1"))
            await asyncio.sleep(1)

    async def then_quiet(call, phone, watch):
        await speaking(call, phone, watch)
        await quiet(call, phone, watch)

    assert watched(speaking, idle_s=1) == []
    assert [refusal for refusal, _, _ in watched(pressing, idle_s=30)] == [Refusal.MEDIA_IDLE]
    ((_, _, after_s),) = watched(then_quiet, idle_s=1)
    assert 100.8 <= after_s <= 101.2


def test_a_call_lasts_no_longer_than_it_may(watched):
    ((refusal, text, after_s),) = watched(speaking, most_s=60, idle_s=1)
    assert refusal is Refusal.CALL_TOO_LONG
    assert text == "a call lasts at most 60 s"
    assert 60 <= after_s <= 60.2


def test_without_limits_nothing_is_watched(watched):
    assert watched(quiet) == []


def test_a_far_end_that_is_made_to_wait_is_not_quiet(watched):
    async def slow_reader(call, phone, watch):
        frames = aiter(call.frames())
        for _ in range(1000):
            phone.say(FRAME)  # 20 s at once: more than may wait here
        await anext(frames)
        assert call.holding_back
        await asyncio.sleep(100)
        for _ in range(999):
            await anext(frames)
        assert not call.holding_back
        await asyncio.sleep(1.5)  # quiet from here on

    ((refusal, _, after_s),) = watched(slow_reader, idle_s=1, protocol="das-peak")
    assert refusal is Refusal.MEDIA_IDLE
    assert 101 <= after_s <= 101.5


class Question:
    """Asks a far end that answers so many times."""

    def __init__(self, answers):
        self.answers = answers
        self.asked = self.waiting = 0

    async def __call__(self):
        self.asked += 1
        self.waiting += 1
        try:
            await (asyncio.sleep(1) if self.asked <= self.answers else asyncio.Event().wait())
        finally:
            self.waiting -= 1
        return True


def test_who_need_not_send_is_asked_and_ended_when_he_is_gone(watched):
    question = Question(answers=2)
    ((refusal, text, after_s),) = watched(quiet, idle_s=10, ask=question)
    assert (refusal, text) == (Refusal.MEDIA_IDLE, "no answer for 10 s")
    assert 40 <= after_s <= 44
    assert question.asked == 3


def test_a_question_behind_media_is_asked_again(watched):
    async def once_more(call, phone, watch):
        await asyncio.sleep(15)  # asked after 10
        phone.say(FRAME)
        await quiet(call, phone, watch)

    question = Question(answers=0)
    ((_, text, after_s),) = watched(once_more, idle_s=10, ask=question)
    assert text == "no answer for 10 s"
    assert 35 <= after_s <= 38
    assert question.asked == 2


def test_who_may_begin_late_has_to_send_from_then_on(watched):
    async def late(call, phone, watch):
        await asyncio.sleep(50)
        phone.say(FRAME)
        await quiet(call, phone, watch)

    ((_, text, after_s),) = watched(late, idle_s=10, ask=Question(answers=9), from_first=True)
    assert text == "no media for 10 s"
    assert 60 <= after_s <= 62


def test_a_call_that_is_over_is_left_alone(watched):
    async def hang_up(call, phone, watch):
        phone.send(twilio.Stop())
        await call.wait_ended()
        await asyncio.sleep(100)

    assert watched(hang_up, most_s=60, idle_s=30) == []
