"""What the jitter buffer does with streams as networks deliver them."""

import pytest

from phonewire.jitter import Frame, FrameKind, JitterBuffer, Jump
from phonewire.protocols.connection import MediaFormat

MS = 1_000_000
LOUD = bytes([0x20])
QUIET = bytes([0xFF])


class Line:
    """A stream of numbered frames, and a receiver that plays one each 20 ms."""

    def __init__(self, start=0, timestamp=0, codeword=LOUD):
        self.buffer = JitterBuffer(MediaFormat())
        self.start, self.timestamp, self.codeword = start, timestamp, codeword
        self.now_ms = 0
        self.frames: list[Frame | None] = []

    def put(self, number, **changes):
        fields = {
            "sequence_number": (self.start + number) % 65536,
            "timestamp": (self.timestamp + 160 * number) % 2**32,
            "now_ns": self.now_ms * MS,
        }
        first = bytes([number & 0x7F]) if self.codeword == LOUD else self.codeword
        return self.buffer.put(first + self.codeword * 159, **{**fields, **changes})

    def tick(self):
        self.now_ms += 20
        self.frames.append(self.buffer.pop(self.now_ms * MS))

    def play(self, numbers, **changes):
        """Put one packet each 20 ms; None is one that does not come."""
        for number in numbers:
            if number is not None:
                self.put(number, **changes)
            self.tick()

    @property
    def heard(self):
        """Numbers of the frames that were heard, and "c" for each that was made."""
        frames = [frame for frame in self.frames if frame is not None]
        return [frame.payload[0] if frame.kind is FrameKind.RECEIVED else "c" for frame in frames]


@pytest.mark.parametrize("start", [0, 65500, 65535])
@pytest.mark.parametrize("timestamp", [0, 2**32 - 4000, 2**32 - 1])
def test_a_perfect_stream_comes_through_untouched(start, timestamp):
    line = Line(start, timestamp)
    line.play(range(100))
    assert line.heard == list(range(99))
    assert [frame.timestamp_ms for frame in line.frames if frame] == [20 * n for n in range(99)]
    stats = line.buffer.stats()
    assert (stats.received, stats.played, stats.concealed_ms, stats.lost, stats.refused) == (100, 99, 0, 0, 0)
    assert (stats.delay_ms, stats.target_ms, stats.jitter_ms) == (40, 20, 0.0)


def test_the_first_packet_is_held_until_a_second_confirms_it():
    line = Line()
    assert line.put(0) is False
    assert (line.buffer.stats().refused, line.buffer.stats().received) == (0, 0)
    assert line.put(1) is True
    assert (line.buffer.stats().refused, line.buffer.stats().received) == (0, 2)


def test_a_packet_that_nothing_confirms_is_refused():
    line = Line()
    line.put(0)
    line.put(5)
    assert line.buffer.stats().refused == 1
    assert line.buffer.flush() == []
    assert (line.buffer.stats().refused, line.buffer.stats().received) == (2, 0)


def test_the_order_is_restored():
    line = Line()
    line.play([0, 1, 3, 2, 4, 6, 5, *range(7, 20)])
    assert line.heard == list(range(19))
    assert line.buffer.stats().reordered == 2


def test_duplicates_are_heard_once():
    line = Line()
    for number in range(20):
        line.put(number)
        line.put(number)
        line.tick()
    assert line.heard == list(range(19))
    assert (line.buffer.stats().duplicate, line.buffer.stats().refused) == (19, 1)  # of the first, one is refused


def test_a_lost_packet_is_concealed_in_its_place():
    line = Line()
    line.play([*range(30), None, *range(31, 60)])
    assert line.heard == [*range(30), "c", *range(31, 59)]
    assert (line.buffer.stats().lost, line.buffer.stats().concealed_ms) == (1, 20)


def test_a_packet_that_comes_after_its_turn_is_late():
    line = Line()
    line.play([*range(30), None, *range(31, 40)])
    line.put(30)
    line.play(range(40, 50))
    assert 30 not in line.heard
    assert (line.buffer.stats().late, line.buffer.stats().lost) == (1, 1)


def test_a_restart_of_the_source_loses_nothing():
    line = Line()
    line.play(range(30))
    line.start, line.timestamp = 40_000, 123_456_789
    line.play(range(30, 60))
    assert line.heard == list(range(59))
    assert line.buffer.stats().restarts == 1


def test_another_source_takes_over_when_the_first_has_ended():
    line = Line()
    line.play(range(30), ssrc=1)
    line.start, line.timestamp = 7, 2**31
    line.play(range(30, 60), ssrc=2)
    assert line.heard == list(range(59))
    assert line.buffer.stats().restarts == 1


def play_half_late(line, numbers, frames):
    """Put one packet each 20 ms, every other one *frames* later than the rest."""
    due = sorted((number + (frames if number % 2 else 0), number) for number in numbers)
    while due:
        while due and due[0][0] <= line.now_ms // 20:
            line.put(due.pop(0)[1])
        line.tick()


def test_the_delay_grows_where_packets_are_late_and_shrinks_when_they_are_no_more():
    line = Line()
    line.play(range(100))
    play_half_late(line, range(100, 300), 3)
    stats = line.buffer.stats()
    assert stats.target_ms == 60
    assert 60 <= stats.delay_ms < 100
    assert 20 <= stats.concealed_ms <= 200
    line.codeword = QUIET
    line.play(range(303, 600))
    stats = line.buffer.stats()
    assert stats.target_ms == 20
    assert stats.delay_ms <= 40
    assert 1 <= stats.dropped <= 4
    assert stats.dropped_ms == 20 * stats.dropped


def test_delay_that_is_too_long_goes_at_once_where_it_is_quiet():
    line = Line(codeword=QUIET)
    line.play(range(20))
    play_half_late(line, range(20, 300), 10)
    assert 200 <= line.buffer.stats().delay_ms < 240
    before = line.buffer.stats().dropped
    line.play(range(310, 310 + 100 + 50))  # 2 s until the network's past is forgotten, and 1 s
    assert 7 <= line.buffer.stats().dropped - before <= 10
    assert line.buffer.stats().delay_ms <= 40


def test_nothing_loud_is_left_out_before_the_delay_is_far_too_long():
    line = Line(codeword=LOUD)
    line.play(range(20))
    play_half_late(line, range(20, 300), 8)
    before = line.buffer.stats()
    assert 160 <= before.delay_ms < 200
    line.play(range(308, 1000))
    after = line.buffer.stats()
    assert after.delay_ms == before.delay_ms
    assert after.dropped == before.dropped


def test_a_delay_that_is_far_too_long_becomes_shorter_by_and_by_whatever_is_said():
    line = Line(codeword=LOUD)
    line.play(range(20))
    play_half_late(line, range(20, 300), 15)
    assert line.buffer.stats().delay_ms >= 300
    line.play(range(315, 315 + 100 + 50))  # 2 s until the network's past is forgotten, and 1 s
    assert 2 <= line.buffer.stats().dropped <= 3
    line.play(range(465, 800))
    assert 200 <= line.buffer.stats().delay_ms <= 240


@pytest.mark.parametrize("frames", [3, 9, 20])
def test_what_comes_late_in_one_piece_is_heard(frames):
    """As after a stall of the sender, or of the network between."""
    line = Line(codeword=LOUD)
    line.play(range(100))
    line.play([None] * frames)
    for number in range(100, 100 + frames):
        line.put(number)
    line.play(range(100 + frames, 200))
    assert (line.buffer.stats().lost, line.buffer.stats().dropped) == (0, 0)
    heard = [number for number in line.heard[100:] if number != "c"]
    assert heard == [number & 0x7F for number in range(100, 100 + len(heard))]


def test_a_pause_of_the_sender_is_filled_in_time():
    line = Line()
    line.play([*range(30), *[None] * 100, *range(130, 160)])
    assert line.heard == [*range(30), *["c"] * 100, *[n & 0x7F for n in range(130, 159)]]
    assert line.buffer.stats().jumps == 0


def test_timestamps_that_stop_while_the_sender_pauses_cost_no_audio():
    line = Line()
    line.play([*range(30), *[None] * 100, *range(30, 60)])
    assert [number for number in line.heard if number != "c"] == list(range(59))
    assert [frame.jump for frame in line.frames if frame and frame.jump] == [Jump(-2000, 0)]


def test_after_5_s_of_nothing_no_more_silence_is_made_and_the_gap_is_told():
    line = Line()
    line.play(range(30))
    line.play([None] * 500)
    silence = [frame for frame in line.frames[30:] if frame is not None and frame.kind is FrameKind.CONCEALED]
    assert len(silence) == 250
    assert line.frames[-1] is None
    line.play(range(530, 560))
    again = next(frame for frame in line.frames[530:] if frame is not None)
    assert again.jump == Jump(5000 + 4980, 5000)
    assert again.timestamp_ms == 600 + 5000 + 4980
    assert line.heard[-20:] == [n & 0x7F for n in range(540, 560)]


def test_a_caller_that_slept_gets_what_is_there_at_once():
    line = Line()
    line.play(range(30))
    for number in range(30, 40):
        line.now_ms += 20
        line.put(number)
    while (frame := line.buffer.pop(line.now_ms * MS)) is not None:
        line.frames.append(frame)
    assert line.heard == list(range(39))
    assert line.buffer.stats().concealed_ms == 0


def test_a_caller_that_slept_makes_no_audio_for_that_time():
    line = Line()
    line.play(range(30))
    line.now_ms += 1000
    made = 0
    while (frame := line.buffer.pop(line.now_ms * MS)) is not None:
        made += frame.kind is FrameKind.CONCEALED
    assert made == 1


def test_packets_of_other_lengths_keep_the_pace():
    buffer = JitterBuffer(MediaFormat())
    heard_ms = 0
    for number in range(200):  # 30 ms in a packet
        buffer.put(LOUD * 240, sequence_number=number, timestamp=240 * number, now_ns=30 * number * MS)
        for _ in range(3):
            if (frame := buffer.pop((30 * number + 10) * MS)) is not None:
                heard_ms += len(frame.payload) // 8
    assert 200 * 30 - 90 <= heard_ms <= 200 * 30
    assert buffer.stats().concealed_ms == 0


def test_in_the_end_what_waits_is_returned_in_order():
    line = Line()
    line.play(range(10))
    line.put(12)
    line.put(10)
    frames = line.buffer.flush()
    assert [frame.payload[0] for frame in frames] == [9, 10, 12]
    assert [frame.timestamp_ms for frame in frames] == [180, 200, 220]
    assert line.buffer.flush() == []
    assert line.buffer.idle


def test_a_buffer_is_idle_before_the_first_packet_and_in_a_long_pause():
    line = Line()
    assert line.buffer.idle
    line.play(range(10))
    assert not line.buffer.idle
    line.play([None] * 251)  # the last packet, and 5 s of silence
    assert not line.buffer.idle
    line.play([None])
    assert line.buffer.idle


def test_jitter_is_that_of_rfc_3550():
    buffer = JitterBuffer(MediaFormat())
    late = [0, 0, 40, 0, 80, 0, 0, 160, 0, 0]  # in ticks; the integer variant of A.8 gives 28 in the end
    for number, ticks in enumerate(late):
        buffer.put(LOUD * 160, sequence_number=number, timestamp=160 * number, now_ns=(160 * number + ticks) * 125_000)
    assert buffer.stats().jitter_ms == 28 / 8


@pytest.mark.parametrize("ptime_ms", [-20, 0, 0.5, 201, float("nan")])
def test_a_packet_of_no_length(ptime_ms):
    with pytest.raises(ValueError, match=rf"ptime_ms is 1 to 200, got {ptime_ms}$"):
        JitterBuffer(MediaFormat(), ptime_ms=ptime_ms)


@pytest.mark.parametrize("ptime_ms", [1, 200])
def test_the_shortest_and_the_longest_packet(ptime_ms):
    JitterBuffer(MediaFormat(), ptime_ms=ptime_ms)
