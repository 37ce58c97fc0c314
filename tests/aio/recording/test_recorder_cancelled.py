"""Recordings whose tasks are cancelled, or whose waiters: what was heard is in a complete file."""

import asyncio

import pytest

from phonewire.aio.recording.disk import on_disk
from phonewire.wav import WavReader
from tests.aio.sounds import speech


def read(path):
    with WavReader(path) as reader:
        return reader.read()


async def talk(phone, audio):
    for start in range(0, len(audio), 160):
        await asyncio.sleep(0.02)
        phone.say(audio[start : start + 160])


def test_who_is_cancelled_waits_until_the_disk_is_done(virtual):
    async def main():
        loop = asyncio.get_running_loop()
        loop.thread_s = 1.0
        done, began_s = [], loop.time()
        working = asyncio.create_task(on_disk(lambda: done.append(loop.time())))
        await asyncio.sleep(0.1)
        working.cancel()
        await asyncio.wait([working])
        assert working.cancelled()
        assert done == [began_s + 1.0]
        assert loop.time() == began_s + 1.0

    virtual(main())


@pytest.mark.parametrize("what", ["opened", "closed"])
def test_who_is_cancelled_while_he_waits_for_a_file_takes_it_from_nobody(virtual, on_the_phone, tmp_path, what):
    async def main():
        asyncio.get_running_loop().thread_s = 0.1
        async with on_the_phone() as (call, phone):
            recording = call.record(tmp_path / "call.wav")
            impatient, patient = (asyncio.create_task(getattr(recording, what)()) for _ in range(2))
            await asyncio.sleep(0.01)
            impatient.cancel()
            await talk(phone, speech(500))
            await asyncio.sleep(0.1)
        await patient
        assert impatient.cancelled()

    virtual(main())
    assert read(tmp_path / "call.wav") == speech(500)


def test_an_event_loop_that_stops_leaves_complete_files(virtual, on_the_phone, tmp_path):
    """It cancels all tasks at once, in any order, that of the recording as well."""

    async def hold(recorded):
        asyncio.get_running_loop().thread_s = 1.0  # so long does the disk take: nothing is written yet
        async with on_the_phone() as (call, phone):
            call.record(tmp_path / "call.wav")
            await talk(phone, speech(500))
            await asyncio.sleep(0.1)
            recorded.set()
            await call.wait_ended()

    async def main():
        recorded = asyncio.Event()
        holding = asyncio.create_task(hold(recorded))
        await recorded.wait()
        assert not holding.done()

    virtual(main())
    assert read(tmp_path / "call.wav") == speech(500)
    assert not list(tmp_path.glob("*.part*"))


def test_an_event_loop_that_stops_lets_nobody_wait_for_a_file(virtual, on_the_phone, tmp_path):
    told = []

    async def hold(begun):
        asyncio.get_running_loop().thread_s = 1.0  # so long does the disk take
        async with on_the_phone() as (call, _):
            recording = call.record(tmp_path / "call.wav")
            begun.set()
            try:
                await call.wait_ended()
            finally:
                with pytest.raises(asyncio.CancelledError):
                    await recording.opened()
                told.append(recording)

    async def main():
        begun = asyncio.Event()
        holding = asyncio.create_task(hold(begun))
        await begun.wait()
        await asyncio.sleep(0.1)
        assert not holding.done()

    virtual(main())
    assert len(told) == 1
