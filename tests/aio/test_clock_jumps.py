"""The wall clock jumps by an hour while calls go on: no frame is early or late, and nobody is timed out."""

import asyncio
import itertools
import time

import pytest

import phonewire

CALLS, SECONDS = 50, 2
LIMITS = phonewire.Limits(
    handshake_s=5, start_s=5, media_idle_s=2, max_call_seconds=60, unauthenticated_per_address=CALLS
)


async def speak_both_ways():
    """Return when every frame of every call came, at the server and at the phones, and how the calls ended."""
    loop = asyncio.get_running_loop()
    frames, ends = [], []

    async def listen(call, name):
        frames.extend([(name, len(frame.payload), round(loop.time(), 6)) async for frame in call.frames()])

    async def talk(call, name):
        listening = asyncio.create_task(listen(call, name))
        for _ in range(SECONDS):
            await call.write_payload(bytes(8000))
        await call.drain()
        if name[0] == "phone":
            await asyncio.sleep(0.5)  # what the server says is ahead of life
            await call.close()
        ends.append((name, await call.wait_ended()))
        await listening

    async def serve(call):
        await talk(call, ("server", call.id))

    async def dial(url, number):
        await asyncio.sleep(number / CALLS)
        async with phonewire.connect(url, protocol="twilio", call_id=f"CA{number}") as call:
            await talk(call, ("phone", call.id))

    endpoint = phonewire.Endpoint("/twilio", "twilio", auth=None)
    async with phonewire.serve(serve, endpoints=[endpoint], limits=LIMITS) as server:
        await asyncio.gather(*(dial(server.url + "/twilio", number) for number in range(CALLS)))
    return sorted(frames), sorted(ends)


@pytest.mark.usefixtures("tls")
def test_calls_do_not_notice(virtual, monkeypatch):
    undisturbed = virtual(speak_both_ways())
    now_s, jumps_s = time.time(), itertools.cycle([3600.0, -3600.0])
    monkeypatch.setattr(time, "time", lambda: now_s + next(jumps_s))
    monkeypatch.setattr(time, "time_ns", lambda: int(time.time() * 1e9))
    assert virtual(speak_both_ways()) == undisturbed
    frames, ends = undisturbed
    assert len(frames) == CALLS * SECONDS * 50 * 2
    assert {end for _, end in ends} == {"closed", "stopped"}
