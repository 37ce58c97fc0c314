"""RTP packets written, and read again."""

import gc
import itertools
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire import rtp
from phonewire.errors import BufferTooSmallError

HEADER = {"payload_type": 0, "sequence_number": 0x1234, "timestamp": 0x89ABCDEF, "ssrc": 0xFEDCBA98}
FIXED = bytes.fromhex("8000 1234 89abcdef fedcba98")
CANARY = 0xA5

headers = st.fixed_dictionaries(
    {
        "payload_type": st.integers(0, 127),
        "sequence_number": st.integers(0, 0xFFFF),
        "timestamp": st.integers(0, 0xFFFFFFFF),
        "ssrc": st.integers(0, 0xFFFFFFFF),
        "marker": st.booleans(),
        "csrcs": st.lists(st.integers(0, 0xFFFFFFFF), max_size=15),
    }
)
extensions = st.one_of(
    st.just((None, b"")),
    st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=64).map(lambda data: data[: len(data) // 4 * 4])),
)


def test_a_plain_packet() -> None:
    assert rtp.pack(b"audio", **HEADER) == FIXED + b"audio"
    assert rtp.pack(b"", **HEADER, marker=True) == b"\x80\x80" + FIXED[2:]


def test_a_packet_with_everything() -> None:
    # RFC 3550 section 5.1 filled by hand.
    assert rtp.pack(
        b"audio", payload_type=101, sequence_number=0xFFFF, timestamp=0, ssrc=1, marker=True, csrcs=[2, 0x80000003],
        extension_profile=0xBEDE, extension=b"\x10\xaa\0\0",
    ) == bytes.fromhex("92 e5 ffff 00000000 00000001  00000002 80000003  bede 0001 10aa0000") + b"audio"  # fmt: skip


def test_an_empty_extension_is_an_extension() -> None:
    assert rtp.pack(b"x", **HEADER, extension_profile=5) == b"\x90" + FIXED[1:] + b"\0\5\0\0x"


def test_the_longest_extension() -> None:
    packet = rtp.pack(b"x", **HEADER, extension_profile=0, extension=bytes(4 * 0xFFFF))
    assert len(packet) == 12 + 4 + 4 * 0xFFFF + 1
    assert rtp.parse(packet).payload == b"x"


@given(st.binary(max_size=400), headers, extensions)
def test_what_is_packed_is_parsed(payload: bytes, header: dict, extension: tuple) -> None:
    profile, data = extension
    packet = rtp.pack(payload, **header, extension_profile=profile, extension=data)
    parsed = rtp.parse(packet)
    assert {name: getattr(parsed, name) for name in header} == header | {"csrcs": tuple(header["csrcs"])}
    assert (parsed.extension_profile, parsed.extension, parsed.padding_size) == (profile, data, 0)
    assert parsed.payload == payload


@given(st.binary(max_size=100), headers, extensions, st.integers(0, 40))
def test_pack_into_writes_that_and_nothing_beyond(payload: bytes, header: dict, extension: tuple, room: int) -> None:
    profile, data = extension
    packet = rtp.pack(payload, **header, extension_profile=profile, extension=data)
    memory = bytearray([CANARY]) * (64 + len(packet) + room)
    with memoryview(memory) as view, view[64:] as out:
        assert rtp.pack_into(out, payload, **header, extension_profile=profile, extension=data) == len(packet)
    assert memory == bytes([CANARY]) * 64 + packet + bytes([CANARY]) * room


# keyword -> what does not fit, and what is said
REFUSED = [
    ({"payload_type": 128}, ValueError, "payload_type must be 0 to 127, got 128"),
    ({"payload_type": -1}, ValueError, "payload_type must be 0 to 127, got -1"),
    ({"sequence_number": 65536}, ValueError, "sequence_number must be 0 to 65535, got 65536"),
    ({"timestamp": 1 << 32}, ValueError, "timestamp must be 0 to 4294967295, got 4294967296"),
    ({"timestamp": 1 << 64}, ValueError, "got 18446744073709551616"),
    ({"timestamp": -(1 << 63)}, ValueError, "got -9223372036854775808"),
    ({"ssrc": -1}, ValueError, "ssrc must be 0 to 4294967295, got -1"),
    ({"ssrc": 1.0}, TypeError, "float"),
    ({"timestamp": "1"}, TypeError, "str"),
    ({"sequence_number": None}, TypeError, "NoneType"),
    ({"csrcs": range(16)}, ValueError, "at most 15 csrcs, got 16"),
    ({"csrcs": [1, 1 << 32]}, ValueError, "a csrc must be 0 to 4294967295, got 4294967296"),
    ({"csrcs": "12"}, TypeError, "str"),
    ({"csrcs": None}, TypeError, "NoneType"),
    ({"extension": b"1234"}, ValueError, "an extension needs its extension_profile"),
    ({"extension_profile": 1, "extension": b"12345"}, ValueError, "multiple of 4 bytes, at most 262140, got 5"),
    ({"extension_profile": 1, "extension": bytes(262144)}, ValueError, "at most 262140, got 262144"),
    ({"extension_profile": 65536}, ValueError, "extension_profile must be 0 to 65535, got 65536"),
    ({"extension_profile": 1, "extension": "1234"}, TypeError, "str"),
    ({"extension_profile": 1, "extension": np.zeros(4)}, TypeError, "got 'd'"),
    ({"extension_profile": 1, "extension": memoryview(bytes(8))[::2]}, BufferError, "not C-contiguous"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "error", "message"), REFUSED)
def test_what_does_not_fit_is_refused_and_nothing_is_written(change: dict, error: type, message: str) -> None:
    payload, out = bytearray(b"audio"), bytearray([CANARY]) * 400
    with pytest.raises(error, match=message):
        rtp.pack(payload, **HEADER | change)
    with pytest.raises(error, match=message):
        rtp.pack_into(out, payload, **HEADER | change)
    assert out == bytes([CANARY]) * 400
    payload.append(0)
    out.append(0)


@pytest.mark.parametrize("room", range(17))
def test_too_small_an_output_is_left_alone(room: int) -> None:
    memory = bytearray([CANARY]) * (64 + room + 64)
    with memoryview(memory) as view, view[64 : 64 + room] as out, pytest.raises(BufferTooSmallError) as caught:
        rtp.pack_into(out, b"audio", **HEADER)
    assert (caught.value.needed, caught.value.available) == (17, room)
    assert memory == bytes([CANARY]) * len(memory)


@pytest.mark.parametrize("at", range(40))
def test_payload_and_extension_may_lie_in_the_output(at: int) -> None:
    memory = bytearray(range(120))
    with memoryview(memory) as view, view[at : at + 60] as payload, view[30:50] as extension:
        options = HEADER | {"csrcs": (1, 2), "extension_profile": 1, "extension": extension}
        expected = rtp.pack(payload, **options)
        assert rtp.pack_into(view, payload, **options) == len(expected) == 104
        assert view[:104] == expected
        assert view[104:] == bytes(range(104, 120))


def test_all_keywords_that_matter_are_required() -> None:
    for size in range(len(HEADER)):
        for names in itertools.combinations(HEADER, size):
            with pytest.raises(TypeError):
                rtp.pack(b"", **{name: HEADER[name] for name in names})
    with pytest.raises(TypeError):
        rtp.pack(b"", 0, 1, 2, 3)


def test_numbers_may_be_of_any_integer_type() -> None:
    assert rtp.pack(
        b"", payload_type=np.uint8(0), sequence_number=np.int64(0x1234), timestamp=np.uint32(0x89ABCDEF),
        ssrc=np.uint64(0xFEDCBA98), csrcs=np.array([7], "u4"), marker=np.bool_(True),
    ) == b"\x81\x80" + FIXED[2:] + b"\0\0\0\7"  # fmt: skip


def test_no_reference_is_lost_or_kept() -> None:
    payload, out, extension, ssrc = bytearray(160), bytearray(300), bytearray(8), int("4000000000")
    arguments = {**HEADER, "ssrc": ssrc, "csrcs": [ssrc], "extension_profile": 1, "extension": extension}

    def count() -> list[int]:
        return [sys.getrefcount(thing) for thing in (payload, out, extension, ssrc)]

    rtp.pack(payload, **arguments)
    before, blocks = count(), sys.getallocatedblocks()
    for _ in range(2000):
        rtp.pack(payload, **arguments)
        rtp.pack_into(out, payload, **arguments)
        with pytest.raises(ValueError, match="sequence_number"):
            rtp.pack(payload, **arguments | {"sequence_number": -1})
        with pytest.raises(BufferTooSmallError):
            rtp.pack_into(extension, payload, **arguments)
    assert count() == before
    gc.collect()
    assert sys.getallocatedblocks() - blocks < 200
