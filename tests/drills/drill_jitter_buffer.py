"""The jitter buffer on five networks, against the best fixed delay, and the time that its operations take."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from math import ceil

from phonewire.jitter import FrameKind, JitterBuffer
from phonewire.protocols.connection import MediaFormat
from tests.drills import Line
from tests.drills.jitter_traces import PTIME, TRACES, Trace, checked, make

UNIT_NS = 100_000  # of the traces
FRAME_NS = PTIME * UNIT_NS
TICK_PHASE_NS = 13_000_000  # the receiver's clock has nothing to do with the sender's
FIXED_MS = range(201)
MARGIN = 1.0  # percentage points
MOST_US = 50.0
OTHER_SEEDS = range(100, 112)
RUNS = 9

#: What an operation costs: processor time of this thread, which stands still while this machine or its host serve
#: others. Interrupts and the 0.5 to 1 us of the clock itself are in it, and so is the collector, as Python has it.
COST = time.thread_time_ns

LOUD = bytes([0x20]) * 156
QUIET = bytes([0xFF]) * 156
SHIFTS = (9, 6, 3, 0)  # of the digits of a packet's number, which are quiet codewords


@dataclass
class Heard:
    """What came of a trace: shares of frames in percent, and the mean delay above the fastest packet's."""

    concealed: float
    dropped: float
    delay_ms: float


def fixed(trace: Trace) -> list[float]:
    """Return what each fixed delay conceals, in percent: it plays every packet so long after it was sent."""
    fastest = min(delay for delay in trace if delay is not None)
    late = [sum(delay is None or delay - fastest > ms * 10 for delay in trace) for ms in FIXED_MS]
    return [100 * count / len(trace) for count in late]


def packet(number: int) -> bytes:
    """Return a payload that tells its number; two fifths of what is said are pauses."""
    return bytes(0xF8 | number >> shift & 7 for shift in SHIFTS) + (QUIET if number % 100 >= 60 else LOUD)


def number_of(payload: bytes) -> int:
    """Return the number that `packet` was given."""
    return sum((codeword & 7) << shift for codeword, shift in zip(payload, SHIFTS, strict=False))


def adaptive(trace: Trace) -> tuple[Heard, list[int]]:
    """Play a trace through the buffer, with a tick every 20 ms; return also what each operation cost, in ns."""
    arrivals = sorted((n * FRAME_NS + delay * UNIT_NS, n) for n, delay in enumerate(trace) if delay is not None)
    buffer, clock = JitterBuffer(MediaFormat()), COST
    spent_ns: list[int] = []
    delays_ns: list[int] = []
    concealed = pending = arrived = 0
    for tick_ns in range(TICK_PHASE_NS, arrivals[-1][0] + 1_000_000_000, FRAME_NS):
        while arrived < len(arrivals) and arrivals[arrived][0] <= tick_ns:
            now_ns, n = arrivals[arrived]
            payload = packet(n)
            began_ns = clock()
            buffer.put(payload, sequence_number=n, timestamp=n * 160, now_ns=now_ns)
            spent_ns.append(clock() - began_ns)
            arrived += 1
        began_ns = clock()
        frame = buffer.pop(tick_ns)
        spent_ns.append(clock() - began_ns)
        if frame is not None and frame.kind is FrameKind.RECEIVED:
            delays_ns.append(tick_ns - number_of(frame.payload) * FRAME_NS)
            concealed, pending = concealed + pending, 0
        elif frame is not None:
            pending += 1  # what follows the last packet is no loss
    fastest_ns = min(delay for delay in trace if delay is not None) * UNIT_NS
    frames = concealed + len(delays_ns)
    mean_ms = (sum(delays_ns) / len(delays_ns) - fastest_ns) / 1_000_000
    return Heard(100 * concealed / frames, 100 * buffer.stats().dropped / frames, mean_ms), spent_ns


def compare(trace: Trace) -> tuple[Heard, float]:
    """Return what was heard of a trace, and what the best fixed delay conceals that is not longer on average."""
    heard, _ = adaptive(trace)
    return heard, min(fixed(trace)[: ceil(heard.delay_ms) + 1])


def committed(network: str) -> Line:
    """Compare on a committed trace."""
    heard, best = compare(checked(network))
    return Line(
        f"jitter buffer, {network}, {heard.delay_ms:.0f} ms mean delay",
        f"{heard.concealed:.2f} % concealed, {heard.dropped:.2f} % dropped",
        f"<= {best:.2f} + {MARGIN:.0f} % concealed",
        heard.concealed <= best + MARGIN,
    )


def others() -> Line:
    """Compare on the same networks with other seeds."""
    results = [compare(make(network, seed)) for network in TRACES for seed in OTHER_SEEDS]
    above = [heard.concealed - best for heard, best in results]
    mean = sum(above) / len(above)
    return Line(
        f"jitter buffer, {len(above)} other traces, above the best fixed delay",
        f"{mean:.2f} points in the mean, {max(above):.2f} at most",
        f"<= {MARGIN:.0f} point in the mean",
        mean <= MARGIN,
    )


def speed() -> Line:
    """Time the operations in runs of their own, each beside plain loops, which tell what this machine adds."""
    runs, plain = [], []
    for _ in range(RUNS):
        runs.append([ns for network in TRACES for ns in adaptive(checked(network))[1]])
        plain.append(_plain(len(runs[-1]), statistics.median(runs[-1])))
    return judged(runs, plain)


def judged(runs: list[list[int]], plain: list[list[int]]) -> Line:
    """Judge the p99.9 of each run, in ns an operation; the run in the middle counts.

    Every run has the same operations. What each of them costs in its own middle run, without interrupts, is printed.
    """
    each_us = sorted(_p999(run) / 1000 for run in runs)
    us, plain_us = statistics.median(each_us), statistics.median(_p999(run) / 1000 for run in plain)
    alone_us = _p999([sorted(costs)[len(runs) // 2] for costs in zip(*runs, strict=True)]) / 1000
    return Line(
        f"jitter buffer, p99.9 of {len(runs[0])} operations in CPU time of the thread, median of {len(runs)} runs",
        f"{us:.1f} us, {each_us[0]:.1f} to {each_us[-1]:.1f}; of each operation's own median {alone_us:.1f} us;"
        f" a plain loop {plain_us:.1f} us",
        f"<= {MOST_US:.0f} us",
        us <= MOST_US,
    )


def _p999(times: list[int]) -> int:
    return sorted(times)[len(times) * 999 // 1000]


def _plain(many: int, each_ns: float) -> list[int]:
    """Return what each of so many loops cost that do nothing for about *each_ns*."""
    turns = 1000
    turns = round(turns * each_ns / statistics.median(_loop(turns) for _ in range(100)))
    return [_loop(turns) for _ in range(many)]


def _loop(turns: int) -> int:
    """Return what it costs to do nothing so often."""
    began_ns = COST()
    for _ in range(turns):
        pass
    return COST() - began_ns


def run() -> list[Line]:
    """Run the drill."""
    return [*map(committed, TRACES), others(), speed()]
