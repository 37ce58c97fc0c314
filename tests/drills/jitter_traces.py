"""Five networks as a receiver sees them: how long each packet of a stream is under way.

Made from seeds with integers and `random.Random.random` alone, which gives the same numbers on every machine; a
checksum says so.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable

__all__ = ["PTIME", "TRACES", "Trace", "checked", "make"]

#: Times are in tenths of a millisecond.
PTIME = 200
#: How long each packet is under way; None for one that is lost.
Trace = list[int | None]

_PACKETS = 3000  # a minute


def make(network: str, seed: int) -> Trace:
    """Return what *network* does to a minute of audio."""
    return _NETWORKS[network](random.Random(seed))


def checked(network: str) -> Trace:
    """Return the committed trace of *network*; ValueError where this machine makes another one of its seed."""
    seed, checksum = TRACES[network]
    trace = make(network, seed)
    found = zlib.crc32(repr(trace).encode())
    if found != checksum:
        raise ValueError(f"the trace of {network} has checksum {found:#x}, should have {checksum:#x}")
    return trace


def _below(noise: random.Random, limit: int) -> int:
    return int(noise.random() * limit)


def _mostly_small(noise: random.Random, limit: int) -> int:
    return int(noise.random() * noise.random() * limit)


def _wired(noise: random.Random) -> Trace:
    """A good line: 2 ms of jitter, now and then a packet that is held for up to 30 ms."""
    delays = [200 + _below(noise, 20) + (_below(noise, 300) if noise.random() < 0.01 else 0) for _ in range(_PACKETS)]
    return _lose(noise, _in_order(delays), 0.002)


def _wifi(noise: random.Random) -> Trace:
    """A busy radio: half a second of jitter up to 80 ms every five, and stalls of 100 to 180 ms."""
    delays, busy, stall = [], 0, 0
    for _ in range(_PACKETS):
        if not busy and noise.random() < 1 / 250:
            busy = 15 + _below(noise, 35)
        if not stall and noise.random() < 1 / 600:
            stall = 1000 + _below(noise, 800)
        delays.append(150 + _mostly_small(noise, 100) + (_mostly_small(noise, 800) if busy else 0) + stall)
        busy, stall = max(busy - 1, 0), max(stall - PTIME, 0)
    return _lose(noise, _in_order(delays), 0.005)


def _mobile(noise: random.Random) -> Trace:
    """A moving phone: grants every 20 ms, outages of 200 to 400 ms, a clock that is 50 ppm slow."""
    delays, outage = [], 0
    for number in range(_PACKETS):
        if not outage and noise.random() < 1 / 1000:
            outage = 2000 + _below(noise, 2000)
        delays.append(400 + _below(noise, 200) + outage + number * PTIME * 50 // 1_000_000)
        outage = max(outage - PTIME, 0)
    return _lose(noise, _in_order(delays), 0.01, burst=2)


def _congested(noise: random.Random) -> Trace:
    """A queue that a download fills, up to 120 ms in a few seconds, and empties, losing packets in bursts."""
    delays, queue, rate = [], 0, 8
    for _ in range(_PACKETS):
        queue += _below(noise, 2 * rate)
        if queue > 1200 or noise.random() < 1 / 500:
            queue, rate = queue * _below(noise, 30) // 100, 3 + _below(noise, 8)
        delays.append(300 + queue + _below(noise, 100))
    return _lose(noise, _in_order(delays), 0.02, burst=3)


def _scattered(noise: random.Random) -> Trace:
    """Each packet for itself, 100 ms give or take 50, two of a hundred 60 ms later still: all order is lost."""
    delays = [500 + _below(noise, 1000) + (600 if noise.random() < 0.02 else 0) for _ in range(_PACKETS)]
    return _lose(noise, delays, 0.01)


def _in_order(delays: list[int]) -> list[int]:
    """Let no packet overtake another."""
    arrived, kept = 0, []
    for number, delay in enumerate(delays):
        arrived = max(arrived, number * PTIME + delay)
        kept.append(arrived - number * PTIME)
    return kept


def _lose(noise: random.Random, delays: list[int], share: float, burst: int = 1) -> Trace:
    """Lose *share* of the packets, *burst* at a time on average."""
    trace: Trace = list(delays)
    number = 0
    while number < len(trace):
        run = 1 + _below(noise, 2 * burst - 1) if noise.random() < share / burst else 0
        trace[number : number + run] = [None] * len(trace[number : number + run])
        number += max(run, 1)
    return trace


_NETWORKS: dict[str, Callable[[random.Random], Trace]] = {
    "wired": _wired,
    "wifi": _wifi,
    "mobile": _mobile,
    "congested": _congested,
    "scattered": _scattered,
}

#: The committed traces: network, seed, checksum.
TRACES = {
    "wired": (1, 0x381CAC74),
    "wifi": (2, 0x932C3625),
    "mobile": (3, 0xF29BB52D),
    "congested": (4, 0x3FFEF4BA),
    "scattered": (5, 0x70FDD4AC),
}
