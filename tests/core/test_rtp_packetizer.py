"""Audio cut into RTP packets."""

import gc
import random
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire import rtp

START = {"ssrc": 0xCAFE0001, "sequence_number": 0xFFFE, "timestamp": 0xFFFFFF00}
G711 = START | {"samples_per_packet": 160, "payload_size": 160}


def headers(packets: list[bytes]) -> list[tuple[int, int, bool, int]]:
    parsed = [rtp.parse(packet) for packet in packets]
    return [(p.sequence_number, p.timestamp, p.marker, len(p.payload)) for p in parsed]


def test_packets_count_and_wrap_around() -> None:
    audio = random.Random(1).randbytes(640)
    packets = rtp.Packetizer(8, **G711).packetize(audio)
    assert headers(packets) == [
        (0xFFFE, 0xFFFFFF00, False, 160),
        (0xFFFF, 0xFFFFFFA0, False, 160),
        (0x0000, 0x00000040, False, 160),
        (0x0001, 0x000000E0, False, 160),
    ]
    assert b"".join(packet[12:] for packet in packets) == audio
    assert {(p.payload_type, p.ssrc) for p in map(rtp.parse, packets)} == {(8, 0xCAFE0001)}


def test_timestamps_count_samples_not_bytes() -> None:
    packetizer = rtp.Packetizer(96, ssrc=1, sequence_number=0, timestamp=0, samples_per_packet=160, payload_size=320)
    assert headers(packetizer.packetize(bytes(960))) == [(0, 0, False, 320), (1, 160, False, 320), (2, 320, False, 320)]


@given(st.lists(st.binary(max_size=500)), st.integers(1, 200))
def test_however_audio_is_cut_the_packets_are_the_same(pieces: list[bytes], payload_size: int) -> None:
    options = START | {"samples_per_packet": 160, "payload_size": payload_size}
    whole, cut = rtp.Packetizer(0, **options), rtp.Packetizer(0, **options)
    expected = whole.packetize(b"".join(pieces)) + whole.flush()
    assert [packet for piece in pieces for packet in cut.packetize(piece)] + cut.flush() == expected
    assert b"".join(packet[12:] for packet in expected) == b"".join(pieces)
    assert (cut.sequence_number, cut.timestamp) == (whole.sequence_number, whole.timestamp)


def test_the_next_packet_is_known_before_it_is_there() -> None:
    packetizer = rtp.Packetizer(0, **G711)
    for size in (100, 100, 500, 0, 60):
        following = packetizer.sequence_number, packetizer.timestamp
        packets = packetizer.packetize(bytes(size))
        assert [header[:2] for header in headers(packets)][:1] == ([following] if packets else [])
    with pytest.raises(AttributeError):
        packetizer.timestamp = 5


def test_flush_sends_what_is_carried_and_its_share_of_time() -> None:
    packetizer = rtp.Packetizer(0, **START | {"samples_per_packet": 160, "payload_size": 320})
    assert packetizer.flush() == []
    assert packetizer.packetize(bytes(101)) == []
    assert headers(packetizer.flush()) == [(0xFFFE, 0xFFFFFF00, False, 101)]
    assert (packetizer.sequence_number, packetizer.timestamp) == (0xFFFF, 0xFFFFFF00 + 50)
    assert packetizer.flush() == []


def test_silence_moves_time_and_marks_the_next_packet() -> None:
    packetizer = rtp.Packetizer(0, **G711)
    packetizer.packetize(bytes(160))
    packetizer.skip(8000)
    assert headers(packetizer.packetize(bytes(320))) == [(0xFFFF, 7904, True, 160), (0, 8064, False, 160)]
    packetizer.skip(0)
    packetizer.packetize(bytes(5))
    assert headers(packetizer.flush()) == [(1, 8224, True, 5)]


def test_silence_cannot_pass_in_the_middle_of_a_packet() -> None:
    packetizer = rtp.Packetizer(0, **G711)
    packetizer.packetize(bytes(161))
    with pytest.raises(ValueError, match="1 bytes are carried: flush before silence"):
        packetizer.skip(160)
    assert headers(packetizer.flush()) == [(0xFFFF, 0xFFFFFFA0, False, 1)]


@pytest.mark.parametrize(("samples", "error"), [(-1, ValueError), (1 << 32, ValueError), (1.5, TypeError)])
def test_silence_of_an_impossible_length(samples: object, error: type) -> None:
    packetizer = rtp.Packetizer(0, **G711)
    with pytest.raises(error):
        packetizer.skip(samples)
    assert headers(packetizer.packetize(bytes(160))) == [(0xFFFE, 0xFFFFFF00, False, 160)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"payload_size": 0}, "payload_size must be positive, got 0"),
        ({"payload_size": 65536}, "payload_size must be 0 to 65535, got 65536"),
        ({"samples_per_packet": 1 << 32}, "samples_per_packet must be 0 to 4294967295"),
        ({"ssrc": -1}, "ssrc must be 0 to 4294967295, got -1"),
        ({"sequence_number": 65536}, "sequence_number must be 0 to 65535"),
        ({"timestamp": 1 << 32}, "timestamp must be 0 to 4294967295"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rtp.Packetizer(0, **G711 | change)
    with pytest.raises(ValueError, match="payload_type must be 0 to 127, got 128"):
        rtp.Packetizer(128, **G711)


def test_an_error_leaves_the_packetizer_as_it_was() -> None:
    packetizer = rtp.Packetizer(0, **G711)
    packetizer.packetize(b"x" * 100)
    for wrong in (None, "audio", memoryview(bytes(320)).cast("h"), memoryview(bytes(320))[::2]):
        with pytest.raises((TypeError, BufferError)):
            packetizer.packetize(wrong)
    assert packetizer.packetize(b"y" * 60)[0][12:] == b"x" * 100 + b"y" * 60


def test_no_reference_is_lost_or_kept() -> None:
    audio = bytearray(1000)
    packetizer = rtp.Packetizer(0, **G711)
    packetizer.packetize(audio)
    before, blocks = sys.getrefcount(audio), sys.getallocatedblocks()
    for _ in range(2000):
        packetizer.packetize(audio)
        with pytest.raises(TypeError):
            packetizer.packetize(5)
        packetizer.flush()
    assert sys.getrefcount(audio) == before
    gc.collect()
    assert sys.getallocatedblocks() - blocks < 200
    audio.append(0)
