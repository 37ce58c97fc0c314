"""Conferences that come and go with their calls, through real servers on a clock that jumps."""

import asyncio
import contextlib

import numpy as np
import pytest

import phonewire
from phonewire.errors import ConferenceFullError

FRAME = 160  # samples


def frames_from(first):
    """Return frames of which each is full of its number."""
    return np.repeat(np.arange(first, first + 25, dtype=np.int16), FRAME)


def heard_in(frames):
    return [int(samples[0]) for frame in frames for samples in [np.frombuffer(frame.pcm, np.int16)] if samples.any()]


@contextlib.asynccontextmanager
async def serving(conferences):
    """Serve AudioSocket; the last four characters of the UUID are the conference's id."""

    async def handler(call):
        await conferences.join(call, call.id[-4:])

    async with phonewire.serve_audiosocket(handler, call_ids=None, addresses=None) as server:
        yield server


def dial(server, caller, conference):
    call_id = f"12345678-1234-1234-1234-{caller:08}{conference}"
    return phonewire.connect_audiosocket("127.0.0.1", server.port, call_id=call_id)


async def keep(call, frames):
    async for frame in call.frames():
        frames.append(frame)


def test_who_calls_the_same_id_hears_each_other_and_nobody_else(virtual):
    async def main():
        conferences = phonewire.Conferences()
        heard = [[] for _ in range(4)]
        async with serving(conferences) as server, contextlib.AsyncExitStack() as stack:
            dialled = [dial(server, n, room) for n, room in enumerate(("aaaa", "aaaa", "bbbb", "bbbb"))]
            calls = [await stack.enter_async_context(each) for each in dialled]
            readers = [asyncio.create_task(keep(*each)) for each in zip(calls, heard, strict=True)]
            await asyncio.sleep(0.1)
            assert sorted(each.id for each in conferences) == ["aaaa", "bbbb"]
            assert len(conferences.get("aaaa").legs) == 2
            await asyncio.gather(*(each.write(frames_from(100 * n)) for n, each in enumerate(calls, 1)))
            await asyncio.sleep(1)
            for call in calls:
                await call.close()
            await asyncio.sleep(0.1)
            assert (len(conferences), conferences.get("aaaa")) == (0, None)
            await asyncio.gather(*readers)
        return [heard_in(frames) for frames in heard]

    assert virtual(main()) == [list(range(100 * n, 100 * n + 25)) for n in (2, 1, 4, 3)]


@pytest.mark.usefixtures("tls")
def test_voipbin_s_clients_meet_at_a_path(virtual):
    async def main():
        conferences = phonewire.Conferences()
        path = "/v1.0/conferences/{id}/media_stream"
        endpoint = phonewire.Endpoint(path, "voipbin", auth=None, handler=conferences.handler, wire="documented")
        heard = [[], [], []]
        async with (
            phonewire.serve(None, endpoints=[endpoint]) as server,
            contextlib.AsyncExitStack() as stack,
        ):
            room = server.url + path.replace("{id}", "standup")
            calls = [
                await stack.enter_async_context(phonewire.connect(f"{room}?encapsulation={each}", wire="documented"))
                for each in ("rtp", "sln", "audiosocket")
            ]
            readers = [asyncio.create_task(keep(*each)) for each in zip(calls, heard, strict=True)]
            await asyncio.sleep(0.5)
            assert [each.id for each in conferences] == ["standup"]
            for n, call in enumerate(calls, 1):  # one after the other, so that delays do not matter
                await call.write(frames_from(1000 * n))
                await asyncio.sleep(1)
            for call in calls:
                await call.close()
            await asyncio.gather(*readers)
        return [heard_in(frames) for frames in heard]

    spoken = [list(range(1000 * n, 1000 * n + 25)) for n in (1, 2, 3)]
    assert virtual(main()) == [spoken[1] + spoken[2], spoken[0] + spoken[2], spoken[0] + spoken[1]]


def test_each_begins_with_what_the_program_wants(virtual, tmp_path):
    async def main():
        recordings = []
        conferences = phonewire.Conferences(began=lambda each: recordings.append(each.record(tmp_path)))
        async with serving(conferences) as server:
            for _ in range(2):
                async with dial(server, 1, "aaaa") as call:
                    await call.write(frames_from(1))
                    await asyncio.sleep(1)
                await asyncio.sleep(0.1)
        assert len({recording.path for recording in recordings}) == 2
        assert [recording.duration_ms > 900 for recording in recordings] == [True, True]

    virtual(main())


def test_where_there_is_no_room_the_call_is_closed(virtual):
    async def main():
        conferences = phonewire.Conferences(max_conferences=1, max_legs=1)
        async with (
            phonewire.serve_audiosocket(conferences.handler, call_ids=None, addresses=None) as server,
            dial(server, 1, "aaaa") as first,
        ):
            await asyncio.sleep(0.1)
            async with dial(server, 2, "bbbb") as second:
                await second.wait_ended()
            with pytest.raises(ConferenceFullError, match="1 conferences"):
                await conferences.join(first, "another")
            with pytest.raises(ConferenceFullError, match="1 legs"):
                await conferences.join(first, first.id)
            assert first.end_reason is None
            assert server.handler_errors == 0
        assert len(conferences) == 0

    virtual(main())


def test_closing_ends_all_of_them(virtual):
    async def main():
        conferences = phonewire.Conferences()
        async with serving(conferences) as server, dial(server, 1, "aaaa") as first, dial(server, 2, "bbbb") as second:
            await asyncio.sleep(0.1)
            await conferences.close()
            await asyncio.gather(first.wait_ended(), second.wait_ended())  # their handlers have returned
            assert len(conferences) == 0

    virtual(main())


def test_the_last_who_is_cancelled_ends_the_conference(virtual, party, calling):
    async def main():
        conferences, one = phonewire.Conferences(), party("audiosocket")
        async with calling([one]):
            joining = asyncio.create_task(conferences.join(one.call, "aaaa"))
            await asyncio.sleep(0.03)
            (conference,) = conferences
            joining.cancel()
            await asyncio.wait([joining])
            assert joining.cancelled()
            assert len(conferences) == 0
            assert "closed" in repr(conference)

    virtual(main())


@pytest.mark.parametrize(("option", "value"), [("max_conferences", 0), ("max_legs", 0), ("sample_rate_hz", 1)])
def test_what_cannot_be_is_refused_at_once(option, value):
    with pytest.raises(ValueError, match=f"{option}.*got {value}"):
        phonewire.Conferences(**{option: value})
