"""A thousand calls, and a thousand that break off, over real sockets: the process is afterwards what it was before.

Run by `test_thousand_calls.py`, in a process without Python's own allocator.
"""

import asyncio
import contextlib
import gc
import json
import logging
import math
import ssl
from itertools import pairwise

import pytest

import phonewire
from phonewire.aio.pacing import ticker
from phonewire.aio.server.endpoint import Limits
from phonewire.emulators.twilio import TwilioCaller
from tests.own_memory import kept_bytes

CALLS = 1000
WARM_UP = 120
FRAME = bytes(range(160))

HANDSHAKE = (
    b"GET /twilio HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


def message(**fields):
    text = json.dumps(fields).encode()
    return b"\x81\xfe" + len(text).to_bytes(2, "big") + b"\0\0\0\0" + text  # a mask of zeros


CONNECTED = message(event="connected", protocol="Call", version="1.0.0", padding="." * 100)
START = message(event="start", streamSid="MZ1", start={"streamSid": "MZ1", "callSid": "CA1", "accountSid": "AC1"})
MEDIA = message(event="media", streamSid="MZ1", media={"payload": "A" * 216, "timestamp": "20", "chunk": "1"})
DTMF = message(event="dtmf", streamSid="MZ1", dtmf={"digit": "1", "track": "inbound_track"}, padding="." * 50)
MARK = message(event="mark", streamSid="MZ1", sequenceNumber="3", mark={"name": "said"}, padding="." * 50)
STOP = message(event="stop", streamSid="MZ1", stop={"callSid": "CA1", "accountSid": "AC1"}, padding="." * 30)
GOODBYE = b"\x88\x82\0\0\0\0" + (1000).to_bytes(2, "big")

# What the far end has written when it vanishes.
TWELVE_POINTS = [
    b"",
    HANDSHAKE[:50],
    HANDSHAKE,
    HANDSHAKE + CONNECTED,
    HANDSHAKE + CONNECTED + START[:40],
    HANDSHAKE + CONNECTED + START,
    HANDSHAKE + CONNECTED + START + MEDIA,
    HANDSHAKE + CONNECTED + START + MEDIA[:100],
    HANDSHAKE + CONNECTED + START + MEDIA * 20 + DTMF,
    HANDSHAKE + CONNECTED + START + MEDIA + MARK,
    HANDSHAKE + CONNECTED + START + MEDIA + STOP,
    HANDSHAKE + CONNECTED + START + MEDIA + STOP + GOODBYE,
]


async def bot(call):
    """Speak, wait for a mark, clear, and listen: whatever a broken call may be in the middle of."""
    bot.calls += 1
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(watch(call))
        await call.write_payload(FRAME * 3)
        call.mark("said")
        async for _ in call.frames():
            if call.stats().frames_in == 2:
                await call.clear()
                break
        watching.cancel()


async def watch(call):
    async for _ in call.events():
        pass


@contextlib.asynccontextmanager
async def serving():
    # Behind one address there are more callers here than behind any in life.
    limits = Limits(unauthenticated_per_address=100, close_s=1)
    async with phonewire.serve(
        bot, endpoints=[phonewire.Endpoint("/twilio", "twilio", auth=None)], limits=limits
    ) as server:
        yield server


def tidy(number):
    """Collect garbage at the same calls each time: dead TLS connections are 300 KiB each, and wait for it in cycles."""
    if number % 20 == 0:
        gc.collect()


async def quiet(server, baseline, expected=None):
    """Wait until no call goes on, and return what is then open, runs, or waits.

    A socket takes its moment to close, also one that never was a call: up to 10 s for what is *expected*.
    """
    loop = asyncio.get_running_loop()
    for _ in range(1000):
        now = baseline(loop)
        idle = not server.calls and not now["timers"] and len(asyncio.all_tasks()) == 1
        if idle and expected in (None, now):
            break
        await asyncio.sleep(0.01)
    return now


async def a_thousand_times(one, baseline, serving=serving):
    """Do *one* a thousand times after a warm-up; return by how many bytes the process has grown in each quarter.

    What lies free is given back first: it would be counted as theirs.
    """
    async with serving() as server:
        ticker()  # the loop keeps its clock, and lets go of those of loops that other tests have closed
        await one(server, 0)
        before = await quiet(server, baseline)
        for number in range(1, WARM_UP):
            await one(server, number)
            tidy(number)
        assert await quiet(server, baseline, before) == before
        kept = [kept_bytes()]
        for _ in range(4):
            for number in range(CALLS // 4):
                await one(server, number)
                tidy(number)
            assert await quiet(server, baseline, before) == before
            kept.append(kept_bytes())
        assert server.handler_errors == 0
        return [later - earlier for earlier, later in pairwise(kept)]


@contextlib.asynccontextmanager
async def serving_audiosocket():
    limits = Limits(unauthenticated_per_address=100, close_s=1)
    async with phonewire.serve_audiosocket(speaker, call_ids=None, addresses=None, limits=limits) as server:
        yield server


async def speaker(call):
    """Speak and listen, over what has neither marks nor clear."""
    bot.calls += 1
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(watch(call))
        await call.write(bytes(640))
        async for _ in call.frames():
            if call.stats().frames_in == 2:
                await call.clear()
                break
        watching.cancel()


@pytest.fixture(autouse=True)
def _anew():
    logging.disable()  # pytest keeps what is logged
    bot.calls = 0
    gc.collect()
    gc.freeze()  # what was there before need not be looked at again
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.usefixtures("tls")
async def test_a_thousand_calls_one_after_another_leave_nothing(process_baseline):
    async def one(server, number):
        async with TwilioCaller(server.url + "/twilio", speed=math.inf) as caller:
            await caller.say(FRAME * 2)
            await caller.wait_closed()

    assert sum(await a_thousand_times(one, process_baseline)) <= 1 << 20
    assert bot.calls >= CALLS + WARM_UP


@pytest.mark.usefixtures("tls")
async def test_a_thousand_calls_that_break_off_at_twelve_points_leave_nothing(process_baseline):
    async def one(server, number):
        _, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=server.url.startswith("wss"))
        writer.write(TWELVE_POINTS[number % 12])
        for _ in range(number % 7):  # so that the far end is met in many a state
            await asyncio.sleep(0)
        if number % 24 < 12:
            writer.transport.abort()
        else:
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError):  # TLS minds what comes after its goodbye
                await writer.wait_closed()

    assert sum(await a_thousand_times(one, process_baseline)) <= 1 << 20
    assert bot.calls >= CALLS // 4, "many got as far as a call"


UUID = b"\x01\x00\x10" + bytes(range(16))
AUDIO = b"\x10\x01\x40" + bytes(range(160)) * 2

KEY = b"\x03\x00\x011"
HANGUP = b"\x00\x00\x00"
UNKNOWN = b"\x77\x00\x00"

# What Asterisk has said when it vanishes.
ASTERISK = [
    b"",
    UUID[:2],
    UUID[:7],
    UUID,
    UUID + AUDIO[:2],
    UUID + AUDIO[:100],
    UUID + AUDIO,
    UUID + AUDIO * 5 + KEY,
    UUID + AUDIO * 5 + KEY[:3],
    UUID + AUDIO + HANGUP,
    UUID + UNKNOWN + AUDIO * 2,
    AUDIO,
]


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "broken off"])
async def test_a_thousand_calls_of_asterisk_leave_nothing(process_baseline, whole):
    async def one(server, number):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(UUID + AUDIO * 2 if whole else ASTERISK[number % 12])
        if whole:
            await reader.readexactly(3 + 320)
        for _ in range(number % 7):
            await asyncio.sleep(0)
        if whole or number % 24 < 12:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
        else:
            writer.transport.abort()

    assert sum(await a_thousand_times(one, process_baseline, serving_audiosocket)) <= 1 << 20
    assert bot.calls >= (CALLS + WARM_UP if whole else CALLS // 4)
