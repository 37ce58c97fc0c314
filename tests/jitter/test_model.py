"""The jitter buffer against a model in other words, on random traces: loss, reordering, repetition, jumps, restarts.

The model counts in microseconds, keeps what it can for ever, and searches all of it for every frame.
"""

import random

import pytest

from phonewire.jitter import FrameKind, JitterBuffer
from phonewire.protocols.connection import MediaFormat

MS = 1_000_000


def ms(number):
    return number * 1000


def length_of(payload):
    return len(payload) * 125


class Sequence:
    """RFC 3550 A.1 with numbers that never wrap around."""

    def __init__(self):
        self.highest = None  # of the confirmed sequence
        self.before = self.confirms = None

    def extend(self, number):
        """Return "no", "begin", or how far the packet is ahead of the highest."""
        if self.highest is None:
            follows, self.before = self.before is not None and number == (self.before + 1) % 65536, number
            if follows:
                self.highest = number
            return "begin" if follows else "no"
        ahead = (number - self.highest + 99) % 65536 - 99
        if ahead >= 3000:
            if number != self.confirms:
                self.confirms = (number + 1) % 65536
                return "no"
            self.highest, self.confirms = number, None
            return "begin"
        if ahead > 0:
            self.highest = (self.highest + ahead) % 65536
        return ahead


class Model:
    def __init__(self):
        self.speaker = None
        self.sequences = {}
        self.refused_last = None
        self.highest = -1  # the last place that was given
        self.first = 0
        self.places = set()
        self.queue = {}  # place -> (media time, payload, jump)
        self.transits = []
        self.raw = self.shift = None
        self.last_timestamp = None
        self.counts = dict.fromkeys(
            ("refused", "received", "duplicate", "reordered", "late", "lost", "dropped", "pushed_out", "played"), 0
        )
        self.over = -1
        self.state = "idle"
        self.due = self.media = self.shrunk = 0
        self.made = self.position = 0
        self.paused = None
        self.jump = 0

    # in

    def put(self, payload, number, timestamp, ssrc, now):
        packet = (payload, number, timestamp, ssrc, now)
        if ssrc != self.speaker:
            self.sequences = {key: value for key, value in self.sequences.items() if key in (self.speaker, ssrc)}
        ahead = self.sequences.setdefault(ssrc, Sequence()).extend(number)
        held, self.refused_last = self.refused_last, None
        if ahead == "no":
            self.refused_last = packet
            self.counts["refused"] += held is not None
            return
        self.speaker = ssrc
        self.sequences = {ssrc: self.sequences[ssrc]}
        if ahead != "begin":
            self.counts["refused"] += held is not None
            self.place(packet, self.highest + ahead)
            return
        packets = [packet]
        if held is not None and held[3] == ssrc and (held[1] + 1) % 65536 == number:
            packets = [held, packet]
        else:
            self.counts["refused"] += held is not None
        self.first = self.highest + 1
        self.raw = None
        for place, each in enumerate(packets, self.first):
            self.place(each, place)

    def place(self, packet, place):
        payload, _, timestamp, _, now = packet
        self.counts["received"] += 1
        if place < self.first:
            self.counts["late"] += 1
            return
        if place in self.places:
            self.counts["duplicate"] += 1
            return
        self.counts["reordered"] += place < self.highest
        self.highest = max(self.highest, place)
        self.places.add(place)
        media, jump = self.time(timestamp, now)
        if place <= self.over:
            self.counts["late"] += 1
            return
        self.queue[place] = (media, payload, jump)
        while len(self.queue) > 200 or sum(len(each[1]) for each in self.queue.values()) > 65536:
            self.counts["pushed_out"] += 1
            self.take()

    def time(self, timestamp, now):
        expected = now - (self.transits[-1] if self.transits else 0)
        if self.raw is None:
            self.raw, self.shift = 0, expected
        else:
            step = (timestamp - self.last_timestamp) % 2**32
            self.raw += (step - 2**32 if step >= 2**31 else step) * 125
        self.last_timestamp = timestamp
        media = self.raw + self.shift
        jump = media - expected
        if abs(jump) > ms(1000):
            self.shift -= jump
            media -= jump
        else:
            jump = 0
        self.transits.append(now - media)
        return media, jump // 1000

    def target(self):
        recent = sorted(self.transits[-100:])
        wait = recent[len(recent) * 95 // 100] - recent[0]
        return recent[0] + sorted((ms(20), wait, ms(400)))[1]

    def take(self):
        place = min(self.queue)
        packet = self.queue.pop(place)
        self.counts["lost"] += place - self.over - 1
        self.over = place
        self.jump += packet[2]
        return packet

    # out

    def pop(self, now):
        if self.state == "idle":
            if not self.queue or now - self.queue[min(self.queue)][0] < self.target():
                return None
            self.state, self.media, self.due, self.made = "playing", self.queue[min(self.queue)][0], now, 0
        if now < self.due - ms(10):
            return None
        found = self.find()
        if found is None:
            return self.conceal(now)
        media, payload, _ = found
        length = length_of(payload)
        self.media = media + length
        jump = (self.jump, 0) if self.jump else None
        if self.paused is not None:
            pause, self.paused = self.due - self.paused, None
            self.position += pause
            jump = ((pause + ms(5000)) // 1000, 5000)
        self.jump = self.made = 0
        self.counts["played"] += 1
        return self.emit("received", payload, length, jump)

    def find(self):
        target = self.target() if self.transits else 0
        while self.queue:
            media, payload, _ = self.queue[min(self.queue)]
            delay = self.due - self.media
            too_long = delay - target >= ms(25)
            if media - self.media > ms(10):
                if not too_long:
                    return None
                frames = min((delay - target) // ms(20) * ms(20), media - self.media)
                self.media += frames
                continue
            packet = self.take()
            if self.media - media > ms(10):
                if self.due - media <= target + ms(200):
                    return packet
                self.counts["late"] += 1
                self.counts["lost"] += 1
            elif too_long and (
                set(payload) <= {0xFF, 0x7F} or (delay - target >= ms(200) and self.due - self.shrunk >= ms(500))
            ):
                self.counts["dropped"] += 1
                self.media, self.shrunk = media + length_of(payload), self.due
            else:
                return packet
        return None

    def conceal(self, now):
        if self.made >= ms(5000):
            self.state, self.paused = "idle", self.due
            return None
        if now - self.due > ms(100):
            self.due = now
        if self.due - self.media >= self.target():
            self.media += ms(20)
        self.made += ms(20)
        return self.emit("concealed", None, ms(20), None)

    def emit(self, kind, payload, length, jump):
        frame = (kind, payload, self.position // 1000, jump)
        self.position += length
        self.due += length
        return frame


def walk(noise, length):
    """Yield (payload, sequence number, timestamp, ssrc, arrival in ms) of a stream that suffers everything."""
    number, timestamp, ssrc = noise.choice([0, 65500, 30000]), noise.choice([0, 2**32 - 5000]), 7
    sent_ms, delay_ms, rough = 0, 50, noise.choice([0, 3, 40, 150])
    packets = []
    for _ in range(length):
        chance = noise.random()
        samples = noise.choice([160, 160, 160, 80, 240]) if chance < 0.02 else 160
        payload = bytes([noise.choice([0xFF, 0xFF, 0x20])]) * (samples - 2) + bytes([0x10, noise.randrange(256)])
        quiet = noise.random() < 0.3
        payload = bytes([0xFF]) * samples if quiet else payload
        copies = 0 if chance > 0.96 else 2 if chance > 0.94 else 1
        for _ in range(copies):
            late = noise.randrange(rough + 1) + (noise.choice([0, 300, 1500]) if noise.random() < 0.01 else 0)
            packets.append((sent_ms + delay_ms + late, payload, number % 65536, timestamp % 2**32, ssrc))
        number, timestamp, sent_ms = number + 1, timestamp + samples, sent_ms + samples // 8
        event = noise.random()
        if event < 0.004:
            timestamp += noise.choice([2**31, 2**30, 8 * 1001, -8 * 1001, 8 * 999, -8 * 600, 50_000_000])
        elif event < 0.008:
            number += noise.choice([2, 50, 2999, 3000, 40000, -99, -100, -5])
        elif event < 0.011:
            ssrc, number, timestamp = noise.choice([7, 8, 9]), noise.randrange(65536), noise.getrandbits(32)
        elif event < 0.016:
            pause_ms = noise.choice([60, 300, 990, 3000, 7000])
            sent_ms += pause_ms
            timestamp += noise.choice([0, 8 * pause_ms])
        elif event < 0.02:
            delay_ms, rough = noise.choice([20, 50, 120, 300]), noise.choice([0, 3, 40, 150])
    return sorted(packets, key=lambda packet: packet[0])


def frame_of(frame):
    if frame is None:
        return None
    payload = frame.payload if frame.kind is FrameKind.RECEIVED else None
    jump = frame.jump and (frame.jump.missing_ms, frame.jump.filled_ms)
    return frame.kind.value, payload, frame.timestamp_ms, jump


@pytest.mark.parametrize("seed", range(40))
def test_random_traces_equal_a_model(seed):
    noise = random.Random(seed)
    buffer, model = JitterBuffer(MediaFormat()), Model()
    tick_ms = noise.randrange(20)
    for arrival_ms, payload, number, timestamp, ssrc in walk(noise, 600):
        while tick_ms <= arrival_ms:
            for _ in range(noise.choice([1, 2, 12])):
                ours = frame_of(buffer.pop(tick_ms * MS))
                assert ours == model.pop(ms(tick_ms)), f"at {tick_ms} ms"
                if ours is None:
                    break
            tick_ms += 20 if noise.random() > 0.003 else noise.choice([1, 150, 600, 6000])
        buffer.put(payload, sequence_number=number, timestamp=timestamp, ssrc=ssrc, now_ns=arrival_ms * MS)
        model.put(payload, number, timestamp, ssrc, ms(arrival_ms))
        stats = buffer.stats()
        assert {name: getattr(stats, name) for name in model.counts} == model.counts, f"at {arrival_ms} ms"
