"""Bounded queues: what slow readers lose, what publishers wait for, and who is left alone."""

import asyncio

from phonewire.aio.inbound.subscription import Fanout


async def collect(fanout):
    return [item async for item in fanout.read()]


def test_every_reader_gets_everything(virtual):
    async def main():
        fanout = Fanout(100)
        readers = [asyncio.create_task(collect(fanout)) for _ in range(3)]
        await asyncio.sleep(0)
        for item in range(10):
            fanout.publish(item)
        fanout.end()
        assert await asyncio.gather(*readers) == [list(range(10))] * 3

    virtual(main())


def test_what_came_before_anybody_read_is_kept_for_the_first_reader(virtual):
    async def main():
        fanout = Fanout(100)
        fanout.publish("early")
        first = fanout.read()
        assert await anext(first) == "early"
        second = asyncio.create_task(collect(fanout))
        await asyncio.sleep(0)
        fanout.publish("late")
        fanout.end()
        assert [item async for item in first] == ["late"]
        assert await second == ["late"]

    virtual(main())


def test_who_subscribes_before_the_first_is_read_gets_them_all(virtual):
    async def main():
        fanout = Fanout(100)
        fanout.publish("early")
        subscriptions = [fanout.subscribe(), fanout.subscribe()]
        fanout.publish("late")
        fanout.end()
        for subscription in subscriptions:
            assert [item async for item in fanout.read(subscription)] == ["early", "late"]

    virtual(main())


def test_a_slow_reader_loses_the_oldest_and_the_loss_is_counted(virtual):
    async def main():
        fanout = Fanout(5)
        reader = fanout.read()
        fanout.publish(0)
        assert await anext(reader) == 0
        for item in range(1, 9):
            fanout.publish(item)
        fanout.end()
        assert [item async for item in reader] == [4, 5, 6, 7, 8]
        assert fanout.dropped == 3

    virtual(main())


def test_nobody_reading_is_no_loss(virtual):
    async def main():
        fanout = Fanout(5)
        for item in range(100):
            fanout.publish(item)
        assert fanout.dropped == 0
        fanout.end()
        assert await collect(fanout) == [95, 96, 97, 98, 99]

    virtual(main())


def test_lossless_makes_the_publisher_wait_until_the_reader_caught_up(virtual):
    async def main():
        fanout = Fanout(4, lossless=True)
        published = []

        async def publish():
            for item in range(20):
                fanout.publish(item)
                published.append(item)
                await fanout.room()
            fanout.end()

        publisher = asyncio.create_task(publish())
        await asyncio.sleep(1)
        assert len(published) == 5, "one over the limit, then it waits"
        assert await collect(fanout) == list(range(20))
        await publisher
        assert fanout.dropped == 0

    virtual(main())


def test_a_reader_that_leaves_holds_nobody_up(virtual):
    async def main():
        fanout = Fanout(2, lossless=True)
        reader = fanout.read()
        for item in range(5):
            fanout.publish(item)
        assert await anext(reader) == 0
        waiting = asyncio.create_task(fanout.room())
        await asyncio.sleep(0)
        assert not waiting.done()
        await reader.aclose()
        await waiting
        for item in range(5):
            fanout.publish(item)
        await fanout.room()

    virtual(main())


def test_one_slow_reader_harms_none_of_the_others(virtual):
    async def main():
        fanout = Fanout(5)
        slow = fanout.read()
        fanout.publish(0)
        await anext(slow)
        fast = asyncio.create_task(collect(fanout))
        await asyncio.sleep(0)
        for item in range(1, 50):
            fanout.publish(item)
            await asyncio.sleep(0)
        fanout.end()
        assert await fast == list(range(1, 50))
        assert fanout.dropped == 44

    virtual(main())


def test_relaxed_while_nobody_reads_it_drops_instead_of_waiting(virtual):
    async def main():
        fanout = Fanout(2, lossless=True)
        for item in range(5):
            fanout.publish(item)
        fanout.relax()
        await fanout.room()

    virtual(main())


def test_relaxed_before_it_is_read_it_loses_nothing_afterwards(virtual):
    async def main():
        fanout = Fanout(2, lossless=True)
        fanout.relax()
        reader = fanout.read()
        fanout.publish(0)
        assert await anext(reader) == 0
        for item in range(1, 6):
            fanout.publish(item)
        waiting = asyncio.create_task(fanout.room())
        await asyncio.sleep(1)
        assert not waiting.done()
        fanout.end()
        assert [item async for item in reader] == [1, 2, 3, 4, 5]
        await waiting

    virtual(main())


def test_reading_after_the_end_gives_nothing(virtual):
    async def main():
        fanout = Fanout(2)
        fanout.end()
        assert await collect(fanout) == []
        assert await collect(fanout) == []

    virtual(main())


def test_the_size_counts_not_the_number(virtual):
    async def main():
        fanout = Fanout(100)
        reader = fanout.read()
        fanout.publish(b"x")
        await anext(reader)
        fanout.publish(b"a", 60)
        fanout.publish(b"b", 60)
        fanout.end()
        assert [item async for item in reader] == [b"b"]

    virtual(main())
