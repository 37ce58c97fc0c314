"""What the callers of 50 Audio Connectors have heard, by the server's count and in truth, and in how many messages."""

import asyncio
import itertools
import random

import pytest

import phonewire
from phonewire import Endpoint, MarkOutcome
from phonewire.emulators.faulty_network import Faults, FaultyNetwork
from phonewire.emulators.genesys import GenesysCaller
from phonewire.protocols import audiohook as ah

BARGE_INS = 6
SPEECH = bytes(range(0x70)) * 150
SPEECH_MS = len(SPEECH) // 8
CONNECTOR = {"dialect": ah.CONNECTOR, "media": (ah.MediaOffer(),)}


@pytest.fixture
def how_many(tls):
    """Say how many calls there are; with TLS a fifth: it changes nothing in time and costs much."""
    return lambda calls: calls if tls is None else calls // 5


def serve(bot):
    where = Endpoint("/audiohook", "audiohook-connector", auth=None)
    return phonewire.serve(bot, endpoints=[where], limits=phonewire.Limits(unauthenticated_per_address=100))


async def speak(call, chance, marks):
    """Say something in pieces of any length, with marks between."""
    for number in range(chance.randrange(1, 12)):
        await call.write_payload(SPEECH[: chance.randrange(1, len(SPEECH) // 2)])
        if chance.random() < 0.3:
            marks.append(call.mark(f"mark {number}"))
        await asyncio.sleep(chance.choice([0, 0, 0.3]))


class Bot:
    """Speaks for a while, and is interrupted somewhere in it, or after it; again and again."""

    def __init__(self):
        self.calls = {}
        self.said = {}

    async def __call__(self, call):
        chance, marks = random.Random(call.parameters["number"]), []
        self.calls[call.id] = call
        said = self.said[call.id] = []
        await self.round_trip_is_known(call)
        await call.write_payload(SPEECH)
        await call.drain()
        for _ in range(BARGE_INS):
            sent = call.stats().frames_out if said else 0
            speaking = asyncio.create_task(speak(call, chance, marks))
            await asyncio.sleep(chance.uniform(0, 1.5))
            speaking.cancel()
            await asyncio.wait([speaking])
            heard_ms = await call.clear()
            if call.stats().frames_out == sent:
                assert heard_ms == 0  # and nobody was told of it
            else:
                said.append(heard_ms - (0 if said else SPEECH_MS))
            await asyncio.sleep(chance.uniform(0, 0.2))
        outcomes = {await asyncio.wait_for(mark, 1) for mark in marks}
        assert outcomes <= {MarkOutcome.PLAYED, MarkOutcome.CLEARED}

    async def round_trip_is_known(self, call):
        """Genesys tells it with its second ping, in the second second; before, a delay of its own is not known."""
        async for event in call.events():
            if isinstance(event, ah.Ping) and event.rtt_us is not None:
                return


def numbered(number):
    return {"opening": {"input_variables": {"number": str(number)}}}


def off_by(said, callers):
    """Return by how many ms each `clear` was off."""
    return [
        abs(claimed - (after - before))
        for caller in callers
        for claimed, (before, after) in zip(
            said[caller.conversation_id], itertools.pairwise([SPEECH_MS, *caller.barge_ins]), strict=True
        )
    ]


def test_played_ms_is_within_20_ms_of_the_truth_and_the_limits_are_kept_in_50_sessions(on_fake_clock, how_many, report):
    off_ms, calls = [], how_many(50)

    async def look(bot, callers):
        """Compare what a call says at any moment with what its caller has heard just then."""
        chance = random.Random(1)
        while True:
            await asyncio.sleep(chance.uniform(0, 0.05))
            caller = chance.choice(callers)
            call = bot.calls.get(caller.conversation_id)
            if call is not None and call.end_reason is None:
                off_ms.append(abs(call.played_ms - caller.heard_ms))

    async def main():
        bot = Bot()
        async with serve(bot) as server:
            callers = [
                GenesysCaller(server.url + "/audiohook", **CONNECTOR, **numbered(number)) for number in range(calls)
            ]
            await asyncio.gather(*(caller.__aenter__() for caller in callers))
            looking = asyncio.create_task(look(bot, callers))
            await asyncio.gather(*(caller.wait_closed() for caller in callers))
            looking.cancel()
            await asyncio.wait([looking])
        assert server.handler_errors == 0
        return bot, callers

    bot, callers = on_fake_clock(main)
    assert not [caller.violations for caller in callers if caller.violations]
    clears_ms = [claimed for said in bot.said.values() for claimed in said]
    assert len(clears_ms) > 0.9 * calls * BARGE_INS
    assert max(clears_ms) > 1300
    assert len(off_ms) > 200
    worst_ms = max(off_ms)
    report(
        f"Audio Connector, {calls} sessions: played_ms at most {worst_ms:.1f} ms off in {len(off_ms)} looks, "
        f"0 messages beyond the limits, the longest of {max(caller.longest_message for caller in callers)} bytes"
    )
    assert worst_ms <= 20


def test_barge_ins_say_what_was_heard_over_networks_and_phones_that_take_their_time(on_fake_clock, how_many, report):
    calls = how_many(20)

    async def main():
        bot = Bot()
        callers = []

        async def phone(server, number):
            chance = random.Random(number)
            # One round trip is measured and another is taken for it: with 9 ms of jitter they differ by up to 18 ms.
            slow = Faults(delay_ms=((least_ms := chance.uniform(0, 150)), least_ms + 9))
            async with FaultyNetwork(server.url, to_server=slow, to_client=slow, seed=number) as network:
                url, delay_s = network.url + "/audiohook", chance.uniform(0, 0.3)
                caller = GenesysCaller(url, **CONNECTOR, **numbered(number), playback_delay_s=delay_s)
                async with caller:
                    await caller.wait_closed()
                callers.append(caller)

        async with serve(bot) as server:
            await asyncio.gather(*(phone(server, number) for number in range(calls)))
        assert server.handler_errors == 0
        return bot, callers

    bot, callers = on_fake_clock(main)
    assert not [caller.violations for caller in callers if caller.violations]
    off_ms = off_by(bot.said, callers)
    right = sum(ms <= 20 for ms in off_ms)
    report(
        f"Audio Connector: clear within 20 ms of the truth: {right} of {len(off_ms)}, at most {max(off_ms):.1f} ms off"
    )
    assert right == len(off_ms) > 0.9 * calls * BARGE_INS
