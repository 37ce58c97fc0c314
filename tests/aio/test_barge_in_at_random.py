"""Clear at any moment, over any distance, against a phone that plays sample by sample."""

import asyncio
import random

from phonewire.aio.mark import MarkOutcome

ROUNDS = 200


async def speak(call, chance, marks):
    """Say something in pieces of any length, with marks between, until a clear ends it or it is said."""
    for n in range(chance.randrange(1, 12)):
        await call.write_payload(bytes(8 * chance.randrange(1, 900)))
        if chance.random() < 0.5:
            marks.append(call.mark(f"mark {n}"))
        await asyncio.sleep(chance.choice([0, 0, 0.3, 1.0]))


async def barge_in(on_the_phone, at_a_distance, seed):
    """Return what `clear` says and what is true, both in ms, and whether every mark got an outcome."""
    chance = random.Random(seed)
    async with on_the_phone() as (call, phone):
        for transport in (call._line.transport, phone.transport):
            latency_s = chance.uniform(0, 0.2)
            at_a_distance(transport, lambda latency_s=latency_s: latency_s + chance.uniform(0, 0.015))
        heard_before_ms, results, marks = 0, [], []
        for _ in range(chance.randrange(1, 4)):
            speaker = asyncio.create_task(speak(call, chance, marks))
            await asyncio.sleep(chance.uniform(0, 5))
            speaker.cancel()
            await asyncio.wait([speaker])
            said_ms = await call.clear()
            await asyncio.sleep(1)
            results.append((said_ms, phone.playout.heard_ms - heard_before_ms))
            heard_before_ms = phone.playout.heard_ms
        outcomes = [await asyncio.wait_for(asyncio.shield(mark), 1) for mark in marks]
        assert all(outcome in (MarkOutcome.PLAYED, MarkOutcome.CLEARED) for outcome in outcomes)
        return results


def test_clear_is_right_within_20_ms_in_200_of_200(virtual, on_the_phone, at_a_distance, capsys):
    right, worst_ms = 0, 0.0
    for seed in range(ROUNDS):
        results = virtual(barge_in(on_the_phone, at_a_distance, seed))
        off_ms = max(abs(said_ms - heard_ms) for said_ms, heard_ms in results)
        worst_ms = max(worst_ms, off_ms)
        right += off_ms <= 20
    with capsys.disabled():
        print(f" [clear within 20 ms of the truth: {right} of {ROUNDS}, at most {worst_ms:.1f} ms off] ", end="")
    assert right == ROUNDS
