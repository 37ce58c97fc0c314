"""Packets from somebody who means harm: a million of them, and the worst that single ones can do."""

import random
import tracemalloc

import pytest

from phonewire.jitter import Frame, FrameKind, JitterBuffer
from phonewire.jitter.buffer import MAX_BYTES, MAX_PACKETS
from phonewire.protocols.connection import MediaFormat

MS = 1_000_000
FRAME = bytes(160)
SIZES = [(0, 1, 80, 159, 160, 160, 160, 240, 1600, 1601), (160,), (1600, 1599, 1500), (1,)]


def hostile_packets(noise, count):
    """Yield the fields of packets: streams that run, stop, jump, repeat, race and bear others' names."""
    number, timestamp, ssrc, now_ns = noise.randrange(65536), noise.getrandbits(32), 0, 0
    for index in range(count):
        chance = noise.random()
        number, timestamp = number + 1 & 0xFFFF, timestamp + 160 & 0xFFFFFFFF
        if index & 0x8000:  # a flood of good packets
            now_ns += MS
        elif chance < 0.02:
            number = noise.getrandbits(16)
        elif chance < 0.08:
            number = number + noise.choice((-200, -99, -3, -2, -1, 5, 150, 2998, 3000)) & 0xFFFF
        elif chance < 0.12:
            timestamp = timestamp + noise.choice((1 << 31, 1 << 30, 40_000, 7999, 8001, -8001, 1)) & 0xFFFFFFFF
        elif chance < 0.14:
            ssrc = noise.choice((0, 0, 0, 1, noise.getrandbits(32)))
        elif chance < 0.2:
            now_ns += noise.choice((5000 * MS, 400 * MS, 20 * MS, 100 * MS, 1))
        elif chance < 0.6:
            now_ns += 20 * MS
        yield number, timestamp, ssrc, now_ns, chance


def test_a_million_hostile_packets_stay_within_the_caps():
    payloads = [[bytes([size % 7]) * size for size in sizes] for sizes in SIZES]
    buffer = JitterBuffer(MediaFormat())
    waiting, most_packets, most_bytes, silent_ms = buffer._waiting, 0, 0, 0
    for number, timestamp, ssrc, now_ns, chance in hostile_packets(random.Random(4711), 1_000_000):
        choice = payloads[now_ns >> 34 & 3]
        payload = choice[int(chance * 10_000) % len(choice)]
        buffer.put(payload, sequence_number=number, timestamp=timestamp, ssrc=ssrc, now_ns=now_ns)
        if len(waiting) > most_packets:
            most_packets = len(waiting)
        if buffer._size > most_bytes:
            most_bytes = buffer._size
        if chance > 0.5 and (frame := buffer.pop(now_ns)) is not None:
            silent_ms = 0 if frame.kind is FrameKind.RECEIVED else silent_ms + 20
            assert silent_ms <= 5000
    assert most_packets == MAX_PACKETS
    assert MAX_BYTES - 1600 < most_bytes <= MAX_BYTES
    assert buffer._size == sum(len(packet.payload) for packet in waiting.values())
    assert sorted(waiting) == buffer._orders
    buffer.flush()
    stats = buffer.stats()
    assert stats.received + stats.refused == 1_000_000
    assert stats.received == stats.duplicate + stats.played + stats.late + stats.dropped + stats.pushed_out


def test_a_flood_leaves_no_memory_behind():
    buffer = JitterBuffer(MediaFormat())

    def flood(seed):
        for number, timestamp, ssrc, now_ns, _ in hostile_packets(random.Random(seed), 5_000):
            payload = bytes([number & 0xFF]) * 160
            buffer.put(payload, sequence_number=number, timestamp=timestamp, ssrc=ssrc, now_ns=now_ns)
            buffer.pop(now_ns)

    flood(1)
    tracemalloc.start()
    try:
        flood(2)
        before, _ = tracemalloc.get_traced_memory()
        flood(3)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < MAX_BYTES


@pytest.mark.parametrize("high_half", [1, 2, 0x7FFF, 0x8000, 0x8001, 0xFFFE, 0xFFFF])
def test_a_timestamp_bomb_costs_no_audio(high_half):
    """One packet with a timestamp that is hours off: no silence for it, and everybody else is heard in order."""
    buffer = JitterBuffer(MediaFormat())
    heard, jumps, now_ns = [], [], 0
    for number in range(300):
        now_ns += 20 * MS
        timestamp = number * 160 + (high_half << 16 if number == 100 else 0) & 0xFFFFFFFF
        payload = bytes([number & 0x7F, number >> 7]) + FRAME[2:]
        buffer.put(payload, sequence_number=number, timestamp=timestamp, now_ns=now_ns)
        frame = buffer.pop(now_ns)
        if frame is not None and frame.kind is FrameKind.RECEIVED:
            heard.append(frame.payload[0] | frame.payload[1] << 7)
            jumps += [frame.jump.missing_ms] if frame.jump else []
    assert heard == list(range(len(heard)))
    assert len(heard) >= 295
    assert buffer.stats().concealed_ms == 0
    away_ms = ((high_half << 16) - (high_half >> 15 << 32)) / 8
    assert [abs(jump) for jump in jumps] == pytest.approx([abs(away_ms)] * 2, abs=100)


def test_every_jump_of_the_high_half_costs_no_audio():
    buffer = JitterBuffer(MediaFormat())
    for number in range(1 << 17):
        jump = number >> 1 << 16 if number & 1 else 0
        timestamp = number * 160 + jump & 0xFFFFFFFF
        buffer.put(FRAME, sequence_number=number & 0xFFFF, timestamp=timestamp, now_ns=number * 20 * MS)
        buffer.pop(number * 20 * MS)
    stats = buffer.stats()
    assert stats.jumps == 2 * ((1 << 16) - 1) - 1  # there and back again
    assert (stats.concealed_ms, stats.dropped, stats.late, stats.played) == (0, 0, 0, (1 << 17) - 1)


def test_a_stranger_does_not_push_out_who_is_speaking():
    buffer = JitterBuffer(MediaFormat())
    heard = set()
    for number in range(500):
        buffer.put(FRAME, sequence_number=number, timestamp=number * 160, ssrc=7, now_ns=number * 20 * MS)
        if number > 1:  # even in sequence
            buffer.put(b"\1" * 160, sequence_number=number, timestamp=0, ssrc=666, now_ns=number * 20 * MS)
        heard.add((buffer.pop(number * 20 * MS) or Frame(FRAME, FrameKind.RECEIVED, 0)).payload)
    assert heard == {FRAME}
    stats = buffer.stats()
    assert (stats.restarts, stats.refused, stats.received) == (0, 497, 500)


@pytest.mark.parametrize("size", [0, 1601, 65_536, 100_000])
def test_payloads_without_sense_are_refused(size):
    buffer = JitterBuffer(MediaFormat())
    assert not buffer.put(bytes(size), sequence_number=1, timestamp=0, now_ns=0)
    assert (buffer.stats().refused, buffer.stats().received) == (1, 0)


def test_half_a_sample_is_refused():
    buffer = JitterBuffer(MediaFormat("s16le"))
    assert not buffer.put(bytes(321), sequence_number=1, timestamp=0, now_ns=0)
    assert buffer.stats().refused == 1


@pytest.mark.parametrize(
    "fields", [{"sequence_number": 65536}, {"sequence_number": -1}, {"sequence_number": "1"}, {"sequence_number": None}]
)
def test_what_is_no_packet_raises(fields):
    buffer = JitterBuffer(MediaFormat())
    with pytest.raises((ValueError, TypeError)):
        buffer.put(FRAME, **{"timestamp": 0, "now_ns": 0, **fields})
    assert buffer.stats().received == 0
