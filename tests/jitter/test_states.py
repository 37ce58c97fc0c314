"""Whatever comes whenever: what goes out is in order, complete or counted, and in time."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from phonewire.jitter import FrameKind, JitterBuffer
from phonewire.jitter.buffer import MAX_BYTES, MAX_PACKETS
from phonewire.protocols.connection import MediaFormat

MS = 1_000_000


class Buffering(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.buffer = JitterBuffer(MediaFormat("s16le", 8000))
        self.now_ns = 0
        self.number = self.timestamp = 0  # of the sender's next packet, without wrap-around
        self.put = 0
        self.sent = []
        self.timestamp_ms = 0
        self.last_heard = -1000

    def send(self, number, timestamp, size=320):
        payload = self.put.to_bytes(4, "little") + bytes(size - 4)
        fields = {"sequence_number": number % 65536, "timestamp": timestamp % 2**32, "ssrc": 1}
        self.buffer.put(payload, now_ns=self.now_ns, **fields)
        self.sent.append(number)
        self.put += 1

    @rule(frames=st.integers(1, 5), size=st.sampled_from([160, 320, 320, 320, 1600, 3200]))
    def packets_in_time(self, frames, size):
        for _ in range(frames):
            self.now_ns += 20 * MS
            self.send(self.number, self.timestamp, size)
            self.number += 1
            self.timestamp += size // 2

    @rule(count=st.integers(10, 300))
    def packets_in_a_burst(self, count):
        for _ in range(count):
            self.send(self.number, self.timestamp)
            self.number += 1
            self.timestamp += 160

    @rule(count=st.integers(1, 120))
    def loss(self, count):
        self.number += count
        self.timestamp += 160 * count

    @rule(back=st.integers(0, 120))
    def a_packet_late_or_again(self, back):
        self.send(self.number - back, self.timestamp - 160 * back)

    @rule(number=st.integers(0, 65535), timestamp=st.integers(0, 2**32 - 1))
    def a_new_beginning(self, number, timestamp):
        self.number += 65536 - self.number % 65536 + number
        self.timestamp = timestamp

    @rule(jump=st.integers(-(2**31), 2**31))
    def a_jump_of_timestamps(self, jump):
        self.timestamp += jump

    @rule(pause_ms=st.sampled_from([1, 19, 20, 100, 900, 6000]))
    def nothing_happens(self, pause_ms):
        self.now_ns += pause_ms * MS

    @rule(ticks=st.integers(1, 300))
    def frames_are_played(self, ticks):
        for _ in range(ticks):
            self.now_ns += 20 * MS
            while (frame := self.buffer.pop(self.now_ns)) is not None:
                self.check(frame)

    def check(self, frame):
        if frame.jump is None:
            assert frame.timestamp_ms == self.timestamp_ms
        assert frame.timestamp_ms >= self.timestamp_ms
        self.timestamp_ms = frame.timestamp_ms + len(frame.payload) // 16
        if frame.kind is FrameKind.RECEIVED:
            put = int.from_bytes(frame.payload[:4], "little")
            assert put < self.put
            assert self.sent[put] > self.last_heard
            self.last_heard = self.sent[put]
        else:
            assert len(frame.payload) == 320

    @property
    def held(self):
        return self.buffer._source._held is not None

    @invariant()
    def nothing_is_lost_silently(self):
        stats, waiting = self.buffer.stats(), self.buffer._waiting
        assert stats.received + stats.refused + self.held == self.put
        ends = stats.played + stats.duplicate + stats.late + stats.dropped + stats.pushed_out
        assert stats.received == ends + len(waiting)

    def teardown(self):
        for frame in self.buffer.flush():
            self.check(frame)
        stats = self.buffer.stats()
        assert (self.held, self.buffer._size) == (False, 0)
        assert stats.received + stats.refused == self.put

    @invariant()
    def the_caps_hold(self):
        waiting = self.buffer._waiting
        assert len(waiting) <= MAX_PACKETS
        assert sum(len(packet.payload) for packet in waiting.values()) == self.buffer._size <= MAX_BYTES

    @invariant()
    def the_target_is_sane(self):
        assert 0 <= self.buffer.stats().target_ms <= 400


TestBuffering = Buffering.TestCase
TestBuffering.settings = settings(max_examples=60, stateful_step_count=40)
