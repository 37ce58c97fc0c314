"""Calls whose connections break again and again: each frame arrives once, in order, or lies in what was reported."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import struct
from dataclasses import dataclass
from ssl import SSLContext

from websockets.asyncio.server import serve

import phonewire
from phonewire.aio.events import Disconnected, Reconnected
from phonewire.emulators.faulty_network import FaultyNetwork

__all__ = ["EVERY_S", "Storm", "storm"]

EVERY_S = 2.0
_LAST_S = 3.0  # a break at the very end, and what it takes to be there again


def frame(number: int) -> bytes:
    return struct.pack("<H", number) * 160


def number_of(payload: bytes) -> int:
    return struct.unpack_from("<H", payload)[0]


@dataclass
class Storm:
    """What all calls of a storm came to.

    Attributes:
        breaks: connections that were broken.
        lost: frames that were sent and did not arrive.
        missed: frames that were said meanwhile.
        gap_errors_ms: of each gap that was reported, how far it was from what is missing.
        latest_ms: how late this process, which is both sides, was at most.
        again_p99_s: how long after a break there was a connection again.
    """

    breaks: int
    lost: int
    missed: int
    gap_errors_ms: list[int]
    latest_ms: float
    again_p99_s: float


class Platform:
    """VoIPBIN for one call: frame n is said at n * 20 ms, whether anybody is connected or not."""

    def __init__(self):
        self.began = asyncio.get_running_loop().time()
        self.latest_s = 0.0
        self.got = []
        self.connected_at = []

    async def talk(self, websocket):
        loop = asyncio.get_running_loop()
        self.connected_at.append(loop.time())
        saying = asyncio.create_task(self.say(websocket))
        try:
            async for message in websocket:
                if number := number_of(message):
                    self.got.append(number)
        except Exception:
            pass  # it was broken on purpose
        finally:
            saying.cancel()

    async def say(self, websocket):
        loop = asyncio.get_running_loop()
        number = int((loop.time() - self.began) * 50 + 1e-6)
        while True:
            number += 1
            await asyncio.sleep(max(self.began + number / 50 - loop.time(), 0))
            self.latest_s = max(self.latest_s, loop.time() - self.began - number / 50)
            await websocket.send(frame(number))


class Caller:
    """A call through a network that breaks every 2 s, by a reset and by an end in turn."""

    def __init__(self, minutes):
        self.frames = int(minutes * 60 * 50)
        self.platform = Platform()
        self.heard, self.events, self.broke_at = [], [], []

    async def run(self, offset_s, tls):
        """Say everything, from the first connection to the last."""
        async with serve(self.platform.talk, "127.0.0.1", 0, compression=None, ssl=tls) as server:
            at = f"{'wss' if tls else 'ws'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            url = f"{at}/v1.0/calls/1/media_stream?encapsulation=sln"
            async with FaultyNetwork(url) as network, phonewire.connect(network.url, wire="documented") as call:
                reading = [asyncio.create_task(self.hear(call)), asyncio.create_task(self.note(call))]
                await asyncio.sleep(offset_s)
                breaking = asyncio.create_task(self.disturb(network, server))
                await call.write_payload(b"".join(map(frame, range(1, self.frames + 1))))
                await call.drain()
                await breaking
            await asyncio.gather(*reading)
        self.stats = call.stats()

    async def hear(self, call):
        async for media in call.frames():
            self.heard.append((number_of(media.payload), media.timestamp_ms))

    async def note(self, call):
        async for event in call.events():
            self.events.append(event)

    async def disturb(self, network, server):
        for turn in range(int(self.frames / 50 / EVERY_S)):
            await asyncio.sleep(EVERY_S)
            self.broke_at.append(asyncio.get_running_loop().time())
            if turn % 2:
                await network.cut()
            else:
                for connection in list(server.connections):
                    connection.transport.close()  # an end of TCP without a goodbye of WebSocket

    def check_sent(self):
        """Return how many frames were lost: each is in what was said to be unconfirmed."""
        got, stats = self.platform.got, self.stats
        assert got == sorted(set(got)), "a frame came twice, or out of order"
        lost = set(range(1, self.frames + 1)) - set(got)
        breaks = [event for event in self.events if isinstance(event, Disconnected)]
        unconfirmed = set()
        for event in breaks:
            unconfirmed.update(range((event.sent_ms - event.unconfirmed_ms) // 20 + 1, event.sent_ms // 20 + 1))
        assert lost <= unconfirmed, f"{len(lost - unconfirmed)} frames were lost without a word"
        assert sum(event.unconfirmed_ms for event in breaks) >= 20 * len(lost)
        assert stats.ms_out == 20 * self.frames
        assert stats.unsent_ms == stats.dropped_ms == stats.cleared_ms == 0
        return len(lost)

    def check_heard(self):
        """Return how many frames were missed, each in a gap that was reported, and how wrong each report was."""
        missed, errors_ms = 0, []
        last = self.heard[-1][0] if self.heard else 0
        assert last > self.frames - _LAST_S * 50, f"nothing was heard after frame {last} of {self.frames}"
        gaps = {event.timestamp_ms: event.gap_ms for event in self.events if isinstance(event, Reconnected)}
        for (before, _), (number, timestamp_ms) in itertools.pairwise(self.heard):
            assert number > before, "a frame came twice, or out of order"
            if number != before + 1:
                errors_ms.append(abs(gaps.pop(timestamp_ms) - 20 * (number - before - 1)))
                missed += number - before - 1
        return missed, errors_ms + list(gaps.values())  # the rest are of frames that nobody missed

    def outages_s(self):
        """Return how long after each break there was a connection again."""
        return [min(at for at in self.platform.connected_at if at >= broke) - broke for broke in self.broke_at]


async def storm(calls: int, minutes: float, tls: SSLContext | None = None) -> Storm:
    """Run so many calls at a time, and check each of them."""
    callers = [Caller(minutes) for _ in range(calls)]
    await asyncio.gather(*(caller.run(EVERY_S * number / calls, tls) for number, caller in enumerate(callers)))
    outages_s = [outage_s for caller in callers for outage_s in caller.outages_s()]
    heard = [caller.check_heard() for caller in callers]
    return Storm(
        breaks=len(outages_s),
        lost=sum(caller.check_sent() for caller in callers),
        missed=sum(missed for missed, _ in heard),
        latest_ms=1000 * max(caller.platform.latest_s for caller in callers),
        gap_errors_ms=[error_ms for _, errors_ms in heard for error_ms in errors_ms],
        again_p99_s=statistics.quantiles(outages_s, n=100)[98],
    )
