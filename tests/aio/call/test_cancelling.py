"""Cancelled at each turn of the event loop, whatever is waited for: what was accepted is heard, nothing is left."""

import asyncio
import contextlib
from typing import get_args

import pytest

import phonewire
from phonewire.aio.outbound.settings import QueuePolicy
from phonewire.wav import WavReader
from tests.aio.sounds import wav
from tests.faults.stepping import every_turn

SPEECH = bytes(n % 0x70 for n in range(8 * 50))  # 50 ms: two frames and a half
AFTER = b"\x01" * 320


async def source():
    for _ in range(4):
        yield bytes(640)
        await asyncio.sleep(0.01)


async def drain(call, _):
    await call.write_payload(SPEECH)
    await call.drain()


async def wait_for_a_mark(call, _):
    await call.write_payload(SPEECH)
    await call.mark("m")


async def read_frames(call, _):
    async for _ in call.frames(ptime_ms=30):
        pass


async def read_events(call, _):
    async for _ in call.events():
        pass


async def clear(call, _):
    await call.write_payload(SPEECH * 3)
    await asyncio.sleep(0.03)
    await call.clear()


async def write_too_much(call, _):
    for _ in range(8):
        with contextlib.suppress(phonewire.QueueFullError):
            await call.write_payload(SPEECH[:200])
        await asyncio.sleep(0.01)


WAITS = {
    "write_payload": lambda call, _: call.write_payload(SPEECH * 4),
    "write at the call's own rate": lambda call, _: call.write(bytes(3200), sample_rate_hz=8000),
    "write at another rate": lambda call, _: call.write(bytes(9600), sample_rate_hz=24_000),
    "play a file": lambda call, file: call.play(file),
    "play a file for ever": lambda call, file: call.play(file, loop=True),
    "play a source": lambda call, _: call.play(source()),
    "drain": drain,
    "mark": wait_for_a_mark,
    "frames": read_frames,
    "events": read_events,
    "clear": clear,
    "wait_ended": lambda call, _: call.wait_ended(),
    "drop-oldest": write_too_much,
    "raise": write_too_much,
}
RECORDED = {
    "opened": lambda recording: recording.opened(),
    "closed": lambda recording: recording.closed(),
    "stop": lambda recording: recording.stop(),
}


@pytest.fixture
def file(tmp_path):
    return wav(tmp_path / "speech.wav", bytes(n % 250 for n in range(9600)), 16_000)


async def cancelled_at(loop, turn, on_the_phone, make, file, policy):
    """Cancel what *make* waits for at that turn, then let the call go on; return the turns that it takes by itself."""
    async with on_the_phone(queue_ms=40, queue_policy=policy) as (call, phone):
        await asyncio.sleep(0)
        before = asyncio.all_tasks()
        task = asyncio.create_task(make(call, file))
        start, accepted_bytes = loop.turns, 0

        def cancel():
            nonlocal accepted_bytes
            accepted_bytes = taken(call)
            task.cancel()

        if turn is not None:
            loop.at[start + turn] = cancel
        for _ in range(20):
            phone.say(SPEECH)
            await asyncio.wait([task], timeout=0.02)
        turns = loop.turns - start
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled() or task.exception() is None
        accepted_bytes = max(accepted_bytes, taken(call))
        await call.drain()
        assert 0 <= taken(call) - accepted_bytes < 200, "all that was accepted; the rest fills up a frame"
        await call.write_payload(AFTER)
        await call.drain()
        stats = call.stats()
        assert len(phone.audio) == stats.bytes_out
        assert phone.audio.endswith(AFTER), "the call goes on"
        assert (stats.unsent_ms, stats.queued_ms) == (0, 0)
        assert stats.dropped_ms == 0 or policy == "drop-oldest"
        assert call._inbound.frames.subscriptions in ([], [call._inbound.frames._first])
        await asyncio.sleep(1)
        assert asyncio.all_tasks() <= before | {asyncio.current_task()} | phone_tasks(before)
        assert not call._outbound.writer._turn.locked()
    return turns


def taken(call):
    """Return how many bytes were sent, wait to be sent, or were cleared or dropped."""
    writer = call._outbound.writer
    return call._outbound.sender.bytes + writer._waiting_bytes + writer.cleared_bytes + writer.dropped_bytes


def phone_tasks(before):
    """Return the tasks in which the phone waits: it makes a new one for each message."""
    return {task for task in asyncio.all_tasks() - before if task.get_coro().__qualname__ == "Queue.get"}


@pytest.mark.parametrize("what", WAITS)
def test_cancelled_at_every_turn(on_the_phone, file, what):
    policy = what if what in get_args(QueuePolicy) else "wait"
    every_turn(lambda loop, turn: cancelled_at(loop, turn, on_the_phone, WAITS[what], file, policy), least=20)


@pytest.mark.parametrize("what", RECORDED)
def test_waiting_for_a_recording_cancelled_at_every_turn(on_the_phone, tmp_path, what):
    """The recording goes on without who waited for it, and is complete."""

    async def scenario(loop, turn):
        path = tmp_path / f"{turn}.wav"
        before = asyncio.all_tasks()
        async with on_the_phone() as (call, phone):
            recording = call.record(path)
            task = asyncio.create_task(RECORDED[what](recording))
            start = loop.turns
            if turn is not None:
                loop.at[start + turn] = task.cancel
            for _ in range(8):
                phone.say(SPEECH)
                await asyncio.sleep(0.02)
            turns = loop.turns - start
        await asyncio.wait([task])
        assert asyncio.all_tasks() == before, "it was complete when the call was"
        with WavReader(path) as complete:
            heard = complete.read()
        assert (SPEECH * 8).startswith(heard)
        assert what == "stop" or len(heard) == len(SPEECH) * 8
        return turns

    every_turn(scenario, least=20)
