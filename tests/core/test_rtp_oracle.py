"""aiortc's RTP as an oracle: an independent implementation of RFC 3550 and RFC 8285."""

import random
import struct

import pytest

from phonewire import rtp
from phonewire.errors import PacketError

oracle = pytest.importorskip("aiortc.rtp", reason="aiortc is not installed")


def hostile_packets(seed: int, count: int) -> list[bytes]:
    noise = random.Random(seed)
    packets = []
    for _ in range(count):
        first = 0x80 | noise.getrandbits(6) if noise.random() < 0.95 else noise.getrandbits(8)
        packet = bytearray(bytes([first]) + noise.randbytes(noise.choice([5, 11, 12, 30, 80, 172]) - 1))
        extension = 12 + 4 * (first & 15)
        # A length that mostly fits, of a profile that aiortc does not try to understand.
        packet[extension : extension + 4] = struct.pack("!HH", 7, noise.choice([0, 1, 2, 5, 40]))[
            : len(packet) - extension
        ]
        packet[-1] = noise.choice([0, 1, 4, len(packet), 255])
        packets.append(bytes(packet))
    return packets


@pytest.mark.parametrize("seed", range(4))
def test_packets_are_read_alike(seed: int) -> None:
    for packet in hostile_packets(seed, 1000):
        try:
            theirs = oracle.RtpPacket.parse(packet)
        except ValueError:
            with pytest.raises(PacketError):
                rtp.parse(packet)
            continue
        ours = rtp.parse(packet)
        assert (ours.payload_type, ours.marker) == (theirs.payload_type, bool(theirs.marker))
        assert (ours.sequence_number, ours.timestamp, ours.ssrc) == (
            theirs.sequence_number, theirs.timestamp, theirs.ssrc,
        )  # fmt: skip
        assert list(ours.csrcs) == theirs.csrc
        assert ours.payload == theirs.payload
        assert ours.padding_size == theirs.padding_size


def test_the_packets_above_are_good_and_bad() -> None:
    reasons = rtp.parse_batch(hostile_packets(0, 1000))["reason"]
    assert set(reasons.tolist()) == {0, 1, 2, 3, 4, 5}
    assert 100 < (reasons == 0).sum() < 900


def test_packets_are_written_alike() -> None:
    noise = random.Random(9)
    for _ in range(500):
        payload = noise.randbytes(noise.choice([0, 1, 160, 172]))
        numbers = {
            "payload_type": noise.getrandbits(7), "sequence_number": noise.getrandbits(16),
            "timestamp": noise.getrandbits(32), "ssrc": noise.getrandbits(32), "marker": noise.getrandbits(1),
        }  # fmt: skip
        theirs = oracle.RtpPacket(**numbers, payload=payload)
        theirs.csrc = [noise.getrandbits(32) for _ in range(noise.randrange(16))]
        assert rtp.pack(payload, **numbers, csrcs=theirs.csrc) == theirs.serialize()
