"""Redundant audio: RFC 2198."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire.errors import PacketError
from phonewire.rtp import red, telephone_event
from phonewire.rtp.red import Block

# RFC 2198 section 5, its lengths made small: DVI4 (PT 5) is the primary, LPC (PT 7) of 160 samples ago is redundant.
PAYLOAD = bytes.fromhex("87 02 80 03  05") + b"lpcdvi4"

BLOCKS = [Block(7, 1000 - 160, b"lpc"), Block(5, 1000, b"dvi4")]


def test_a_redundant_block_and_the_primary() -> None:
    # 1 0000111 00000010100000 0000000011, then 0 0000101.
    assert PAYLOAD[:5] == int("1000011100000010100000000000001100000101", 2).to_bytes(5)
    assert red.parse(PAYLOAD, timestamp=1000) == BLOCKS
    assert red.pack(BLOCKS) == PAYLOAD


def test_the_primary_alone() -> None:
    assert red.parse(b"\x00audio", timestamp=7) == [(0, 7, b"audio")]
    assert red.parse(b"\x7f", timestamp=0) == [(127, 0, b"")]
    assert red.pack([Block(0, 7, b"audio")]) == b"\x00audio"


def test_timestamps_wrap_around() -> None:
    blocks = [Block(7, 2**32 - 60, b"a"), Block(7, 2**32 - 1, b"b"), Block(5, 100, b"c")]
    assert red.parse(red.pack(blocks), timestamp=100) == blocks


@given(
    st.integers(0, 2**32 - 1),
    st.lists(st.tuples(st.integers(0, 127), st.integers(0, 16383), st.binary(max_size=40)), max_size=5),
    st.binary(max_size=40),
)
def test_what_is_packed_is_parsed(now: int, redundant: list, payload: bytes) -> None:
    blocks = [Block(number, (now - age) % 2**32, data) for number, age, data in redundant] + [Block(0, now, payload)]
    assert red.parse(red.pack(blocks), timestamp=now) == blocks


@pytest.mark.parametrize(
    ("payload", "offset", "message"),
    [
        (b"", 0, "needs 1 more bytes, got 0"),
        (b"\x87", 0, "needs 4 more bytes, got 1"),
        (b"\x87\x02\x80", 0, "needs 4 more bytes, got 3"),
        (b"\x87\x02\x80\x00", 4, "needs 1 more bytes, got 0"),
        (b"\x87\x02\x80\x03\x05lp", 5, "needs 3 more bytes, got 2"),
        (b"\x87\x02\x83\xff\x05" + bytes(1022), 5, "needs 1023 more bytes, got 1022"),
        (b"\x87\x02\x80\x01\x87\x02\x80\x02\x05ab", 10, "needs 2 more bytes, got 1"),
        (b"\xff" * 64, 64, "needs 1 more bytes, got 0"),
        (b"\xff" * 63, 60, "needs 4 more bytes, got 3"),
    ],
)
def test_a_malformed_payload(payload: bytes, offset: int, message: str) -> None:
    with pytest.raises(PacketError, match=message) as caught:
        red.parse(payload, timestamp=0)
    assert caught.value.offset == offset


@given(st.binary(max_size=200))
def test_hostile_bytes(payload: bytes) -> None:
    try:
        blocks = red.parse(payload, timestamp=5)
    except PacketError:
        return
    assert len(payload) == 4 * (len(blocks) - 1) + 1 + sum(len(block.payload) for block in blocks)


@pytest.mark.parametrize("timestamp", [-1, 2**32])
def test_an_impossible_timestamp(timestamp: int) -> None:
    with pytest.raises(ValueError, match="timestamp must be 0 to 4294967295"):
        red.parse(PAYLOAD, timestamp=timestamp)


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ([], "needs a primary block"),
        ([Block(128, 0, b"")], "payload_type must be 0 to 127, got 128"),
        ([Block(128, 0, b""), Block(0, 0, b"")], "payload_type must be 0 to 127, got 128"),
        ([Block(0, 0, b""), Block(0, 16384, b"")], "age of a redundant block must be 0 to 16383, got 16384"),
        ([Block(0, 1, b""), Block(0, 0, b"")], "age of a redundant block must be 0 to 16383, got 4294967295"),
        ([Block(0, 0, bytes(1024)), Block(0, 0, b"")], "size of a redundant block must be 0 to 1023, got 1024"),
    ],
)
def test_what_does_not_fit_is_refused(blocks: list[Block], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        red.pack(blocks)


def test_a_key_rides_with_audio() -> None:
    key = telephone_event.pack([telephone_event.TelephoneEvent(5, 800, end=True)])
    [event, audio] = red.parse(red.pack([Block(101, 160, key), Block(0, 960, bytes(160))]), timestamp=960)
    assert telephone_event.parse(event.payload) == [(5, 800, True, -10)]
    assert len(audio.payload) == 160
