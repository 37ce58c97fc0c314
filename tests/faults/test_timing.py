"""What was heard at a barge-in, and how sending recovers from a stall: exact, on the fake clock, in whole calls."""

import asyncio
import collections
import itertools
import random

import pytest

import phonewire
from phonewire.aio.outbound.mark import MarkOutcome
from phonewire.emulators.faulty_network import Faults, FaultyNetwork
from phonewire.emulators.twilio import TwilioCaller
from phonewire.protocols import twilio

pytestmark = pytest.mark.usefixtures("tls")

CALLS, BARGE_INS = 20, 10
SPEECH = bytes(range(0x70)) * 150  # 2.1 s


def serve(bot):
    return phonewire.serve(bot, endpoints=[phonewire.Endpoint("/twilio", "twilio", auth=None)])


async def speak(call, chance, marks):
    """Say something in pieces of any length, with marks between."""
    for number in range(chance.randrange(1, 12)):
        await call.write_payload(SPEECH[: chance.randrange(1, len(SPEECH) // 2)])
        if chance.random() < 0.5:
            marks.append(call.mark(f"mark {number}"))
        await asyncio.sleep(chance.choice([0, 0, 0.3]))


def test_clear_says_what_was_heard_within_20_ms_in_200_of_200_barge_ins(on_fake_clock, capsys):
    said = {}

    async def bot(call):
        """Speak for a while, and be interrupted somewhere in it, or after it; again and again."""
        chance, marks = random.Random(call.id), []
        said[call.id] = []
        for _ in range(BARGE_INS):
            speaking = asyncio.create_task(speak(call, chance, marks))
            await asyncio.sleep(chance.uniform(0, 1.5))
            speaking.cancel()
            await asyncio.wait([speaking])
            said[call.id].append(await call.clear())
            await asyncio.sleep(chance.uniform(0, 0.2))
        outcomes = {await asyncio.wait_for(mark, 1) for mark in marks}
        assert outcomes == {MarkOutcome.PLAYED, MarkOutcome.CLEARED}, "of every mark"

    async def phone(server, number):
        """Hear it over a network that has a delay of its own for each call, and a jitter on top."""
        least_ms = 15 * number
        slow = Faults(delay_ms=(least_ms, least_ms + 10))
        async with (
            FaultyNetwork(server.url, to_server=slow, to_client=slow, seed=number) as network,
            TwilioCaller(network.url + "/twilio", call_sid=f"CA{number}") as caller,
        ):
            await caller.wait_closed()
            return [after - before for before, after in itertools.pairwise([0, *caller.clears])]

    async def main():
        async with serve(bot) as server:
            truth = await asyncio.gather(*(phone(server, number) for number in range(CALLS)))
        assert [len(heard) for heard in truth] == [BARGE_INS] * CALLS
        assert max(max(heard) for heard in truth) > 1300
        off_ms = [
            abs(claimed - heard)
            for number in range(CALLS)
            for claimed, heard in zip(said[f"CA{number}"], truth[number], strict=True)
        ]
        right = sum(ms <= 20 for ms in off_ms)
        with capsys.disabled():
            print(f" [clear within 20 ms of the truth: {right} of 200, at most {max(off_ms):.1f} ms off] ", end="")
        assert right == 200
        assert server.handler_errors == 0

    on_fake_clock(main)


class Watching(TwilioCaller):
    """Notes when each frame came; nothing takes time between the server's socket and this."""

    def _take(self, event):
        if isinstance(event, twilio.Media):
            self.came_at.append(asyncio.get_running_loop().time())
        super()._take(event)


STALL_AT_S, STALL_S = 1.0, 0.1


def check_recovery(moments, stalled_at, stalled_until):
    """Check the times of one call's frames: on a grid of 20 ms, but for 200 ms after the stall."""
    per_tick = collections.Counter(moments)
    steady = [at for at in moments if stalled_at - 0.5 < at < stalled_at]
    assert len(steady) >= 20
    assert not any(stalled_at < at < stalled_until - 1e-9 for at in moments)
    assert max(count for at, count in per_tick.items() if at > stalled_at) <= 3
    recovered = [at for at in moments if stalled_until + 0.2 < at < stalled_until + 1.0]
    assert len(recovered) >= 39
    for at in recovered:
        ticks = (at - steady[0]) / 0.02
        assert ticks == pytest.approx(round(ticks), abs=0.001), "back on the grid"
        assert per_tick[at] == 1
    lost_ticks = round((recovered[-1] - steady[0]) / 0.02) - (moments.index(recovered[-1]) - moments.index(steady[0]))
    assert lost_ticks == 0, "a frame for every 20 ms, whatever happened between"


def test_after_a_stall_of_100_ms_every_call_is_back_on_the_grid_within_200_ms(on_fake_clock):
    """Twenty calls to a far end that buffers, and twenty to one that does not."""
    heard_at = []

    async def bot(call):
        heard_at.append(moments := [])
        speaking = asyncio.create_task(call.write_payload(SPEECH * 2))
        async for _ in call.frames():
            moments.append(asyncio.get_running_loop().time())  # noqa: PERF401 - looked at while the call goes on
        await speaking

    async def buffering(server):
        caller = Watching(server.url + "/twilio")
        caller.came_at = []
        async with caller:
            await asyncio.sleep(2.5)
        return caller.came_at

    async def plain(server):
        async with phonewire.connect(server.url + "/twilio", protocol="twilio", drain_timeout_s=0.001) as call:
            speaking = asyncio.create_task(call.write_payload(SPEECH * 2))
            await asyncio.sleep(2.5)
            await call.close()
            await speaking

    async def main():
        loop = asyncio.get_running_loop()
        async with serve(bot) as server:
            callers = [asyncio.create_task(buffering(server)) for _ in range(20)]
            await asyncio.sleep(0.0125)
            ours = len(heard_at)
            callers += [asyncio.create_task(plain(server)) for _ in range(20)]
            await asyncio.sleep(STALL_AT_S)
            stalled_at = loop.time()
            loop.stall(STALL_S)
            results = await asyncio.gather(*callers)
        sent = [result for result in results if result] + heard_at[ours:]
        assert len(sent) == 40
        for moments in sent:
            check_recovery(moments, stalled_at, stalled_at + STALL_S)

    on_fake_clock(main)
