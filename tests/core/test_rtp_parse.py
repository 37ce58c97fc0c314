"""RTP packets read one at a time."""

import copy
import gc
import pickle
import struct
import sys
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire import rtp
from phonewire.errors import PacketError
from phonewire.rtp import PacketReason

FIXED = struct.pack("!BBHII", 0x80, 0x00, 0x1234, 0x89ABCDEF, 0xFEDCBA98)
# RFC 3550 section 5.1 filled by hand: two CSRCs, an extension of one word, "audio", three bytes of padding.
FULL = bytes.fromhex("b2 e5 ffff 00000000 00000001  00000002 80000003  bede 0001 10aa0000  617564696f 000003")


def test_a_plain_packet() -> None:
    packet = rtp.parse(FIXED + b"audio")
    assert (packet.payload_type, packet.marker) == (0, False)
    assert (packet.sequence_number, packet.timestamp, packet.ssrc) == (0x1234, 0x89ABCDEF, 0xFEDCBA98)
    assert (packet.csrcs, packet.extension_profile, packet.extension, packet.padding_size) == ((), None, b"", 0)
    assert packet.payload == b"audio"


def test_a_packet_with_everything() -> None:
    packet = rtp.parse(FULL)
    assert (packet.payload_type, packet.marker) == (101, True)
    assert (packet.sequence_number, packet.timestamp, packet.ssrc) == (0xFFFF, 0, 1)
    assert packet.csrcs == (2, 0x80000003)
    assert (packet.extension_profile, packet.extension) == (0xBEDE, b"\x10\xaa\0\0")
    assert (packet.payload, packet.padding_size) == (b"audio", 3)


def test_an_empty_extension_is_an_extension() -> None:
    packet = rtp.parse(b"\x90" + FIXED[1:] + b"\x10\x05\0\0" + b"x")
    assert (packet.extension_profile, packet.extension, packet.payload) == (0x1005, b"", b"x")


@pytest.mark.parametrize("padding", [b"", b"\x01", b"\0\0\0\x04", bytes(254) + b"\xff"])
def test_a_payload_may_be_empty(padding: bytes) -> None:
    packet = rtp.parse((b"\xa0" if padding else b"\x80") + FIXED[1:] + padding)
    assert (packet.payload, packet.padding_size) == (b"", len(padding))


def test_the_types_of_the_fields() -> None:
    packet = rtp.parse(FULL)
    assert type(packet.marker) is bool
    assert type(packet.payload) is memoryview
    assert {type(number) for number in (packet.payload_type, packet.ssrc, *packet.csrcs)} == {int}


WRONG = {
    "nothing": (b"", PacketReason.SHORT_HEADER, 0, "RTP header needs 12 bytes, got 0"),
    "eleven bytes": (FIXED[:11], PacketReason.SHORT_HEADER, 11, "RTP header needs 12 bytes, got 11"),
    "version 0": (b"\x00" + FIXED[1:], PacketReason.BAD_VERSION, 0, "RTP version must be 2, got 0"),
    "version 3": (b"\xc0" + FIXED[1:], PacketReason.BAD_VERSION, 0, "RTP version must be 2, got 3"),
    "CSRC missing": (b"\x81" + FIXED[1:], PacketReason.SHORT_CSRCS, 12, "RTP header needs 16 bytes, got 12"),
    "15 CSRCs": (b"\x8f" + FIXED[1:] + bytes(59), PacketReason.SHORT_CSRCS, 71, "needs 72 bytes, got 71"),
    "extension missing": (b"\x90" + FIXED[1:], PacketReason.SHORT_EXTENSION, 12, "needs 16 bytes, got 12"),
    "extension cut": (b"\x90" + FIXED[1:] + b"\xbe\xde\0", PacketReason.SHORT_EXTENSION, 15, "needs 16 bytes, got 15"),
    "extension short": (
        b"\x90" + FIXED[1:] + b"\xbe\xde\0\x02" + bytes(7), PacketReason.SHORT_EXTENSION, 23, "needs 24 bytes, got 23",
    ),
    "extension of 262,140 bytes": (
        b"\x91" + FIXED[1:] + bytes(4) + b"\0\0\xff\xff", PacketReason.SHORT_EXTENSION, 20, "needs 262160 bytes",
    ),
    "padding 0": (b"\xa0" + FIXED[1:] + b"x\0", PacketReason.BAD_PADDING, 13, "padding must be 1 to 2 bytes, got 0"),
    "padding 3 of 2": (b"\xa0" + FIXED[1:] + b"x\3", PacketReason.BAD_PADDING, 13, "must be 1 to 2 bytes, got 3"),
    "padding without room": (b"\xa0" + FIXED[1:], PacketReason.BAD_PADDING, 11, "must be 1 to 0 bytes, got 152"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_malformed_packet(name: str) -> None:
    data, reason, offset, message = WRONG[name]
    for packet in (data, bytearray(data), memoryview(b"." + data)[1:]):
        with pytest.raises(PacketError) as caught:
            rtp.parse(packet)
        assert (caught.value.reason, caught.value.offset) == (reason, offset)
        assert message in str(caught.value)
    assert rtp.parse_batch([data])["reason"] == [reason]


@given(st.binary(max_size=120), st.integers(0, 63))
def test_hostile_bytes_are_read_whole_or_refused(data: bytes, flags: int) -> None:
    data = bytes([0x80 | flags]) + data
    try:
        packet = rtp.parse(data)
    except PacketError:
        return
    header = 12 + 4 * len(packet.csrcs) + (0 if packet.extension_profile is None else 4 + len(packet.extension))
    assert len(data) == header + len(packet.payload) + packet.padding_size


def test_the_payload_shares_memory_and_is_made_once() -> None:
    data = bytearray(FIXED + b"audio")
    packet = rtp.parse(data)
    payload = packet.payload
    assert packet.payload is payload
    data[12:17] = b"AUDIO"
    assert payload == b"AUDIO"
    assert memoryview(data[:0]).obj is not payload.obj
    assert payload.obj is data


def test_the_buffer_keeps_its_size_while_the_packet_or_its_payload_lives() -> None:
    data = bytearray(FIXED + b"audio")
    packet = rtp.parse(data)
    with pytest.raises(BufferError):
        data.append(0)
    payload = packet.payload
    del packet
    with pytest.raises(BufferError):
        data.append(0)
    del payload
    data.append(0)


def test_the_payload_outlives_the_packet_and_the_name_of_its_bytes() -> None:
    payload = rtp.parse(FIXED + bytes(range(256))).payload
    gc.collect()
    assert payload.tobytes() == bytes(range(256))
    assert payload.readonly


def test_a_view_may_be_released_after_parsing() -> None:
    data = bytearray(FIXED + b"audio")
    view = memoryview(data)
    packet = rtp.parse(view)
    view.release()
    assert packet.payload == b"audio"


@pytest.mark.parametrize("wrong", list(WRONG))
def test_a_refused_buffer_is_free_again(wrong: str) -> None:
    data = bytearray(WRONG[wrong][0])
    with pytest.raises(PacketError):
        rtp.parse(data)
    data.append(0)


def test_a_packet_cannot_be_made_or_changed() -> None:
    packet = rtp.parse(FULL)
    ways = [rtp.RtpPacket, lambda: rtp.RtpPacket.__new__(rtp.RtpPacket), lambda: type(packet).__new__(type(packet))]
    for make in ways:  # an empty one would have nothing to show
        with pytest.raises(TypeError, match="made by"):
            make()
    with pytest.raises(TypeError):
        copy.copy(packet)
    with pytest.raises(TypeError):
        pickle.loads(pickle.dumps(packet))
    for name in ("payload_type", "sequence_number", "timestamp", "ssrc", "marker", "csrcs", "extension_profile",
                 "extension", "padding_size", "payload"):  # fmt: skip
        with pytest.raises(AttributeError):
            setattr(packet, name, 0)
        with pytest.raises(AttributeError):
            delattr(packet, name)
    assert packet.timestamp == 0


def test_no_empty_packet_is_anywhere() -> None:
    packets = [each for each in gc.get_objects() if type(each) is rtp.RtpPacket]
    assert all("payload=" in repr(packet) for packet in packets)


def test_a_packet_shows_its_header_and_no_payload() -> None:
    assert repr(rtp.parse(FULL)) == (
        "<RtpPacket payload_type=101 sequence_number=65535 timestamp=0 ssrc=1 marker=True payload=5 bytes>"
    )


def use(data: bytes, bad: bytearray) -> None:
    packet = rtp.parse(data)
    assert packet.payload == b"audio"
    assert packet.payload is packet.payload
    assert (packet.timestamp, packet.ssrc, packet.csrcs) == (2**31, 2**32 - 1, (2, 0x80000003))
    with pytest.raises(PacketError):
        rtp.parse(bad)


def test_no_reference_is_lost_or_kept() -> None:
    data, bad = FULL[:4] + bytes.fromhex("80000000 ffffffff") + FULL[12:], bytearray(WRONG["padding 0"][0])
    use(data, bad)
    before = sys.getrefcount(data), sys.getrefcount(bad)
    blocks = sys.getallocatedblocks()
    for _ in range(2000):
        use(data, bad)
    assert (sys.getrefcount(data), sys.getrefcount(bad)) == before
    gc.collect()
    assert sys.getallocatedblocks() - blocks < 200  # a leak in each round would be 2,000


def test_a_cycle_through_the_buffer_is_collected() -> None:
    class Buffer(bytearray):
        packet = None

    gone = []
    buffer = Buffer(FIXED)
    buffer.packet = rtp.parse(buffer)
    buffer.tail = type("Tail", (), {"__del__": lambda self: gone.append(True)})()
    del buffer
    gc.collect()
    assert gone == [True]


# The C driver (tests/native/check_rtp.c) tries all 65,536 pairs and all lengths with a model of its own.
LENGTHS = [0, 1, 2, 11, 12, 13, 15, 16, 17, 19, 20, 21, 24, 25, 28, 36, 40, 52, 72, 73, 75, 76, 77, 80, 96, 100]
WORDS = [0, 1, 2, 5, 0x3FFF, 0xFFFF]


def product(length: int):
    """Yield packets: 256 first octets, 8 second, each length of an extension and each last byte, where they count."""
    for first in range(256):
        for words in WORDS if first & 0x10 else WORDS[:1]:
            extension = 12 + 4 * (first & 15)
            for last in {0, 1, (length - 1) & 255, length, 255} if first & 0x20 else {0}:
                packet = bytearray(FIXED[:length].ljust(length, b"\0"))
                if extension + 4 <= length:
                    packet[extension : extension + 4] = b"\xbe\xde" + words.to_bytes(2)
                packet[-1:] = bytes([last])[:length]
                for second in range(7, 256, 32):
                    packet[0:2] = bytes([first, second])[:length]
                    yield bytes(packet)


@pytest.mark.parametrize("length", LENGTHS)
def test_the_core_equals_its_twin(length: int, native: SimpleNamespace, pure: SimpleNamespace) -> None:
    packets = list(dict.fromkeys(product(length)))
    rows = native.rtp_parse.parse_batch(packets).tolist()
    assert rows == [tuple(pure.rtp_parse.read_header(packet)) for packet in packets]
    assert {row[9] for row in rows} >= ({1} if length < 12 else {0, 2, 5})


FIELDS = ("payload_type", "sequence_number", "timestamp", "ssrc", "marker", "csrcs", "extension_profile", "extension",
          "padding_size", "payload")  # fmt: skip


def outcome(parse, data: bytes) -> object:
    try:
        packet = parse(data)
    except PacketError as error:
        return str(error), vars(error)
    return [getattr(packet, name) for name in FIELDS], repr(packet)


@pytest.mark.parametrize("length", [11, 12, 20, 28, 77])
def test_packets_and_errors_equal_their_twins(length: int, native: SimpleNamespace, pure: SimpleNamespace) -> None:
    for packet in list(product(length))[::5]:
        assert outcome(native.rtp_parse.parse, packet) == outcome(pure.rtp_parse.parse, packet)
