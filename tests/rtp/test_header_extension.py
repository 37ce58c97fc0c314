"""Header extensions of many elements: RFC 8285."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire import rtp
from phonewire.errors import PacketError
from phonewire.rtp import audio_level, header_extension
from phonewire.rtp.audio_level import AudioLevel
from phonewire.rtp.header_extension import Element

ONE, TWO = header_extension.ONE_BYTE_PROFILE, header_extension.TWO_BYTE_PROFILE

# RFC 8285 section 4.2: three elements, of one byte, of two, and of four after two bytes of padding.
ONE_BYTE = bytes.fromhex("10 aa  21 bb bb  00 00  33 cc cc cc cc")
# Section 4.3: an element without data, then one of one byte, padding, one of four.
TWO_BYTE = bytes.fromhex("01 00  02 01 bb  00  03 04 cc cc cc cc")

one_byte_elements = st.lists(st.builds(Element, st.integers(1, 14), st.binary(min_size=1, max_size=16)))
two_byte_elements = st.lists(st.builds(Element, st.integers(1, 255), st.binary(max_size=255)))


def test_the_one_byte_form() -> None:
    assert header_extension.parse(ONE, ONE_BYTE) == [(1, b"\xaa"), (2, b"\xbb\xbb"), (3, b"\xcc" * 4)]


@pytest.mark.parametrize("application_bits", [0, 5, 15])
def test_the_two_byte_form(application_bits: int) -> None:
    elements = header_extension.parse(TWO | application_bits, TWO_BYTE)
    assert elements == [(1, b""), (2, b"\xbb"), (3, b"\xcc" * 4)]


@pytest.mark.parametrize("profile", [None, 0, 0xBEDF, 0x1010, 0x0FFF, 0x2000])
def test_another_profile_is_not_looked_into(profile: int | None) -> None:
    assert header_extension.parse(profile, b"\xff" * 8) == []


@pytest.mark.parametrize(
    ("data", "elements"),
    [
        (b"", []),
        (bytes(8), []),
        (b"\x10\xaa" + b"\xf0\x00" + b"\x10\xbb\0\0", [(1, b"\xaa")]),  # ID 15 ends it, whatever its length says
        (b"\x10\xaa" + b"\xff\x00" + b"\x10\xbb\0\0", [(1, b"\xaa")]),
        (b"\x10\xaa" + b"\x03\x00" + b"\x10\xbb\0\0", [(1, b"\xaa")]),  # so does padding with a length
        (b"\x10\xaa\x10\xbb", [(1, b"\xaa"), (1, b"\xbb")]),
        (b"\x1f" + bytes(range(16)) + bytes(3), [(1, bytes(range(16)))]),
    ],
)
def test_the_corners_of_the_one_byte_form(data: bytes, elements: list) -> None:
    assert header_extension.parse(ONE, data) == elements


@pytest.mark.parametrize(
    ("profile", "data", "offset", "message"),
    [
        (ONE, b"\x11\xaa", 0, "needs 3 bytes, got 2"),
        (ONE, b"\x10\xaa\x00\x1f", 3, "needs 17 bytes, got 1"),
        (ONE, b"\x10\xaa\x10\xaa\x10\xaa\x11\xaa", 6, "needs 3 bytes, got 2"),
        (TWO, b"\x00\x00\x00\x01", 3, "needs 2 bytes, got 1"),
        (TWO, b"\x01\x03\xaa\xaa", 0, "needs 5 bytes, got 4"),
        (TWO, b"\x01\x00\x02\xff", 2, "needs 257 bytes, got 2"),
    ],
)
def test_an_element_that_reaches_beyond(profile: int, data: bytes, offset: int, message: str) -> None:
    with pytest.raises(PacketError, match=message) as caught:
        header_extension.parse(profile, data)
    assert caught.value.offset == offset


def test_the_last_byte_may_be_an_id_without_a_size_only_if_it_is_padding() -> None:
    with pytest.raises(PacketError, match="needs 2 bytes, got 1"):
        header_extension.parse(TWO, b"\x05\x00\x07")


@given(one_byte_elements)
def test_what_is_packed_is_parsed_one_byte(elements: list[Element]) -> None:
    profile, data = header_extension.pack(elements)
    assert (profile, len(data) % 4) == (ONE, 0)
    assert header_extension.parse(profile, data) == elements


@given(two_byte_elements)
def test_what_is_packed_is_parsed_two_byte(elements: list[Element]) -> None:
    profile, data = header_extension.pack(elements, two_byte=True)
    assert (profile, len(data) % 4) == (TWO, 0)
    assert header_extension.parse(profile, data) == elements


@given(st.binary(max_size=80), st.sampled_from([ONE, TWO, TWO + 7]))
def test_hostile_bytes(data: bytes, profile: int) -> None:
    try:
        elements = header_extension.parse(profile, data)
    except PacketError:
        return
    assert sum(1 + len(element.data) for element in elements) <= len(data)


@pytest.mark.parametrize(
    ("element", "two_byte", "message"),
    [
        (Element(0, b"x"), False, "got ID 0 and 1 bytes"),
        (Element(15, b"x"), False, "got ID 15 and 1 bytes"),
        (Element(1, b""), False, "got ID 1 and 0 bytes"),
        (Element(1, bytes(17)), False, "got ID 1 and 17 bytes"),
        (Element(0, b""), True, "got ID 0 and 0 bytes"),
        (Element(256, b""), True, "got ID 256 and 0 bytes"),
        (Element(1, bytes(256)), True, "got ID 1 and 256 bytes"),
    ],
)
def test_what_does_not_fit_the_form_is_refused(element: Element, two_byte: bool, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        header_extension.pack([element], two_byte=two_byte)


def test_aiortc_reads_and_writes_the_same() -> None:
    oracle = pytest.importorskip("aiortc.rtp", reason="aiortc is not installed")
    elements = [Element(1, b"\xaa"), Element(14, bytes(16)), Element(3, b"\xcc" * 4)]
    assert header_extension.pack(elements) == oracle.pack_header_extensions(elements)
    assert oracle.unpack_header_extensions(*header_extension.pack(elements)) == elements
    long = [*elements, Element(200, bytes(255)), Element(5, b"")]
    assert header_extension.pack(long, two_byte=True) == oracle.pack_header_extensions(long)
    assert oracle.unpack_header_extensions(*header_extension.pack(long, two_byte=True)) == long


def test_a_level_in_a_packet_and_out_of_it() -> None:
    profile, data = header_extension.pack([Element(1, audio_level.pack(AudioLevel(-38, voice=True)))])
    packet = rtp.parse(
        rtp.pack(
            b"audio", payload_type=0, sequence_number=1, timestamp=2, ssrc=3, extension_profile=profile, extension=data
        )
    )
    [element] = header_extension.parse(packet.extension_profile, packet.extension)
    assert element == (1, b"\xa6")
    assert audio_level.parse(element.data) == AudioLevel(-38, voice=True)


@pytest.mark.parametrize("octet", range(256))
def test_every_audio_level(octet: int) -> None:
    level = audio_level.parse(bytes([octet]))
    assert level == (-(octet % 128), octet >= 128)
    assert audio_level.pack(level) == bytes([octet])


@pytest.mark.parametrize("data", [b"", b"\x80\x00", bytes(4)])
def test_an_audio_level_is_one_byte(data: bytes) -> None:
    with pytest.raises(PacketError, match=f"needs 1 byte, got {len(data)}"):
        audio_level.parse(data)


@pytest.mark.parametrize("level", [1, -128])
def test_an_audio_level_out_of_range_is_refused(level: int) -> None:
    with pytest.raises(ValueError, match=f"must be -127 to 0, got {level}"):
        audio_level.pack(AudioLevel(level))
