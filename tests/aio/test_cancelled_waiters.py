"""Who waits for a call, a mark or a server and is cancelled: nobody else notices, and no task is left."""

import asyncio

import pytest

import phonewire
from phonewire.emulators.twilio import TwilioCaller


def test_who_is_cancelled_while_he_waits_for_the_end_takes_it_from_nobody(virtual, on_the_phone):
    async def main():
        async with on_the_phone() as (call, _):
            impatient, patient = (asyncio.create_task(call.wait_ended()) for _ in range(2))
            await asyncio.sleep(0)
            impatient.cancel()
            await asyncio.wait([impatient])
            await call.close()
            assert await patient is phonewire.EndReason.CLOSED
            assert impatient.cancelled()

    virtual(main())


def test_who_is_cancelled_while_he_waits_for_a_mark_takes_it_from_nobody(virtual, on_the_phone):
    async def wait_for(mark):
        return await mark

    async def main():
        async with on_the_phone() as (call, _):
            await call.write_payload(bytes(1600))
            mark = call.mark("said")
            impatient, patient = (asyncio.create_task(wait_for(mark)) for _ in range(2))
            await asyncio.sleep(0)
            impatient.cancel()
            assert (await patient) == (await mark)
            assert impatient.cancelled()

    virtual(main())


async def wait(call):
    await call.wait_ended()


@pytest.mark.usefixtures("tls")
def test_a_server_that_is_drained_or_no_longer_waited_for_leaves_no_task(virtual):
    async def main():
        endpoint = phonewire.Endpoint("/twilio", "twilio", auth=None)
        async with (
            phonewire.serve(wait, endpoints=[endpoint]) as server,
            TwilioCaller(server.url + "/twilio") as caller,
        ):
            await caller.say(bytes(160))
            await asyncio.sleep(0.1)
            before = asyncio.all_tasks()
            serving = asyncio.create_task(server.serve_forever())
            await asyncio.sleep(0)
            serving.cancel()
            await asyncio.wait([serving])
            await server.drain(0.1)
            await asyncio.sleep(0)
            assert len(server.calls) == 1
            left = {task.get_coro().__qualname__ for task in asyncio.all_tasks() - before}
            assert left <= {"Server._close"}, "the library's, until the call has ended"

    virtual(main())
