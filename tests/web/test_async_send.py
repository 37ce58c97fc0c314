"""Messages through a ``send`` that waits now and then: all of them, in order, and none before its turn."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire.aio.transports.async_send import AsyncSend
from phonewire.emulators.clock import FakeClockLoop

# For each message: how often its send waits, in turns of the loop or in time, and whether the writer waits before it.
WAITS = st.lists(st.tuples(st.sampled_from([(), (0,), (0.01,), (0, 0.01, 0)]), st.booleans()), max_size=20)


@given(WAITS)
def test_messages_arrive_in_order(waits):
    async def main():
        arrived = []

        async def send(data, text):
            for seconds in waits[int(data)][0]:
                await asyncio.sleep(seconds)
            arrived.append((int(data), text))

        out = AsyncSend(send)
        for number, (_, pause) in enumerate(waits):
            if pause:
                await asyncio.sleep(0.005)
            assert out.put(str(number).encode(), number % 2 == 0)
        await out.drain()
        assert arrived == [(number, number % 2 == 0) for number in range(len(waits))]
        assert out.buffered_bytes == 0

    with asyncio.Runner(loop_factory=FakeClockLoop) as runner:
        runner.run(main())


async def test_what_is_taken_at_once_has_been_sent_when_put_returns():
    arrived = []

    async def send(data, text):
        arrived.append(data)

    out = AsyncSend(send)
    out.put(b"now", True)
    assert arrived == [b"now"]


@pytest.mark.usefixtures("phonewire_clock")
async def test_bytes_that_wait_are_counted():
    taking = asyncio.Event()

    async def send(data, text):
        await taking.wait()

    out = AsyncSend(send)
    for size in (1, 2, 3):
        out.put(bytes(size), False)
    assert out.buffered_bytes == 6
    taking.set()
    await out.drain()
    assert out.buffered_bytes == 0


@pytest.mark.usefixtures("phonewire_clock")
@pytest.mark.parametrize("first_waits", [False, True])
async def test_a_server_that_raises_takes_no_more(first_waits):
    async def send(data, text):
        if first_waits:
            await asyncio.sleep(0)
        raise OSError

    out = AsyncSend(send)
    assert out.put(b"a", True) is first_waits
    await out.drain()
    assert out.closed
    assert not out.put(b"b", True)
    assert out.buffered_bytes == 0


@pytest.mark.usefixtures("phonewire_clock")
@pytest.mark.parametrize("turns", [0, 1, 2])
async def test_to_stop_drops_what_waits(turns):
    arrived = []

    async def send(data, text):
        await asyncio.sleep(1)
        arrived.append(data)

    out = AsyncSend(send)
    out.put(b"a", True)
    out.put(b"b", True)
    for _ in range(turns):
        await asyncio.sleep(0)
    out.stop()
    await out.drain()
    await asyncio.sleep(5)
    assert arrived == []
    assert out.buffered_bytes == 0
