"""RTP packets read many at a time."""

import gc
import itertools
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire import rtp
from phonewire.errors import PacketError
from phonewire.rtp import PacketReason

FIELDS = [
    ("timestamp", np.uint32), ("ssrc", np.uint32), ("sequence_number", np.uint16), ("extension_profile", np.uint16),
    ("payload_type", np.uint8), ("marker", np.bool_), ("csrc_count", np.uint8), ("has_extension", np.bool_),
    ("padding_size", np.uint8), ("reason", np.uint8), ("payload_offset", np.uintp), ("payload_size", np.uintp),
]  # fmt: skip

FULL = bytes.fromhex("b2 e5 ffff 00000000 00000001  00000002 80000003  bede 0001 10aa0000  617564696f 000003")


def packet_of(sequence_number: int, payload: bytes = bytes(160)) -> bytes:
    return rtp.pack(payload, payload_type=8, sequence_number=sequence_number, timestamp=160 * sequence_number, ssrc=7)


def test_the_row_type() -> None:
    rows = rtp.parse_batch([])
    assert rows.shape == (0,)
    assert rows.dtype == np.dtype(FIELDS, align=True)
    assert rows.dtype.itemsize == (40 if sys.maxsize > 2**32 else 28)


def test_a_row_for_each_packet_in_order() -> None:
    rows = rtp.parse_batch([packet_of(number) for number in range(1000)])
    assert rows["sequence_number"].tolist() == list(range(1000))
    assert rows["timestamp"].tolist() == list(range(0, 160000, 160))
    assert not rows["reason"].any()
    assert set(rows["payload_size"].tolist()) == {160}


def test_a_row_has_the_whole_header() -> None:
    row = rtp.parse_batch([FULL])[0]
    assert {name: row[name].item() for name in rtp.parse_batch([]).dtype.names} == {
        "timestamp": 0, "ssrc": 1, "sequence_number": 0xFFFF, "extension_profile": 0xBEDE, "payload_type": 101,
        "marker": True, "csrc_count": 2, "has_extension": True, "padding_size": 3, "reason": PacketReason.GOOD,
        "payload_offset": 28, "payload_size": 5,
    }  # fmt: skip


def test_a_malformed_packet_is_a_row_with_its_reason() -> None:
    rows = rtp.parse_batch([packet_of(1), b"", b"\x80", b"\x40" + bytes(20), b"\xb1" + bytes(20), packet_of(2)])
    assert rows["reason"].tolist() == [0, 1, 1, 2, 5, 0]
    assert rows["sequence_number"].tolist() == [1, 0, 0, 0, 0, 2]
    assert rows[["payload_offset", "payload_size", "padding_size"]].tolist()[1:5] == [
        (12, 0, 0), (12, 0, 0), (0, 0, 0), (20, 1, 0),
    ]  # fmt: skip


@given(st.lists(st.binary(max_size=60).map(lambda data: b"\x90" + data)))
def test_rows_say_what_parse_says(packets: list[bytes]) -> None:
    for packet, row in zip(packets, rtp.parse_batch(packets), strict=True):
        if row["reason"]:
            with pytest.raises(PacketError):
                rtp.parse(packet)
            continue
        parsed = rtp.parse(packet)
        offset = int(row["payload_offset"])
        assert packet[offset : offset + int(row["payload_size"])] == parsed.payload
        for name in ("payload_type", "sequence_number", "timestamp", "ssrc", "marker", "padding_size"):
            assert row[name] == getattr(parsed, name)
        assert row["csrc_count"] == len(parsed.csrcs)
        assert (row["extension_profile"] if row["has_extension"] else None) == parsed.extension_profile


def test_any_iterable_of_any_buffers() -> None:
    packet = packet_of(5)
    kinds = [packet, bytearray(packet), memoryview(packet), np.frombuffer(packet, "u1")]
    for packets in (
        kinds,
        tuple(kinds),
        iter(kinds),
        dict.fromkeys("abcd", packet).values(),
        itertools.repeat(packet, 4),
    ):
        assert rtp.parse_batch(packets)["sequence_number"].tolist() == [5] * 4


def test_one_packet_is_no_batch() -> None:
    with pytest.raises(TypeError):
        rtp.parse_batch(packet_of(5))
    with pytest.raises(TypeError):
        rtp.parse_batch(None)


@pytest.mark.parametrize("wrong", [None, 5, "packet", np.zeros(5), memoryview(bytes(24)).cast("h")])
def test_what_is_no_buffer_of_bytes_is_an_error(wrong: object) -> None:
    data = bytearray(packet_of(1))
    with pytest.raises(TypeError):
        rtp.parse_batch([data, wrong])
    data.append(0)
    with pytest.raises(BufferError):
        rtp.parse_batch([data, memoryview(bytes(24))[::2]])
    data.append(0)


def test_rows_are_the_callers_own() -> None:
    packets = [bytearray(packet_of(1))]
    rows = rtp.parse_batch(packets)
    packets[0].append(0)
    packets[0][2:4] = b"\xff\xff"
    assert rows["sequence_number"] == [1]
    rows["sequence_number"] = 9
    assert rows.flags.writeable


def test_gaps_between_fields_hold_nothing(native: SimpleNamespace) -> None:
    used = bytearray(rtp.parse_batch([]).dtype.itemsize)
    for dtype, offset in rtp.parse_batch([]).dtype.fields.values():
        used[offset : offset + dtype.itemsize] = b"\1" * dtype.itemsize
    raw = native.rtp_parse.parse_batch([FULL, b"", packet_of(3)]).tobytes()
    assert all(octet == 0 for octet, mark in zip(raw, itertools.cycle(used)) if not mark)


def test_a_list_that_shrinks_meanwhile() -> None:
    packets: list[object] = []

    class Shrinks(bytearray):
        def __buffer__(self, flags: int) -> memoryview:  # called from Python 3.12 on
            packets.clear()
            return super().__buffer__(flags)

    packets += [Shrinks(packet_of(1)), *[bytearray(packet_of(2)) for _ in range(100)]]
    assert len(rtp.parse_batch(packets)) == 101


def test_no_reference_is_lost_or_kept() -> None:
    packets = [packet_of(1), bytearray(packet_of(2)), packet_of(3)[:5], bytearray(3)]
    rtp.parse_batch(packets)
    before = [sys.getrefcount(packet) for packet in packets]
    blocks = sys.getallocatedblocks()
    for _ in range(2000):
        rtp.parse_batch(packets)
        with pytest.raises(TypeError):
            rtp.parse_batch([*packets, None])
    assert [sys.getrefcount(packet) for packet in packets] == before
    gc.collect()
    assert sys.getallocatedblocks() - blocks < 200
