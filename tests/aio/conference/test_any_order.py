"""Joining, leaving, muting, speaking and hanging up in any order: who is in hears who is in, and nothing is left."""

import asyncio

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import phonewire
from phonewire.aio.pacing import ticker
from phonewire.errors import ConferenceFullError

FRAME, PARTIES, PLACES = 160, 4, 2
KINDS = ("twilio", "audiosocket", "sln documented", "audiosocket deployed")
STEPS = st.tuples(
    st.sampled_from([*["join"] * 4, "listen", "leave", *["mute"] * 2, *["speak"] * 5, "hang up", "close"]),
    st.integers(0, PARTIES - 1),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEPS, min_size=20, max_size=30))
def test_who_is_in_hears_who_is_in(virtual, party, calling, steps):
    async def main():
        conference = phonewire.Conference(max_legs=PLACES)
        parties = [party(kind) for kind in KINDS]
        inside, muted, ended, joined = {}, set(), set(), []
        closed = False
        async with calling(parties):
            for what, index in steps:
                each = parties[index]
                if what in ("join", "listen") and index not in inside and index not in ended:
                    joined.append(asyncio.create_task(conference.join(each.call, listen_only=what == "listen")))
                    await asyncio.sleep(0)
                    if not closed and len(inside) < PLACES:
                        inside[index] = what
                    elif not closed:
                        assert isinstance(joined.pop().exception(), ConferenceFullError)
                elif what == "leave":
                    conference.leave(each.call)
                    inside.pop(index, None)
                    muted.discard(index)
                elif what == "mute" and index in inside:
                    conference.mute(each.call)
                    muted.add(index)
                elif what == "hang up" and index not in ended:
                    await each.call.close()
                    await asyncio.sleep(0.001)
                    inside.pop(index, None)
                    ended.add(index)
                elif what == "close":
                    await conference.close()
                    inside.clear()
                    closed = True
                elif what == "speak" and index not in ended:
                    await speak_and_listen(conference, parties, index, inside, muted, ended)
                assert [parties.index(p) for c in conference.legs for p in parties if p.call is c] == list(inside)
            await conference.close()
            await asyncio.gather(*joined)
        assert conference.legs == ()
        await asyncio.sleep(0.1)
        assert not ticker()._slot_of

    async def speak_and_listen(conference, parties, index, inside, muted, ended):
        for each in parties:
            each.heard.clear()
        loud = np.full(FRAME * 3, 8031, np.int16)  # what no codec changes
        await parties[index].say_frames(loud, asyncio.get_running_loop().time() + 0.02)
        await asyncio.sleep(0.2)
        heard = {n for n, each in enumerate(parties) if each.audio.any()}
        audible = inside.get(index) == "join" and index not in muted
        assert heard == ({*inside} - {index} - ended if audible else set())

    virtual(main())
