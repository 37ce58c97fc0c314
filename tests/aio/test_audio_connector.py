"""Audio Connector calls through a real server on the fake clock: what goes out, in which messages, what is heard."""

import asyncio
import contextlib
import itertools
import random

import pytest

import phonewire
from phonewire import Endpoint, MarkOutcome, MessageRate
from phonewire.emulators.clock import FakeClockLoop
from phonewire.emulators.genesys import GenesysCaller
from phonewire.protocols import audiohook as ah

pytestmark = pytest.mark.usefixtures("tls")

EXTERNAL = (ah.MediaOffer(),)
SPEECH = bytes(range(0x70)) * 1500  # 21 s


@pytest.fixture
def run():
    """Run a coroutine on a clock that jumps from timer to timer, with a network in memory."""
    with asyncio.Runner(loop_factory=FakeClockLoop) as runner:
        yield runner.run


class Genesys(GenesysCaller):
    """Notes when each message came, and how much audio was in it."""

    def __init__(self, url, **options):
        super().__init__(url, dialect=ah.CONNECTOR, media=EXTERNAL, **options)
        self.came = []

    def _count(self, size, text):
        self.came.append((asyncio.get_running_loop().time(), 0 if text else size))
        super()._count(size, text)

    @property
    def audio(self):
        return [(at_s, size) for at_s, size in self.came if size]


@contextlib.asynccontextmanager
async def calling(handler, *, endpoint=None, **options):
    """Serve an Audio Connector, and let Genesys dial."""
    where = Endpoint("/audiohook", "audiohook-connector", auth=None, **endpoint or {})
    async with (
        phonewire.serve(handler, endpoints=[where]) as server,
        Genesys(server.url + "/audiohook", **options) as it,
    ):
        yield it


def most_in_any_window(moments, per_s, burst):
    """Say by how many messages the limits were exceeded in the worst of all windows; at most 0 is within them."""
    ordered = sorted(moments)
    return max(
        (last - first + 1) - burst - (ordered[last] - ordered[first]) * per_s
        for first, last in itertools.combinations_with_replacement(range(len(ordered)), 2)
    )


def test_what_is_written_is_heard_in_messages_of_200_ms(run):
    async def main():
        async def bot(call):
            await call.write_payload(SPEECH[:80_000])
            await call.drain()
            assert call.played_ms == 10_000

        async with calling(bot) as caller:
            await caller.wait_closed()
        assert caller.heard == SPEECH[:80_000]
        assert caller.violations == []
        sizes = [size for _, size in caller.audio]
        assert sizes == [1600] * 50
        (first_s, second_s), last_s = (at_s for at_s, _ in caller.audio[:2]), caller.audio[-1][0]
        assert first_s == second_s, "what the far end's buffer is to hold"
        assert last_s - first_s == pytest.approx(9.6, abs=0.02)
        assert caller.heard_of(ah.Disconnect) == [ah.Disconnect("completed")]
        assert caller.close_code == 1000

    run(main())


def test_small_writes_are_put_together_and_the_last_one_does_not_wait_for_ever(run):
    async def main():
        async def bot(call):
            for start in range(0, 8000, 160):
                await call.write_payload(SPEECH[start : start + 160])
                await asyncio.sleep(0.02)
            await call.write_payload(SPEECH[8000:8480])
            await asyncio.sleep(1)  # nobody says that this was all
            assert call.queued_ms == 0
            await call.wait_ended()

        async with calling(bot) as caller:
            await caller.until(lambda: len(caller.heard) == 8480)
            assert caller.heard == SPEECH[:8480]
            assert max(size for _, size in caller.audio) <= 1760
            assert len(caller.audio) == 6

    run(main())


def test_a_mark_and_a_drain_wait_for_nothing(run):
    async def main():
        outcomes = []

        async def bot(call):
            loop = asyncio.get_running_loop()
            began_s = loop.time()
            await call.write_payload(SPEECH[:800])
            outcomes.append(await call.mark("after 100 ms"))
            outcomes.append(round((loop.time() - began_s) * 1000))
            await call.write_payload(SPEECH[:800])
            await call.drain()
            outcomes.append(round((loop.time() - began_s) * 1000))

        async with calling(bot) as caller:
            await caller.wait_closed()
        assert outcomes[0] is MarkOutcome.PLAYED
        assert 100 <= outcomes[1] <= 120
        assert outcomes[1] + 100 <= outcomes[2] <= outcomes[1] + 120

    run(main())


def test_clear_is_a_barge_in_and_says_what_was_heard(run):
    async def main():
        heard = []

        async def bot(call):
            assert await call.clear() == 0
            writing = asyncio.create_task(call.write_payload(SPEECH))
            await asyncio.sleep(1.234)
            heard.append(await call.clear())
            await writing
            assert await call.clear() == 0
            await call.write_payload(SPEECH[:1600])
            await call.drain()
            assert call.played_ms == heard[0] + 200

        async with calling(bot) as caller:
            await caller.wait_closed()
        assert [len(notice.entities) for notice in caller.heard_of(ah.Notice)] == [1], "one, where there was something"
        assert heard[0] == pytest.approx(caller.barge_ins[0], abs=2)
        assert heard[0] == pytest.approx(1234, abs=21)
        assert caller.heard[-1600:] == SPEECH[:1600]

    run(main())


@pytest.mark.parametrize("rate", [MessageRate(), MessageRate(per_s=4, burst=8), MessageRate(per_s=10, burst=6)])
def test_the_limits_are_never_exceeded_whatever_a_program_does(run, rate):
    """It speaks in tiny pieces with marks between, interrupts itself all the time, and the loop stalls."""

    async def main():
        async def bot(call):
            chance = random.Random(7)
            loop = asyncio.get_running_loop()
            while loop.time() < until_s:
                for number in range(chance.randrange(1, 8)):
                    await call.write_payload(SPEECH[: chance.choice([160, 240, 5000])])
                    call.mark(f"{number}")
                if chance.random() < 0.7:
                    await call.clear()
                await asyncio.sleep(chance.choice([0, 0.01, 0.1, 0.5]))
                if chance.random() < 0.05:
                    loop.stall(chance.choice([0.15, 1.5]))

        until_s = asyncio.get_running_loop().time() + 60
        async with calling(bot, endpoint={"message_rate": rate}, message_rate=rate) as caller:
            await caller.wait_closed()
        assert caller.violations == []
        moments = [at_s for at_s, _ in caller.came]
        assert len(moments) > 100
        assert most_in_any_window(moments, rate.per_s, rate.burst) < 1e-6

    run(main())


def test_a_long_prompt_stays_without_a_gap_at_the_rate_that_it_needs(run):
    """Five messages a second are just what it needs; the pongs are beyond that, so that some messages are longer."""

    async def main():
        events = []

        async def listen(call):
            async for event in call.events():
                events.append(event)  # noqa: PERF401 - looked at when the call is over

        async def bot(call):
            listening = asyncio.create_task(listen(call))
            for _ in range(7):
                await call.write_payload(SPEECH)
            await call.drain()
            await call.close()
            await listening

        async with calling(bot) as caller:
            await caller.wait_closed()
        assert caller.heard == SPEECH * 7
        assert caller.violations == []
        assert len(caller.heard_of(ah.Disconnect)) == 1
        assert sum(isinstance(event, ah.PlaybackStarted) for event in events) == 1, "it never ran dry"

    run(main())


def test_what_the_program_sends_beyond_the_limit_is_an_error(run):
    async def main():
        async def bot(call):
            for _ in range(24):
                call.send(answer)
            with pytest.raises(phonewire.LocalProtocolError, match="no more messages"):
                call.send(answer)

        answer = ah.Notice((ah.BotTurnResponse(disposition="match"),))
        async with calling(bot) as caller:
            await caller.wait_closed()
        assert caller.heard_of(ah.Notice) == [answer] * 24

    run(main())


def test_output_variables_go_with_the_goodbye(run):
    async def main():
        async def bot(call):
            await call.close(output_variables={"outcome": "verified", "score": "0.97"})

        async with calling(bot) as caller:
            await caller.wait_closed()
        (goodbye,) = caller.heard_of(ah.Disconnect)
        assert goodbye == ah.Disconnect("completed", None, {"outcome": "verified", "score": "0.97"})
        assert caller.close_code == 1000

    run(main())


def test_output_variables_that_nobody_could_take_are_refused_and_the_call_goes_on(run):
    async def main():
        async def bot(call):
            with pytest.raises(TypeError, match="str by str, got int"):
                await call.close(output_variables={"score": 1})
            with pytest.raises(ValueError, match="at most 60000 bytes as JSON, got 60011"):
                await call.close(output_variables={"word": "x" * 60_000})
            with pytest.raises(ValueError, match="surrogate"):
                await call.close(output_variables={"word": "\ud800"})
            assert call.end_reason is None
            await call.close()
            with pytest.raises(phonewire.CallEndedError):
                await call.close(output_variables={"late": "yes"})

        async with calling(bot) as caller:
            await caller.wait_closed()
        assert caller.heard_of(ah.Disconnect) == [ah.Disconnect("completed")]

    run(main())


def test_other_protocols_take_none():
    with pytest.raises(ValueError, match="for audiohook-connector, got one for twilio"):
        Endpoint("/twilio", "twilio", auth=None, message_rate=MessageRate())


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("per_s", 0, "above 0, got 0"),
        ("burst", 5, "at least 6, got 5"),
        ("batch_ms", 10, "at least 20, got 10"),
        ("batch_ms", 5000, "at most 2000"),
        ("message_bytes", 100, "at least 320, got 100"),
    ],
)
def test_a_rate_that_is_none(field, value, words):
    with pytest.raises(ValueError, match=words):
        MessageRate(**{field: value})


def test_a_handler_that_raises_ends_with_an_error_and_genesys_closes(run):
    async def main():
        async def bot(call):
            await call.write_payload(SPEECH)
            raise RuntimeError("a bug")

        async with calling(bot) as caller:
            await caller.wait_closed()
        assert caller.heard_of(ah.Disconnect) == [ah.Disconnect("error", "internal error")]
        assert caller.heard_of(ah.Closed)
        assert caller.close_code == 1000, "Genesys has closed, not the server"

    run(main())
